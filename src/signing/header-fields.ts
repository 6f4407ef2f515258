// The fields of a header section octet by octet, and their relaxed form. RFC 6376 §3.4.2.

export interface RawField {
  /** In lower case. */
  readonly name: string;
  /** Behind the colon, folds included; each octet is one character (latin1). */
  readonly value: string;
}

const namePattern = /^([!-9;-~]+)[ \t]*:/;

/** From the top down, up to the empty line. Lines that are no field are left out. */
export function rawFields(header: Uint8Array): RawField[] {
  const text = Buffer.from(header.buffer, header.byteOffset, header.length).toString("latin1");
  const fields: RawField[] = [];
  for (const field of text.split(/\r\n(?![ \t])/)) {
    if (field === "") break;
    const [start, name] = namePattern.exec(field) ?? [];
    if (start !== undefined && name !== undefined)
      fields.push({ name: name.toLowerCase(), value: field.slice(start.length) });
  }
  return fields;
}

/** Unfolded, each run of white space one space, none at the ends; without a line end. */
export function relaxed({ name, value }: RawField): string {
  const spaced = value.replaceAll("\r\n", "").replaceAll(/[ \t]+/g, " ");
  const from = spaced.startsWith(" ") ? 1 : 0;
  const to = spaced.endsWith(" ") ? -1 : undefined;
  return `${name}:${spaced.slice(from, to)}`;
}

/** The value as text. */
export const textOf = ({ value }: RawField): string => Buffer.from(value, "latin1").toString("utf8");
