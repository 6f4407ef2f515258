// A type of value in waybill.toml: how to read what people write, and the words for messages and for the manual.
import { z } from "zod";

/** What messages, manual and JSON Schema say of a type of value. */
interface Kind {
  /** With its article: "a duration". */
  readonly name: string;
  /** What to write, in whole sentences. */
  readonly write: string;
  readonly examples: readonly string[];
  /** JSON Schema of the written form; without it, any text. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The server's value as people write it; without it, it is written as it is. */
  readonly format?: (value: never) => string;
}

/** The kind of each schema that is made here. */
export const kinds = z.registry<Kind>();

/** Says what is wrong with a value; without words: `"…" is not ‹kind.name›. ‹kind.write›` */
export class Refusal {
  readonly wrong: string | undefined;
  readonly write: string | undefined;
  constructor(wrong?: string, write?: string) {
    this.wrong = wrong;
    this.write = write;
  }
}

/** What was written → the server's value; undefined: it is none. */
type Read<Written, T> = (written: Written) => T | Refusal | undefined;

/** For a transform: `read`'s value, or an issue with the refusal in `params`. */
const accept =
  <Written, T>(read: Read<Written, T>) =>
  (written: Written, context: z.core.$RefinementCtx<Written>): T => {
    const value = read(written);
    if (value !== undefined && !(value instanceof Refusal)) return value;
    context.addIssue({ code: "custom", params: { refusal: value ?? new Refusal() }, input: written });
    return z.NEVER;
  };

export const textKind = <T>(kind: Kind, read: Read<string, T>) =>
  z.string().transform(accept(read)).register(kinds, kind);

/** For kinds whose values stay as they are written. */
export const patternKind = (kind: Kind, pattern: RegExp) =>
  textKind({ ...kind, json: { type: "string", pattern: pattern.source } }, (written) =>
    pattern.test(written) ? written : undefined,
  );

export const numberOrTextKind = <T>(kind: Kind, read: Read<string | number, T>) =>
  z.union([z.string(), z.number()]).transform(accept(read)).register(kinds, kind);
