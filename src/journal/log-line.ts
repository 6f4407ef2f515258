// Each event as one line of the log: a sentence for people, fields for machines.
import type { Client } from "../mail/client.ts";
import { failureText, hostText } from "../mail/failure-text.ts";
import { oneLine } from "../mail/printable.ts";
import { replyText } from "../mail/reply.ts";
import type { Event } from "./event.ts";

interface LogLine {
  readonly level: "info" | "warn";
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The envelope addresses, replies and host names of strangers come out on one line. */
export function logLine(event: Event): LogLine {
  switch (event.kind) {
    case "received":
      return line(
        event,
        `${event.queueId} received from ${path(event.from)} for ${recipients(event.to)}, ${event.sizeBytes} bytes, by ${event.client.address}${loggedIn(event.client)}${judged(event)}`,
      );
    case "refused": {
      const login = event.account === undefined ? "" : ` as ${oneLine(event.account)}`;
      const about = [
        event.client.account === undefined ? "" : `${loggedIn(event.client)},`,
        event.from === undefined ? "" : ` from ${path(event.from)}`,
        event.to === undefined ? "" : ` for ${path(event.to)}`,
      ].join("");
      return {
        level: "info",
        text: `refused ${event.client.address}${about} at ${event.stage}${login}: ${oneLine(replyText(event.reply))}`,
        fields: fields(event),
      };
    }
    case "delivered":
      return line(
        event,
        `${event.queueId} delivered to ${path(event.to)} by ${hostText(event.host)}: ${oneLine(replyText(event.reply))}`,
      );
    case "deferred":
      return line(
        event,
        `${event.queueId} waits for ${path(event.to)} until ${new Date(event.retryAt).toISOString()}: ${failureText(event.because)}`,
      );
    case "bounced":
      return line(event, `${event.queueId} bounced for ${path(event.to)}: ${failureText(event.because)}`);
    case "bounced-later":
      return line(
        event,
        `${event.queueId} bounced later for ${path(event.to)}, as ${teller(event)} with ${event.reportId}: ${event.summary} (${event.cause}) ${oneLine(event.text)}`,
      );
    case "complained":
      return line(
        event,
        `${event.queueId} is called unwanted (${oneLine(event.feedbackType)}) for ${path(event.to)}, as ${teller(event)} with ${event.reportId}`,
      );
    case "notice":
      return line(
        event,
        `${event.queueId} tells the sender "${event.action}" about ${path(event.to)} with ${event.noticeId}`,
      );
    case "notice-suppressed":
      return line(event, `${event.queueId} tells nobody about ${path(event.to)}: ${event.text}`);
    case "operator":
      return line(event, `${event.queueId} ${event.action} for ${path(event.to)}, by the operator`);
  }
}

const teller = ({ reportedBy }: { readonly reportedBy?: string }): string =>
  reportedBy === undefined ? "was told" : `${oneLine(reportedBy)} told`;

const line = (event: Event, text: string): LogLine => ({ level: "info", text, fields: fields(event) });

/** What machines filter by; the whole story is in the history. */
function fields(event: Event): Record<string, unknown> {
  const { kind } = event;
  return {
    event: kind,
    ...("queueId" in event && { queueId: event.queueId }),
    ...("to" in event && { to: event.to }),
    ...("cause" in event && { cause: event.cause }),
    ...(kind === "refused" && refusedFields(event)),
  };
}

/** Of use to those who watch the log for guessers, as fail2ban does. */
function refusedFields({ client, account = client.account }: Extract<Event, { kind: "refused" }>) {
  return { client: client.address, ...(account !== undefined && { account }) };
}

const loggedIn = ({ account }: Client): string => (account === undefined ? "" : `, logged in as ${oneLine(account)}`);

const path = (address: string): string => `<${oneLine(address)}>`;

/** Of a stranger's message: who is proven to have sent it, and what speaks against it. */
function judged({ judged }: Extract<Event, { kind: "received" }>): string {
  if (judged === undefined) return "";
  const { identity, findings } = judged;
  const marks = findings.filter(({ kind }) => kind === "mark").map(({ check }) => check);
  return `, proven ${identity.kind} ${oneLine(identity.name)}${marks.length === 0 ? "" : `, suspicious (${marks.join(", ")})`}`;
}

/** The first few; a thousand recipients are not one line. */
const recipients = (to: readonly string[]): string =>
  to.length <= 3 ? to.map(path).join(" ") : `${path(to[0]!)} and ${to.length - 1} more`;
