// The part of a report that is written for people: whose mail failed, and the words that belong to each.
import { sameAddress } from "./addresses.ts";
import { type Anchor, bestAnchors } from "./anchors.ts";
import { once } from "./once.ts";
import type { ReportLines } from "./report-lines.ts";
import { stageOfCommand } from "./reply-text.ts";
import { aliasIn, isCommandLine } from "./prose.ts";
import { type Why, whyOf } from "./why.ts";
import { continues, isTelling, speaksOf } from "./words.ts";

export interface TextRecipient {
  readonly address: string;
  readonly why?: Why;
  /** Words that say that it failed, if not why: better than nothing. */
  readonly around?: string;
  readonly originalAddress?: string;
}

export interface HumanPart {
  readonly recipients: readonly TextRecipient[];
  /** What it says of the first of these that it knows, by its address or the one before an alias. */
  readonly find: (...addresses: readonly string[]) => TextRecipient | undefined;
  /** What the report says to all of them. */
  readonly general: () => Why | undefined;
  /** In front of the recipients stand words that tell the cause. */
  readonly hasTellingIntro: boolean;
}

export function readHumanPart(report: ReportLines, isSender: (address: string) => boolean): HumanPart {
  const { lines, transcript } = report;
  const anchors = bestAnchors(lines, isSender);
  const shown = anchors.length > 0 ? anchors : bestAnchors(transcript, isSender);
  const conversation = readTranscript(transcript);
  const recipients = anchors.length > 0 ? recipientsOf(lines, anchors) : shown.map(({ address }) => ({ address }));
  const intro = anchors.length > 0 ? lines.slice(0, anchors[0]!.line) : [];
  const told = distinct(recipients).map((recipient) => {
    const { address, why } = recipient;
    const said = conversation.of(address);
    const isOwn = why !== undefined && (said === undefined || (isTelling(why.text) && !continues(said.text, why.text)));
    const best = isOwn ? why : (said ?? why);
    return best === undefined ? recipient : { ...recipient, why: withStage(best, said) };
  });
  return {
    recipients: told,
    find: finder(told),
    hasTellingIntro: speaksOf("tellingIntro", (anchors.length > 0 ? intro : lines).join(" ")),
    general: once(() => conversation.whole() ?? whyOf(anchors.length > 0 ? intro : lines)),
  };
}

function finder(recipients: readonly TextRecipient[]): HumanPart["find"] {
  const known = new Map<string, TextRecipient>();
  for (const recipient of recipients)
    if (recipient.originalAddress !== undefined) known.set(recipient.originalAddress.toLowerCase(), recipient);
  for (const recipient of recipients) known.set(recipient.address.toLowerCase(), recipient);
  return (...addresses) => {
    const address = addresses.find((name) => known.has(name.toLowerCase()));
    return address === undefined ? undefined : known.get(address.toLowerCase());
  };
}

/** "(reason: 550 …)" beside a recipient does not tell what it answered; the conversation below does. */
const withStage = (why: Why, said: Why | undefined): Why => ({
  ...(said?.stage !== undefined && said.code === why.code && { stage: said.stage }),
  ...(said?.host !== undefined && said.code === why.code && { host: said.host }),
  ...why,
});

/**
 * The first with words counts: systems say the same thing in two languages, one below the other. But a reply counts more,
 * which Exchange quotes below its words, for administrators.
 */
function distinct(recipients: readonly TextRecipient[]): readonly TextRecipient[] {
  const known = new Map<string, TextRecipient>();
  for (const recipient of recipients) {
    const key = recipient.address.toLowerCase();
    const before = known.get(key);
    if (before?.why === undefined) known.set(key, before === undefined ? recipient : { ...before, ...recipient });
    else if (recipient.why !== undefined && !hasCodes(before.why) && hasCodes(recipient.why))
      known.set(key, { ...before, why: withWords(recipient.why, before.why) });
  }
  return [...known.values()];
}

const hasCodes = ({ code, status }: Why): boolean => code !== undefined || status !== undefined;

const withWords = (why: Why, { text }: Why): Why => (isTelling(why.text) ? why : { ...why, text });

/** Each with the lines from its own to the next one's; recipients in a row share what follows the last. */
function recipientsOf(lines: readonly string[], anchors: readonly Anchor[]): TextRecipient[] {
  const recipients: TextRecipient[] = [];
  let waiting: Anchor[] = [];
  // an address that is said again in what follows it begins nothing new
  const starts = anchors.filter(({ address }, i) => i === 0 || !sameAddress(address, anchors[i - 1]!.address));
  for (const [i, anchor] of starts.entries()) {
    const next = starts[i + 1];
    waiting.push(anchor);
    if (next?.line === anchor.line) continue;
    const block = blockOf(lines, anchor, next?.line ?? lines.length);
    const why = whyOf(block);
    if (why === undefined && next !== undefined) continue;
    const around = sentenceAround(lines, anchor);
    const alias = waiting.length === 1 ? aliasIn(block.slice(0, 4).join(" ")) : undefined;
    for (const { address } of waiting)
      recipients.push({
        address,
        ...(why !== undefined && { why }),
        ...(around !== undefined && { around }),
        ...(alias !== undefined && alias.includes("@") && { originalAddress: alias }),
      });
    waiting = [];
  }
  return recipients;
}

/** In a sentence the words around the address count too. */
function blockOf(lines: readonly string[], { line, rest, kind }: Anchor, end: number): readonly string[] {
  const own = kind === "line" || kind === "label" ? rest : (lines[line] ?? "");
  const above = isCommandLine(lines[line - 1] ?? "") ? [lines[line - 1]!] : [];
  return [...above, own, ...lines.slice(line + 1, end)];
}

const sentenceAround = (lines: readonly string[], { kind, line }: Anchor): string | undefined =>
  kind === "sentence" || kind === "mention" || (kind === "label" && speaksOf("failure", lines[line]!))
    ? lines[line]!.trim().slice(0, 500)
    : undefined;

interface Conversation {
  readonly of: (address: string) => Why | undefined;
  /** The first refusal. */
  readonly whole: () => Why | undefined;
}

/** Of a conversation with a thousand recipients the first are found in it. */
const maxConversationLines = 400;

/** `>>>` and `<<<`: what was sent, and what came back. */
function readTranscript(transcript: readonly string[]): Conversation {
  const lines = transcript.slice(0, maxConversationLines);
  const lower = lines.map((line) => line.toLowerCase());
  const isRcpt = lines.map((line) => stageOfCommand(line) === "rcpt");
  const whole = once(() =>
    lines.length === 0 ? undefined : refusalIn(lines, /need rcpt|no valid recipients|must precede data/),
  );
  const of = (address: string): Why | undefined => {
    const name = address.toLowerCase();
    const at = lower.findIndex((line) => line.includes(name));
    if (at === -1) return undefined;
    // "<ann@example.org>... Deferred: …" is all that is said of it
    const own = /^<?[^\s<>]{1,300}>?\.\.\. (.+)$/.exec(lines[at]!)?.[1];
    if (own !== undefined) return whyOf([own]);
    const after = isRcpt.findIndex((is, i) => i > at && is && !lower[i]!.includes(name));
    const talk = isRcpt[at] && /talking to/.test(lower[at - 1] ?? "") ? at - 1 : at;
    const start = isRcpt[at] ? talk : at === 0 ? 0 : isRcpt.lastIndexOf(true, at - 1) + 1;
    return refusalIn(lines.slice(start, after === -1 ? undefined : after), ownWords);
  };
  return { of: (address) => (lines.length === 0 ? undefined : (of(address) ?? whole())), whole };
}

/**
 * Sendmail sends RCPT and DATA at once and shows the last command only; what it says of the recipient in its own name tells
 * that it was RCPT. Of a refusal of the message it says "Service unavailable".
 */
const ownWords = /^[45]\d\d (?:[45]\.\d\.\d{1,2} )?<[^<>]{1,300}>\.\.\. /;

function refusalIn(lines: readonly string[], showsRcpt: RegExp): Why | undefined {
  const why = whyOf(lines);
  return why?.stage === "data" && lines.some((line) => showsRcpt.test(line.toLowerCase()))
    ? { ...why, stage: "rcpt" }
    : why;
}
