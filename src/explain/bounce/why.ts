// Of the lines that speak of one recipient: the words that tell why, and what they say of codes, stage and host.
import type { ReplyStage } from "../explanation.ts";
import {
  findReplies,
  type FoundReply,
  hostIn,
  stageIn,
  stageOfCommand,
  statusIn,
  withoutRepeatedCodes,
} from "./reply-text.ts";
import { labelledReason, paragraphsOf, shortened, tellingText } from "./prose.ts";
import { bareWords, isTelling, readDivider, speaksOf } from "./words.ts";

export interface Why {
  readonly text: string;
  readonly code?: number;
  readonly status?: string;
  readonly stage?: ReplyStage;
  readonly host?: string;
}

const blockChars = 8_000;

/** Undefined: the lines say nothing about why. */
export function whyOf(lines: readonly string[]): Why | undefined {
  const block = lines.join("\n").slice(0, blockChars);
  const program = programFailureIn(block);
  if (program !== undefined) return { text: shortened(program) };
  const delay = delayReason.exec(block)?.[1];
  if (delay !== undefined) return facts(shortened(delay), block);
  const reply = bestReply(block);
  if (reply !== undefined) return whyOfReply(block, reply);
  const paragraphs = paragraphsOf(lines);
  const withStatus = paragraphs.find((text) => statusIn(text) !== undefined && isTelling(text));
  const telling = withStatus ?? labelledReason(lines) ?? tellingText(paragraphs);
  return telling === undefined ? undefined : facts(shortened(telling), block);
}

/** Exim, of a message that it still tries to deliver. */
const delayReason = /^[ \t]*delay reason:[ \t]*(\S[\s\S]{0,1000}?)(?:\n[ \t]{0,50}\n|$(?![\s\S]))/im;

/** A program that takes mail has failed: Postfix, Exim. What it printed may look like anything, a reply too. */
const programFailure =
  /(?:^|\n|[:;(] ?)[ \t]*((?:pipe to "?\||command died with (?:status|signal) \d|command time limit exceeded)[\s\S]{0,1500}?)(?:\n[ \t]*\n|$)/i;

export const isProgramFailure = (text: string): boolean => programFailure.test(text);

/** Beginning with the program, or how it ended; what it printed stands below, where Exim shows it. */
function programFailureIn(block: string): string | undefined {
  const text = programFailure.exec(block)?.[1];
  if (text === undefined || !/^pipe/i.test(text)) return text;
  const printed =
    /generated during the delivery attempt.{0,5}\n\s*(?:-{3,}[\s\S]{0,600}?-{3,}\n\s*)?([\s\S]{1,600})/i.exec(
      block,
    )?.[1];
  return printed === undefined ? text : `${text}\n${printed}`;
}

function facts(text: string, context: string): Why {
  const status = statusIn(text);
  const stage = stageIn(text);
  const host = hostIn(context.slice(0, 2_000));
  return {
    text,
    ...(status !== undefined && { status }),
    ...(stage !== undefined && { stage }),
    ...(host !== undefined && { host }),
  };
}

/** Of the replies in a block: the refusal that says why. Greetings and what follows from a refusal say less. */
function bestReply(block: string): FoundReply | undefined {
  const replies = findReplies(block).filter(({ code, isSure }) => isSure && code >= 400);
  if (replies.length < 2) return replies[0];
  const rated = replies.map((reply) => ({ reply, rate: rateOf(block, reply) }));
  let best: (typeof rated)[number] | undefined;
  for (const candidate of rated) if (best === undefined || candidate.rate > best.rate) best = candidate;
  return best?.reply;
}

function rateOf(block: string, reply: FoundReply): number {
  const text = replyAt(block, reply);
  const fromHost = /(?:<<<|(?:said|says|replied|responded|returned|reason) ?:)[\s("'<]{0,5}$/i.test(
    block.slice(Math.max(0, reply.start - 20), reply.start),
  );
  return (isTelling(text) ? 4 : 0) + (reply.code >= 500 ? 2 : 0) + (fromHost ? 1 : 0);
}

/** Behind these words a system speaks of something else. */
const tail =
  /\s*(?:\(in\s+reply\s+to\s|in RCPT TO$|remote system: |\[(?:RCPT_TO|MAIL_FROM|DATA|BODY|HELO|EHLO|CONNECT|GREETING)\]|\(other mxes tried|giving up on |\(state \d|i'm not going to try again|\n\s*(?:>>>|<<<|\.\.\. while talking to|[\w .-]{0,40}sent: ))/i;

/** From the code to the end of its paragraph, or to where another line of a transcript begins. */
function replyAt(block: string, { start, code }: FoundReply): string {
  const rest = block.slice(start, start + 4_000);
  const lines = rest.split("\n");
  const lineStart = block.lastIndexOf("\n", start - 1) + 1;
  const inTranscript = /^\s*<<</.test(block.slice(lineStart, start));
  const taken: string[] = [lines[0]!];
  for (const line of lines.slice(1)) {
    const text = inTranscript ? /^\s*<<<\s?(.*)$/.exec(line)?.[1] : line;
    if (text === undefined || text.trim() === "" || /^\s*(?:>>>|<<<|--)/.test(text) || readDivider(text).isHeading)
      break;
    // another reply begins, or this one goes on
    const next = /^\s*([245]\d\d)([ -])/.exec(text);
    if (next !== null && (Number(next[1]) !== code || !/^[245]\d\d-/.test(taken.at(-1)!.trim()))) break;
    if (speaksOf("boilerplate", text)) break;
    taken.push(text);
  }
  const text = closed(taken.join("\n"), block.slice(Math.max(0, start - 30), start));
  const end = tail.exec(text)?.index ?? text.length;
  return text.slice(0, end === 0 ? undefined : end);
}

function whyOfReply(block: string, reply: FoundReply): Why {
  const quoted = replyAt(block, reply).trim();
  const lineStart = block.lastIndexOf("\n", reply.start - 1) + 1;
  const before = block.slice(0, reply.start);
  const line = block.slice(lineStart, reply.start).replace(/^[\s<>:"'({[-]+/, "");
  const clean = withoutRepeatedCodes(quoted);
  const text = bareWords(clean) === "" ? (wordsAround(block, line, clean) ?? clean) : clean;
  const status = statusIn(clean);
  const stage = commandBefore(before) ?? stageIn(behind(block, reply)) ?? lastStageIn(before) ?? commandAlone(block);
  const host = hostIn(lastLines(before));
  return {
    text: shortened(text),
    code: reply.code,
    ...(status !== undefined && { status }),
    ...(stage !== undefined && { stage }),
    ...(host !== undefined && { host }),
  };
}

/** The code alone stands among the words: then all of them count. */
const wordsAround = (block: string, line: string, reply: string): string | undefined =>
  isTelling(line) ? `${line.trim()} ${reply}` : tellingText(paragraphsOf(block.split("\n")));

/** "(in reply to RCPT TO command)" or "[RCPT_TO]" stands behind the reply. */
const behind = (block: string, { start }: FoundReply): string =>
  /in\s+reply\s+to\s[\s\S]{0,60}|\[(?:RCPT_TO|MAIL_FROM|DATA|BODY|HELO|EHLO|CONNECT|GREETING)\]/.exec(
    block.slice(start, start + 3_000),
  )?.[0] ?? "";

/** A command that stands on a line of its own below a reply. */
function commandAlone(block: string): ReplyStage | undefined {
  const line = /^(?:DATA|RCPT TO:.{0,300}|MAIL FROM:.{0,300}|EHLO .{0,300}|HELO .{0,300})$/m.exec(block)?.[0];
  return line === undefined ? undefined : stageOfCommand(line);
}

const lastLines = (before: string): string => before.slice(-600);

/** What was said last in the lines in front of the reply. */
function lastStageIn(before: string): ReplyStage | undefined {
  let start = before.length;
  for (let lines = 0; lines < 6 && start > 0; lines += 1) start = before.lastIndexOf("\n", start - 1);
  return stageIn(before.slice(Math.max(0, start)));
}

/** ">>> RCPT TO:<…>" above the reply. */
function commandBefore(before: string): ReplyStage | undefined {
  const at = before.lastIndexOf(">>>");
  return at === -1 || before.length - at > 1_500 ? undefined : stageOfCommand(before.slice(at, at + 60));
}

/** Up to the bracket or quote that closes what was opened in front of the reply: "(reason: 550 …)". */
function closed(text: string, before: string): string {
  const opened = /([("'[])(?:[\w ]{1,15}:)?\s{0,5}$/.exec(before)?.[1];
  if (opened === undefined) return text;
  if (opened === "[") return text.replace(/\]\s*$/, "");
  if (opened !== "(") return text.includes(opened) ? text.slice(0, text.lastIndexOf(opened)) : text;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")" && (depth -= 1) < 0) return text.slice(0, at);
  }
  return text;
}
