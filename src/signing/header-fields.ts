// The fields of a header section as they are signed, and their relaxed form. RFC 6376 §3.4.2.
import { latin1, splitHeader } from "../mail/header.ts";

export interface RawField {
  /** In lower case. */
  readonly name: string;
  /** Behind the colon, folds and line end included; each octet is one character (latin1). */
  readonly value: string;
}

/** From the top down, up to the empty line. Lines that are no field are left out. */
export function rawFields(header: Uint8Array): RawField[] {
  const text = latin1(header);
  return splitHeader(text, "skip").map(({ name, value, end }) => ({ name, value: text.slice(value, end) }));
}

/** Unfolded, each run of white space one space, none at the ends; without a line end. */
export function relaxed({ name, value }: RawField): string {
  const spaced = value.replaceAll(/\r?\n/g, "").replaceAll(/[ \t]+/g, " ");
  const from = spaced.startsWith(" ") ? 1 : 0;
  const to = spaced.endsWith(" ") ? -1 : undefined;
  return `${name}:${spaced.slice(from, to)}`;
}

/** The value as text. */
export const textOf = ({ value }: RawField): string => Buffer.from(value, "latin1").toString("utf8");
