// The words of a report in prose: what of them tells why, without greetings, labels and offers of help.
import formats from "./formats.json" with { type: "json" };
import { anyOf, bareWords, isTelling, readDivider, speaksOf } from "./words.ts";

const limits = { textChars: 1_500, togetherChars: 1_000, paragraphs: 40 } as const;

/** "(generated from ann@example.org)", "(expanded from: <ann@example.org>)": the address before an alias. */
const aliasNote = /\((?:ultimately )?(?:generated|expanded) from:? {0,3}<?([^\s<>()]{1,320})>?\):? ?/;

export const aliasIn = (text: string): string | undefined => aliasNote.exec(text.slice(0, 2_000))?.[1];

/** Runs of lines that belong together, without what every report of a system says. */
export function paragraphsOf(lines: readonly string[]): string[] {
  const paragraphs: string[][] = [[]];
  for (const line of lines) {
    const text = line.trim();
    if (
      text === "" ||
      readDivider(text).isHeading ||
      speaksOf("boilerplate", text) ||
      isOfMessage(text) ||
      isCommandLine(text)
    )
      paragraphs.push([]);
    else paragraphs.at(-1)!.push(text);
    if (paragraphs.length > limits.paragraphs) break;
  }
  return paragraphs.filter((paragraph) => paragraph.length > 0).map((paragraph) => paragraph.join(" "));
}

/** A list of what the message was: it says nothing about why. */
const isOfMessage = (line: string): boolean =>
  /^(?:subject|sent|date|from|to|cc|message-id|message id|betreff|gesendet|asunto|objet|件名|主题)[ \t]{0,5}[:：]/i.test(
    line,
  );

/** A command, as transcripts show it. */
export const isCommandLine = (line: string): boolean => /^(?:(?:sent )?[<>]{3} ?)?(?:rcpt to|mail from) ?:/i.test(line);

/** What one may do about it; why it happened, it does not say. */
const help =
  /^(?:please (?:reply|contact|visit|see|forward|send|check|do not)|if you (?:have|feel|believe|think|need|sent|wish|would)|for (?:more|further|assistance|help|additional)|thank you|kind regards|regards|best regards|sincerely|bitte wenden|veuillez contacter|póngase en contacto|your postmaster)/i;

/** The first paragraph that tells something; with the next ones, while there is little of it. */
export function tellingText(paragraphs: readonly string[]): string | undefined {
  const telling = paragraphs.filter((text) => isTelling(text) && !help.test(text));
  let text: string | undefined;
  const said = new Set<string>();
  for (const paragraph of telling) {
    // in two languages systems say the same thing twice, in the same words where they quote
    const words = bareWords(paragraph);
    if (said.has(words)) continue;
    said.add(words);
    if (text !== undefined && text.length + paragraph.length > limits.togetherChars) break;
    text = text === undefined ? paragraph : `${text} ${paragraph}`;
  }
  return text;
}

const labelWords = anyOf(formats.reasonLabels).source;

/** Labels that say no more than that a reason follows. */
const label = new RegExp(`^(?:${labelWords})\\s{0,3}[:：]\\s{0,3}`, "i");

const labelled = new RegExp(`^[\\s*•-]{0,8}(?:${labelWords})\\s{0,3}[:：]\\s{0,3}(?=\\S)`, "i");
const otherLabel = /^[^\s:：][^:：]{0,30}[:：]/;

/** "Reason: …", on a line of its own, and the lines that go on with it. */
export function labelledReason(lines: readonly string[]): string | undefined {
  const at = lines.findIndex((line) => /[:：]/.test(line) && labelled.test(line));
  if (at === -1) return undefined;
  const more = lines.slice(at + 1, at + 12);
  const end = more.findIndex((line) => line.trim() === "" || (otherLabel.test(line.trim()) && !labelled.test(line)));
  const text = [lines[at]!, ...more.slice(0, end === -1 ? undefined : end)]
    .map((line) => line.replace(labelled, "").trim())
    .join(" ");
  return isTelling(text) ? text : undefined;
}
const dateLabel =
  /^(?:on|am|le|el|il) (?:[A-Z][a-z]{2}, )?\d{1,2}[\w :,./-]{8,30}\d(?: [AP]M)?(?: [+-]\d{4})?(?: (?:[A-Z]{3}|\([A-Z]{3}\)))?(?= [^\d ]|$)/;

export function shortened(text: string): string {
  const line = text
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/[ #]{2,10}$/, "")
    .replace(aliasNote, "");
  const open = line.endsWith(">") && line.lastIndexOf("<") <= line.lastIndexOf(">", line.length - 2);
  const flat = (open ? line.slice(0, -1) : line).trim().replace(label, "").replace(dateLabel, "").trim();
  const bracketed = /^[[(]([^[\]()]{3,300})[\])]\.?$/.exec(flat)?.[1];
  return (bracketed === undefined ? flat : bracketed.replace(label, "")).slice(0, limits.textChars);
}
