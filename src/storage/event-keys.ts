// Which names an event is found by: addresses and Message-IDs, the same in every driver.
import type { Event } from "../journal/event.ts";
import type { HistoryQuery } from "../journal/history.ts";

/** Local parts are compared without case: people do not remember it, and hardly a system tells them apart. */
const fold = (text: string): string => text.toLowerCase();

const messageIdKey = (messageId: string): string => `<${messageId.replace(/^<|>$/g, "")}>`;

/** Each key once; the null reverse-path is no key. */
export function keysOf(event: Event): string[] {
  const keys = new Set<string>();
  if ("from" in event && event.from) keys.add(fold(event.from));
  if ("to" in event && event.to !== undefined)
    for (const to of typeof event.to === "string" ? [event.to] : event.to) keys.add(fold(to));
  if (event.kind === "received" && event.messageId !== undefined) keys.add(messageIdKey(event.messageId));
  return [...keys];
}

export const keyOf = (query: Exclude<HistoryQuery, { readonly queueId: unknown }>): string =>
  "address" in query ? fold(query.address) : messageIdKey(query.messageId);
