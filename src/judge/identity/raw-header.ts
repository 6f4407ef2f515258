// The fields of a header section as bytes, each in its place: for limits, and for taking fields out. Reads as leniently as
// any other: what is no field belongs to the one before it. RFC 5322 §2.2, §4.5.8
export interface RawField {
  /** In lower case; "" of lines at the top that are no field. */
  readonly name: string;
  readonly start: number;
  /** Where its value begins, behind the colon. */
  readonly value: number;
  /** Behind its last line end. */
  readonly end: number;
  readonly lines: number;
}

/** A name at the start of a line, and its colon, which some readers look for on the next line, too. */
const fieldStart = /([!-9;-~]+)[ \t]*(?:\r?\n[ \t]*)?:/y;

export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** `text`: the section in Latin-1, so that places in it are places in its bytes. Ends at the empty line. */
export function rawFields(text: string): RawField[] {
  const fields: { name: string; start: number; value: number; end: number; lines: number }[] = [];
  for (let start = 0, end; start < text.length; start = end) {
    const lineEnd = text.indexOf("\n", start);
    end = lineEnd === -1 ? text.length : lineEnd + 1;
    if (isEmptyLine(text, start)) break;
    fieldStart.lastIndex = start;
    const name = fieldStart.exec(text)?.[1];
    const last = fields.at(-1);
    if (name === undefined && last !== undefined) {
      last.end = end;
      last.lines += 1;
    } else
      fields.push({
        name: name?.toLowerCase() ?? "",
        start,
        value: name === undefined ? start : fieldStart.lastIndex,
        end,
        lines: 1,
      });
  }
  return fields;
}

const isEmptyLine = (text: string, start: number): boolean =>
  text[start] === "\n" || (text[start] === "\r" && text[start + 1] === "\n");

/** Behind the empty line that ends the section; undefined: it is not there. */
export function sectionEnd(bytes: Buffer): number | undefined {
  for (let lf = -1; ;) {
    const start = lf + 1;
    if (bytes[start] === 0x0a) return start + 1;
    if (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) return start + 2;
    lf = bytes.indexOf(0x0a, start);
    if (lf === -1) return undefined;
  }
}
