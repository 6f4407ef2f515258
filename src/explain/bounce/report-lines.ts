// The words of a report, without the message that comes back below them.
import { isStatusField } from "./status-part.ts";
import { readDivider } from "./words.ts";

export interface ReportLines {
  /** Up to the message that comes back, the fields of a delivery status taken out. */
  readonly lines: readonly string[];
  /** A conversation with the other server that the system shows apart, under a heading. */
  readonly transcript: readonly string[];
  /** What follows: the message that comes back, or its header. */
  readonly returned: string;
}

const limits = { lines: 8_000, lineChars: 2_000, returnedLines: 300 } as const;

export function reportLines(text: string): ReportLines {
  const all = text.split("\n", limits.lines).map((line) => line.slice(0, limits.lineChars).trimEnd());
  const lines: string[] = [];
  const transcript: string[] = [];
  let target = lines;
  let inStatus = false;
  let end = all.length;
  for (let at = 0; at < all.length; at += 1) {
    const line = all[at]!;
    const mayBeField = line.includes(":");
    if (mayBeField && at > 0 && beginsMessage(all, at)) {
      end = at;
      break;
    }
    const { isDivider, isHeading, words } = readDivider(line);
    if (isDivider) {
      end = at + 1;
      break;
    }
    inStatus = (mayBeField && isStatusField(line)) || (inStatus && /^[ \t]+\S/.test(line));
    if (inStatus) continue;
    if (isHeading && words !== "") target = isTranscriptHeading(words) ? transcript : lines;
    if (target === transcript && isHeading) continue;
    target.push(line);
  }
  return { lines, transcript, returned: all.slice(end, end + limits.returnedLines).join("\n") };
}

const isTranscriptHeading = (words: string): boolean => /transcript|conversation|session log|smtp session/.test(words);

const fieldName = /^([A-Za-z][\w-]{1,50}):(?!\/\/)/;

/** Fields that a message's header has, and a list of facts about a message has not. */
const certainFields = new Set([
  "received",
  "return-path",
  "mime-version",
  "content-type",
  "dkim-signature",
  "x-mailer",
  "content-transfer-encoding",
  "delivered-to",
]);
const headerFields = new Set([
  ...certainFields,
  "from",
  "to",
  "subject",
  "date",
  "message-id",
  "cc",
  "reply-to",
  "sender",
  "user-agent",
  "x-priority",
  "in-reply-to",
  "references",
  "list-unsubscribe",
  "precedence",
  "importance",
]);

/** A message's header begins here, with nothing said in front of it. */
function beginsMessage(lines: readonly string[], start: number): boolean {
  const first = fieldName.exec(lines[start]!)?.[1]?.toLowerCase();
  if (first === undefined || !headerFields.has(first)) return false;
  const names = new Set<string>();
  for (const line of lines.slice(start, start + 40)) {
    const name = fieldName.exec(line)?.[1]?.toLowerCase();
    if (name === undefined && !/^[ \t]+\S/.test(line)) break;
    if (name !== undefined) names.add(name);
  }
  const known = [...names].filter((name) => headerFields.has(name)).length;
  return known >= 3 && [...names].some((name) => certainFields.has(name));
}
