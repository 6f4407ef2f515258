// What a message may cost before a library of others sees it: pure, on raw bytes, in one pass. The library reads a field of
// n lines in n² steps, signatures with long runs of spaces too, and asks DNS for each signature: measured, 200 KB of short
// folded lines take it 10 s.
import { type FieldPlace, latin1, splitHeader } from "../../mail/header.ts";

export const headerLimits = {
  bytes: 512 * 1024,
  fields: 1_000,
  lines: 10_000,
  linesPerField: 2_000, // a To field with some thousand recipients
  fieldBytes: 128 * 1024,
  receivedBytes: 16 * 1024,
  contentTypeBytes: 8 * 1024,
  /** DKIM-Signature and the fields of ARC; with z= they have some KB. */
  signatureBytes: 16 * 1024,
  /** In a signature: spaces, tabs and line ends in a row. */
  signatureSpaces: 100,
  fromFields: 10,
  fromBytes: 16 * 1024,
} as const;

export const signatureLimits = {
  /** DKIM signatures that are looked at; RFC 6376 §8.4 warns of many. */
  evaluated: 10,
  /** Of these, with l=: each needs a hash of the body of its own. */
  withBodyLength: 2,
  arcSets: 50, // RFC 8617 §4.2.1
  /** Of the body. RFC 5322 §2.1.1 allows 998; the library reads a line of n octets in n² steps. */
  bodyLineBytes: 256 * 1024,
  keyBits: 1_024, // RFC 8301 §3.2
} as const;

export interface Survey {
  /** The From fields in Latin-1, with their line ends; absent: they are not fit to be read. */
  readonly from?: string;
  readonly fromFields: number;
  readonly hasDkim: boolean;
  readonly hasArc: boolean;
  /** Why signatures are not looked at, in words. */
  readonly problem?: string;
}

/** Before anything else reads a header section. */
export function surveyHeader(header: Uint8Array): Survey {
  const text = latin1(header);
  const fields = splitHeader(text, "join");
  const from = fields.filter(({ name }) => name === "from");
  const problem = overLimit(text, fields);
  return {
    fromFields: from.length,
    hasDkim: fields.some(({ name }) => name === "dkim-signature"),
    hasArc: fields.some(({ name }) => isArc(name)),
    ...(problem !== undefined && { problem }),
    ...(areReadable(from) && { from: from.map(({ start, end }) => text.slice(start, end)).join("") }),
  };
}

/** The body is needed, too. */
export const needsBody = ({ problem, hasDkim, hasArc }: Survey): boolean =>
  problem === undefined && (hasDkim || hasArc);

const isSignature = (name: string): boolean => name === "dkim-signature" || isArc(name);
const isArc = (name: string): boolean => name.startsWith("arc-");

const bytesOf = ({ start, end }: FieldPlace): number => end - start;

const areReadable = (from: readonly FieldPlace[]): boolean =>
  from.length <= headerLimits.fromFields &&
  from.every((field) => bytesOf(field) <= headerLimits.fromBytes && field.lines <= headerLimits.linesPerField);

/** The first limit that is not kept, in words for whoever sent it. */
function overLimit(text: string, fields: readonly FieldPlace[]): string | undefined {
  if (text.length > headerLimits.bytes) return `the header section is longer than ${headerLimits.bytes} bytes`;
  if (fields.length > headerLimits.fields) return `the header section has more than ${headerLimits.fields} fields`;
  const lines = fields.reduce((sum, field) => sum + field.lines, 0);
  if (lines > headerLimits.lines) return `the header section has more than ${headerLimits.lines} lines`;
  const arcFields = fields.filter(({ name }) => isArc(name)).length;
  if (arcFields > 3 * signatureLimits.arcSets) return `there are more than ${signatureLimits.arcSets} ARC sets`;
  const from = fields.filter(({ name }) => name === "from");
  if (from.length > headerLimits.fromFields) return `there are more than ${headerLimits.fromFields} From fields`;
  for (const field of fields) {
    const problem = fieldProblem(text, field);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function fieldProblem(text: string, field: FieldPlace): string | undefined {
  const { name, lines } = field;
  const bytes = bytesOf(field);
  const most = longest(name);
  const title = name === "" ? "the first line" : `the field "${name.slice(0, 50)}"`;
  if (bytes > most) return `${title} is longer than ${most} bytes`;
  if (lines > headerLimits.linesPerField) return `${title} has more than ${headerLimits.linesPerField} lines`;
  if (isSignature(name) && manySpaces.test(text.slice(field.start, field.end)))
    return `${title} has more than ${headerLimits.signatureSpaces} spaces in a row`;
  return undefined;
}

const manySpaces = new RegExp(`[ \\t\\r\\n]{${headerLimits.signatureSpaces + 1}}`);

function longest(name: string): number {
  if (isSignature(name)) return headerLimits.signatureBytes;
  if (name === "received") return headerLimits.receivedBytes;
  if (name === "from") return headerLimits.fromBytes;
  if (name === "content-type") return headerLimits.contentTypeBytes;
  return name === "" ? 998 : headerLimits.fieldBytes; // RFC 5322 §2.1.1
}

const lf = 0x0a;

/** A body goes through unchanged, until a line is too long. */
export class LineTooLong extends Error {}

export async function* withShortLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let open = 0; // octets of a line that has not ended
  for await (const bytes of body) {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(lf, start);
      open += (end === -1 ? bytes.length : end) - start;
      if (open > signatureLimits.bodyLineBytes) throw new LineTooLong();
      if (end === -1) break;
      open = 0;
      start = end + 1;
    }
    yield bytes;
  }
}
