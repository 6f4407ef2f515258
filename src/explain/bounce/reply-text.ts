// What a line of a report says of the reply that it quotes: its codes, who said it, and in answer to what.
import type { ReplyStage } from "../explanation.ts";
import formats from "./formats.json" with { type: "json" };
import { anyOf } from "./words.ts";

export interface ReplyFacts {
  readonly code?: number;
  readonly status?: string;
  readonly stage?: ReplyStage;
  readonly host?: string;
}

/** RFC 3463 §2; `#5.1.1` is how qmail writes it. */
const statusText = /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\.\d|\d)/;

/** The status of a text, 5.1.1; of several the first that says more than X.0.0. */
export function statusIn(text: string): string | undefined {
  const first = statusText.exec(text);
  if (first === null || !first[1]!.endsWith(".0.0")) return first?.[1];
  return statusText.exec(text.slice(first.index + first[0].length))?.[1] ?? first[1];
}

const stages = new Map(formats.stages.map(([stage, words]) => [words!, stage as ReplyStage]));
const namesStage = anyOf([...stages.keys()]);
const stageWords = new RegExp(namesStage.source, "g");

/** What the text says that it answers: "in reply to RCPT TO command", "after end of data"; the last one named counts. */
export function stageIn(text: string): ReplyStage | undefined {
  let stage: ReplyStage | undefined;
  const lower = text.toLowerCase();
  if (!namesStage.test(lower)) return undefined;
  for (const { 0: words, index } of lower.matchAll(stageWords))
    if (!isProse(text.slice(index, index + words.length + 12), words)) stage = stages.get(words);
  return stage;
}

/** "We take no mail from you" names no command. */
const isProse = (text: string, words: string): boolean =>
  (words === "mail from" || words === "rcpt to") &&
  text.startsWith(words) &&
  !/^ ?(?:[:<]|command)/.test(text.slice(words.length));

/** An SMTP command as it stands in a transcript: "RCPT TO:<…>". */
export function stageOfCommand(line: string): ReplyStage | undefined {
  const word = /^[\s>]{0,8}([A-Za-z]{4,9})/.exec(line)?.[1]?.toUpperCase();
  return word === undefined ? undefined : commandStages[word];
}

const commandStages: Readonly<Record<string, ReplyStage>> = {
  HELO: "hello",
  EHLO: "hello",
  LHLO: "hello",
  STARTTLS: "tls",
  AUTH: "login",
  MAIL: "mail",
  RCPT: "rcpt",
  DATA: "data",
  BDAT: "data",
  TEXT: "data",
};

const hostName = "([\\w-]{1,63}(?:\\.[\\w-]{1,63}){0,10}\\.?|\\[[\\d.a-fA-F:]{3,45}\\]|[\\d.]{7,15})";

interface HostPattern {
  readonly pattern: RegExp;
  /** What a text needs for it: found at once, where a pattern that begins with a name is tried at each word. */
  readonly needs?: RegExp;
}

/** "host mx.example.org [192.0.2.1] said", "while talking to mx.example.org.:", … */
const hostPatterns: readonly HostPattern[] = [
  { pattern: new RegExp(`\\b(?:server|host) ?\\(${hostName}\\)`, "i") },
  { pattern: new RegExp(`\\b(?:host|server|domain)[: ]{1,3}(?:name )?${hostName}[ ,]?[\\[(:]`, "i") },
  { pattern: new RegExp(`\\bwhile talking to ${hostName}`, "i") },
  {
    pattern: new RegExp(
      `\\b(?:connect(?:ed|ing)? to|remote host|remote-mta: dns;|giving up on|host:) ${hostName}`,
      "i",
    ),
  },
  {
    needs: /(?:does|did) not like|failed after|responded|said|rejected/i,
    pattern: new RegExp(
      `(?:^|\\s)${hostName}[ ]?(?:\\[[\\d.a-fA-F:]{3,45}\\] ?)?(?:does not like|failed after|did not like|responded|said|rejected)`,
      "im",
    ),
  },
  { pattern: new RegExp(`\\bhost ${hostName}`, "i") },
  { needs: / #(?:\d|$)/, pattern: new RegExp(`(?:^|[\\s<])${hostName} #(?:\\d|$)`, "i") },
  { needs: /\[[\d.a-fA-F:]{3,45}\]/, pattern: new RegExp(`\\b${hostName} ?\\[[\\d.a-fA-F:]{3,45}\\]`, "i") },
];

/** The server that is quoted, where the text names it. */
export function hostIn(text: string): string | undefined {
  for (const { needs, pattern } of hostPatterns) {
    if (needs?.test(text) === false) continue;
    const host = pattern.exec(text)?.[1]?.replace(/\.$/, "");
    if (host !== undefined && (host.includes(".") || host.startsWith("["))) return host.replaceAll(/[[\]]/g, "");
  }
  return undefined;
}

export interface FoundReply {
  readonly code: number;
  readonly start: number;
  /** It stands where replies stand, not somewhere among the words. */
  readonly isSure: boolean;
}

/** A three-digit code, and a mark that follows one. */
const codeText = /(^|[^\w.@/-])([245]\d\d)(?=[ \t\n\-:;,)#]|$)/gm;

const beforeReply =
  /(?:[:;>#("'[{]|\b(?:said|says|reply|replied|response|responded|returned|error|code|reason|was|with|message|smtp|failure|rejected|answered|is))[ \t\n"'(]{0,4}$/i;
const afterCode = /^[ \-:;,)]{1,2}(?:#?[245]\.\d|[<[("']|\p{L}+|\s)/u;

/** All replies that a text quotes, at most 50. */
export function findReplies(text: string): FoundReply[] {
  const found: FoundReply[] = [];
  if (!/[245]\d\d/.test(text)) return found;
  for (const match of text.matchAll(codeText)) {
    const start = match.index + match[1]!.length;
    const before = text.slice(Math.max(0, start - 40), start);
    const after = text.slice(start + 3, start + 30);
    const atLineStart = /(?:^|\n)[ \t><*|-]{0,12}$/.test(before);
    const isSure =
      /^[ :-]{1,2}#?[245]\.\d/.test(after) ||
      (atLineStart && /^(?:[ \n-]|$)/.test(after)) ||
      (beforeReply.test(before) && (after.trim() === "" || afterCode.test(after)));
    if (/\b(?:port|after|in|past|last|for|than|size|id|line|uid|pid)[ \t]{0,3}$/i.test(before)) continue;
    found.push({ code: Number(match[2]), start, isSure });
    if (found.length >= 50) break;
  }
  return found;
}

/** A reply of several lines as one text: the codes that stand in front of each line are said once. */
export function withoutRepeatedCodes(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ").trim();
  const first = /^([245]\d\d)[ -](?:(#?[245]\.\d{1,3}\.\d{1,3}) )?/.exec(flat);
  if (first === null) return flat;
  const [prefix, code, status] = first;
  let rest = flat.slice(prefix.length);
  if (status !== undefined) rest = rest.replaceAll(`${code}-${status} `, "").replaceAll(`${code} ${status} `, "");
  if (flat[3] === "-") rest = rest.replaceAll(`${code}-`, "").replaceAll(` ${code} `, " ");
  const repeated = `${code} `;
  while (rest.startsWith(repeated)) rest = rest.slice(repeated.length);
  return [code, status, rest.trim()].filter((part) => part !== undefined && part !== "").join(" ");
}
