// What stands in a line about a failure besides its words: codes, what was answered, and who said it. RFC 5321 §4.2, RFC 3463.
import type { FailureReport, ReplyStage } from "./explanation.ts";

export interface FailureLine {
  readonly text: string;
  readonly code?: number;
  /** class.subject.detail */
  readonly status?: string;
  readonly stage?: ReplyStage;
  readonly host?: string;
}

/** Longest text that is looked at, in characters: what comes later tells nothing new. */
const textLimit = 4_000;

/** What is known apart from the text counts, then what stands in it. */
export function readFailureLine(report: FailureReport): FailureLine {
  const text = report.text.slice(0, textLimit);
  const { code = codeIn(text), host = hostIn(text), stage = stageIn(text) } = report;
  const status = betterStatus(report.status, statusIn(text, code));
  return {
    text,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(stage !== undefined && { stage }),
    ...(host !== undefined && { host }),
  };
}

/** A reply's code stands at the start of a line or behind one of these; a bare number anywhere else is none. */
const codePlaces = [
  /^\W{0,3}(?:smtp;?\s{0,3})?([2-5]\d\d)(?=[\s-]|$)/im,
  /(?:said|says|response|respuesta|antwort|answer(?:ed)?|reply|returned|error(?: was| code| is)?|status|server|[a-z]\]|;|<{3}|:)[:;\s"'>(]{1,6}([245]\d\d)(?=[\s-])/i,
  /\(#?([245]\d\d)[)\s.]/,
  /\s([245]\d\d)[\s-]#?[245]\.\d{1,3}\.\d{1,3}/,
];

export function codeIn(text: string): number | undefined {
  for (const place of codePlaces) {
    const code = place.exec(text)?.[1];
    if (code !== undefined) return Number(code);
  }
  return undefined;
}

const enhanced = /(?<![\d.])#?([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/g;

/** Of several codes the one that says most: not X.0.0, and of the class of the reply. */
function statusIn(text: string, code?: number): string | undefined {
  let best: string | undefined;
  for (const [, status] of text.matchAll(enhanced)) {
    if (code !== undefined && Number(status![0]) !== Math.floor(code / 100) && best !== undefined) continue;
    best = betterStatus(best, status);
    if (best !== undefined && !isVague(best)) return best;
  }
  return best;
}

const isVague = (status: string): boolean => /^\d\.0\.0$/.test(status);
const betterStatus = (first?: string, second?: string): string | undefined =>
  first === undefined || (isVague(first) && second !== undefined) ? (second ?? first) : first;

const stages: readonly (readonly [RegExp, ReplyStage])[] = [
  [
    /in reply to end of DATA|end of data|after (?:sending )?data|\bDATA\b.{0,20}(?:command|returned|failed)|after end of message|message content|(?:>>>|<<<) DATA|pipelined (?:message data|end of data)/i,
    "data",
  ],
  [/\bRCPT(?: TO)?\b/, "rcpt"],
  [/\bMAIL(?: FROM\b| command)/, "mail"],
  [/\b(?:EHLO|HELO|LHLO)\b.{0,20}(?:command|failed|rejected)|in reply to (?:EHLO|HELO)|after (?:EHLO|HELO)/, "hello"],
  [/STARTTLS command|after STARTTLS/, "tls"],
  [/\bAUTH command|after AUTH/, "login"],
  [
    /initial (?:server )?(?:greeting|connection)|while receiving the initial|connection greeting|refused to talk to me/i,
    "connect",
  ],
];

export function stageIn(text: string): ReplyStage | undefined {
  return stages.find(([words]) => words.test(text))?.[1];
}

const hostPlaces = [
  /\bhost\s+([a-z0-9][a-z0-9.-]{0,252}\.[a-z]{2,24})[\s[(:]/i,
  /while talking to\s+([a-z0-9][a-z0-9.-]{0,252}\.[a-z]{2,24})/i,
  /\bfrom\s+([a-z0-9][a-z0-9.-]{0,252}\.[a-z]{2,24})\s{0,2}[[(]/i,
  /\b([a-z0-9][a-z0-9.-]{0,252}\.[a-z]{2,24})\s{0,2}[[(][\da-f.:]{3,45}[\])](?:\s+(?:said|says)|:)/i,
];

export function hostIn(text: string): string | undefined {
  for (const place of hostPlaces) {
    const host = place.exec(text)?.[1];
    if (host !== undefined) return host.toLowerCase();
  }
  return undefined;
}
