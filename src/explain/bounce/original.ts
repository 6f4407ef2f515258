// What a report tells of the message that it is about.
import { firstAddress } from "./addresses.ts";
import { type HeaderFields, readHeader } from "./header.ts";
import { octetsOf } from "./octets.ts";
import type { OriginalMessage } from "./report.ts";

const maxChars = 1_000;

/** From the header that came back; what else the report says of the message stands in `more`. */
export function readOriginal(header: HeaderFields | undefined, more: OriginalMessage = {}): OriginalMessage {
  if (header === undefined) return more;
  const messageId =
    /<[^<>\s]{1,900}>/.exec(header.get("message-id").replaceAll(/[\s]+/g, ""))?.[0] ?? header.get("message-id");
  const returnPath = firstAddress(header.get("return-path"));
  return {
    ...named("messageId", messageId),
    ...named("subject", header.text("subject")),
    ...named("from", header.text("from")),
    ...named("to", header.text("to")),
    ...named("date", header.get("date")),
    ...named("returnPath", returnPath ?? ""),
    ...more,
  };
}

const named = (name: keyof OriginalMessage, value: string): OriginalMessage =>
  value === "" ? {} : { [name]: value.slice(0, maxChars) };

/** The message at the start of a text that has been decoded already: indented or quoted, as some systems show it. In octets. */
export function messageInText(text: string): string | undefined {
  const lines = text.slice(0, 60_000).split("\n");
  const start = lines.findIndex((line) => /^[\s>]{0,12}[A-Za-z][\w-]{1,50}:(?!\/\/)/.test(line));
  if (start === -1 || start > 15) return undefined;
  const indent = /^[\s>]*/.exec(lines[start]!)![0].length;
  const isIndented = (line: string): boolean => line.slice(0, indent).trim().replaceAll(">", "") === "";
  const plain = lines.slice(start).map((line) => (indent > 0 && isIndented(line) ? line.slice(indent) : line));
  return asOctets(plain.join("\n"));
}

/** The header of that message. */
export function headerInText(text: string): HeaderFields | undefined {
  const octets = messageInText(text);
  if (octets === undefined) return undefined;
  const { header } = readHeader(octets);
  return ["subject", "message-id", "from", "to"].some((name) => header.has(name)) ? header : undefined;
}

const utf8 = new TextEncoder();

/** Header fields are read from octets, and decoded there. */
const asOctets = (text: string): string => octetsOf(utf8.encode(text));
