// Lines of other mail servers' logs: whose mail, where to, and why not. Postfix, Sendmail, Exim, qmail and their kin.
import type { FailureReport } from "./explanation.ts";

/** What a line of a log tells of a delivery that did not succeed; undefined: it is no such line. */
export function readLogLine(line: string): FailureReport | undefined {
  return postfixLine(line) ?? sendmailLine(line) ?? eximLine(line) ?? rejectLine(line) ?? qmailLine(line);
}

/** A line of a log about mail that went well. */
export const tellsOfSuccess = (line: string): boolean =>
  /\bstatus=sent\b|\bstat=Sent\b|^\S+ \S+ [\w-]{16,40} (?:=>|->|<=|Completed)|\bdelivery \d+: success\b/.test(line);

const field = (line: string, name: string): string | undefined =>
  new RegExp(`\\b${name}=<?([^,>\\s]{1,320})`).exec(line)?.[1];

/** `to=<a@b>, relay=mx[192.0.2.1]:25, …, dsn=5.1.1, status=bounced (host mx said: …)` */
function postfixLine(line: string): FailureReport | undefined {
  const [, state, text] = /\bstatus=(bounced|deferred|undeliverable|expired)\b[^(]{0,40}\((.*)\)\s*$/.exec(line) ?? [];
  return state === undefined ? undefined : { ...shared(line), text: text!, givenUp: state !== "deferred" };
}

/** `to=<a@b>, …, relay=mx. [192.0.2.1], dsn=5.1.1, stat=User unknown` */
function sendmailLine(line: string): FailureReport | undefined {
  const text = /\bstat=(.+)$/.exec(line)?.[1];
  if (text === undefined || /^Sent\b/.test(text)) return undefined;
  return { ...shared(line), text, givenUp: !text.startsWith("Deferred") };
}

function shared(line: string): Omit<FailureReport, "text"> {
  const recipient = field(line, "to");
  const host = field(line, "relay")?.replace(/\[.*/, "").replace(/\.$/, "");
  const status = field(line, "dsn");
  return {
    ...(recipient !== undefined && { recipient }),
    ...(host !== undefined && host.includes(".") && { host }),
    ...(status !== undefined && /^[45]\./.test(status) && { status }),
  };
}

/** `1abCDe-000123-4F ** a@b R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server …: 550 …` */
function eximLine(line: string): FailureReport | undefined {
  const [, mark, recipient, rest] = /\s(\*\*|==)\s+<?([^\s>]{1,320})>?(.*)$/.exec(line) ?? [];
  if (mark === undefined) return undefined;
  const host = /\bH=([\w.-]{1,253})/.exec(rest!)?.[1];
  const text = rest!.replace(/^[^:]{0,300}?(?=: |\bdefer )/, "").replace(/^: /, "");
  return { text, recipient: recipient!, givenUp: mark === "**", ...(host !== undefined && { host }) };
}

/** A server's own refusal: `NOQUEUE: reject: RCPT from host[192.0.2.1]: 554 5.7.1 …; from=<…> to=<…>` */
function rejectLine(line: string): FailureReport | undefined {
  const [, stage, text] = /\breject(?:_warning)?: (\w+) from [^:]{1,300}: (.+)$/.exec(line) ?? [];
  if (text === undefined) return undefined;
  const recipient = field(line, "to");
  return {
    text: text.replace(/; from=<.*$/, ""),
    givenUp: text.startsWith("5"),
    ...(stage === "RCPT" && { stage: "rcpt" }),
    ...(stage === "MAIL" && { stage: "mail" }),
    ...(recipient !== undefined && { recipient }),
  };
}

/** `delivery 12: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_…/` */
function qmailLine(line: string): FailureReport | undefined {
  const [, state, text] = /\bdelivery \d+: (failure|deferral): (.+)$/.exec(line) ?? [];
  return state === undefined
    ? undefined
    : { text: text!.replaceAll("_", " ").replaceAll("/", " "), givenUp: state === "failure" };
}
