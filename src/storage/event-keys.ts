// Which names an event is found by: addresses, accounts and Message-IDs, the same in every driver.
import type { Event } from "../journal/event.ts";
import type { HistoryQuery } from "../journal/history.ts";

/** Local parts are compared without case: people do not remember it, and hardly a system tells them apart. */
const fold = (text: string): string => text.toLowerCase();

const messageIdKey = (messageId: string): string => `<${messageId.replace(/^<|>$/g, "")}>`;

/** Each key once; the null reverse-path is no key. */
export function keysOf(event: Event): string[] {
  const keys = new Set<string>();
  for (const name of namesIn(event)) if (name) keys.add(fold(name));
  if ("messageId" in event && event.messageId !== undefined) keys.add(messageIdKey(event.messageId));
  return [...keys];
}

/** Not the account of a failed login: whoever guesses its password would bury its mail under his attempts. */
function namesIn(event: Event): readonly (string | undefined)[] {
  switch (event.kind) {
    case "received":
      return [event.from, ...event.to, ...(event.asked ?? []), event.author, event.client.account];
    case "refused":
      return [event.from, event.to, ...(event.recipients ?? []), event.author, event.client.account];
    case "delivered":
    case "deferred":
    case "bounced":
    case "bounced-later":
    case "complained":
    case "notice":
    case "notice-suppressed":
    case "operator":
      return [event.to];
  }
}

export function keyOf(query: Exclude<HistoryQuery, { readonly queueId: unknown }>): string {
  if ("messageId" in query) return messageIdKey(query.messageId);
  return fold("address" in query ? query.address : query.account);
}
