// A failure in one line for operators: what happened, where, and the peer's own words.
import type { DnsProblem, Failure, RemoteHost, Stage } from "./failure.ts";
import { oneLine } from "./printable.ts";
import { replyText } from "./reply.ts";

/** `mx.example.org [192.0.2.1]`, with the port where it is not 25. */
export function hostText({ name, address, port }: RemoteHost): string {
  const where = address === undefined || address === name ? name : `${name} [${address}]`;
  return oneLine(port === undefined || port === 25 ? where : `${where} port ${port}`);
}

/** One line without a final full stop; durations are rounded. */
export function failureText(failure: Failure): string {
  switch (failure.kind) {
    case "dns":
      return dnsText[failure.problem](oneLine(failure.name), failure.query);
    case "null-mx":
      return `${oneLine(failure.domain)} says in DNS that it takes no mail (null MX)`;
    case "mx-is-us":
      return `the MX records of ${oneLine(failure.domain)} lead back to this server, which does not know the domain`;
    case "unreachable":
      return withWords(`${hostText(failure.host)} ${unreachableText[failure.problem]}`, failure.text);
    case "refused":
      return `${hostText(failure.host)} answered ${answeredText[failure.stage]} with ${oneLine(replyText(failure.reply))}`;
    case "lost":
      return withWords(`${hostText(failure.host)} ended the connection at ${stageText[failure.stage]}`, failure.text);
    case "silent":
      return `${hostText(failure.host)} gave no answer at ${stageText[failure.stage]} within ${roughDuration(failure.timeoutMs)}`;
    case "not-smtp":
      return withWords(`${hostText(failure.host)} does not speak SMTP at ${stageText[failure.stage]}`, failure.text);
    case "tls":
      return withWords(`${hostText(failure.host)} ${tlsText[failure.problem]}`, failure.text);
    case "unsupported":
      return withWords(`${hostText(failure.host)} lacks ${failure.extension}, which the message needs`, failure.text);
    case "local":
      return withWords(localText[failure.problem], failure.text);
    case "expired":
      return withWords(`given up after ${roughDuration(failure.afterMs)}`, failure.last && failureText(failure.last));
    case "operator":
      return withWords("stopped by the operator", failure.text);
    case "held-back":
      return withWords("held back by this server", failure.text);
    case "internal":
      return withWords("a fault of this server", failure.text);
  }
}

const withWords = (what: string, words = ""): string => (words === "" ? what : `${what}: ${oneLine(words)}`);

const records = { MX: "MX or address records", "A/AAAA": "address records" } as const;

const dnsText: Record<DnsProblem, (name: string, query: "MX" | "A/AAAA") => string> = {
  "no-such-domain": (name) => `${name} does not exist in DNS`,
  "no-data": (name, query) => `${name} has no ${records[query]} in DNS`,
  "server-failure": (name, query) => `DNS failed when asked for ${query} of ${name}`,
  timeout: (name, query) => `DNS gave no answer in time when asked for ${query} of ${name}`,
};

const unreachableText = {
  refused: "refused the connection",
  timeout: "did not take the connection in time",
  "no-route": "cannot be reached from this network",
  reset: "reset the connection",
  other: "could not be connected to",
} as const;

const tlsText = {
  handshake: "failed in the TLS handshake",
  certificate: "has a certificate that does not hold",
  "not-offered": "does not offer the TLS that is required",
} as const;

const localText = {
  "mailbox-full": "the mailbox is full",
  "no-such-mailbox": "there is no such mailbox",
  "not-writable": "the mailbox cannot be written to",
  other: "the mailbox could not be delivered to",
} as const;

const stageText: Record<Stage, string> = {
  greeting: "the greeting",
  hello: "EHLO",
  starttls: "STARTTLS",
  auth: "AUTH",
  mail: "MAIL FROM",
  rcpt: "RCPT TO",
  data: "DATA",
  content: "the end of the message",
  quit: "QUIT",
};

const answeredText: Record<Stage, string> = { ...stageText, greeting: "the connection", content: "the message" };

/** "45 s", "90 min", "36 h", "5 d": the largest unit of which there are two, or exactly one. */
export function roughDuration(ms: number): string {
  const [unitMs, unit] = units.find(([unitMs]) => ms === unitMs || ms >= 2 * unitMs) ?? ([1_000, "s"] as const);
  return unitMs > ms ? `${ms} ms` : `${Math.round(ms / unitMs)} ${unit}`;
}

const units = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;
