// Which header fields a signature covers. RFC 6376 §5.4, §8.15.
import type { RawField } from "./header-fields.ts";

/**
 * Named once more than they are there, so that nobody can add one: a second From or Subject would be shown in place of
 * the signed one, and a Content-Type would give the body another meaning. RFC 6376 §8.15
 */
const closed = ["from", "to", "cc", "subject", "date", "message-id", "reply-to", "content-type"] as const;

/** Signed as often as they are there; who carries or lists the mail may add his own. */
const open = new Set(["sender", "in-reply-to", "references", "mime-version", "content-transfer-encoding"]);

const isOpen = (name: string): boolean => open.has(name) || name.startsWith("list-");

interface SignedFields {
  /** For h=, in order. */
  readonly names: readonly string[];
  /** What is signed: of several of one name, from the bottom up. RFC 6376 §5.4.2 */
  readonly fields: readonly RawField[];
}

export function signedFields(header: readonly RawField[]): SignedFields {
  const bottomUp = header.toReversed();
  const fields = [
    ...closed.flatMap((wanted) => bottomUp.filter(({ name }) => name === wanted)),
    ...bottomUp.filter(({ name }) => isOpen(name)),
  ];
  return { names: [...fields.map(({ name }) => name), ...closed], fields };
}
