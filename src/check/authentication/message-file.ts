// A message as a person has it in a file, made into what travels: lines in CRLF, no mbox line before it. RFC 5322 §2.1.
import { type HeaderField, readHeader } from "../../mail/header.ts";

export interface MessageFile {
  /** As it would have come by SMTP. */
  readonly content: Buffer;
  readonly header: readonly HeaderField[];
  readonly body: Buffer;
}

export function readMessageFile(bytes: Buffer): MessageFile {
  const start = bytes.subarray(0, 5).toString("latin1") === "From " ? bytes.indexOf("\n") + 1 : 0;
  const bare = bytes.subarray(start);
  const content = bare.includes("\r\n")
    ? bare
    : Buffer.from(bare.toString("latin1").replaceAll("\n", "\r\n"), "latin1");
  const end = content.indexOf("\r\n\r\n");
  return { content, header: readHeader(content), body: end === -1 ? Buffer.alloc(0) : content.subarray(end + 4) };
}

/** The values of all fields of that name, in order. */
export const valuesOf = ({ header }: MessageFile, name: string): string[] =>
  header.filter((field) => field.name.toLowerCase() === name).map(({ value }) => value);
