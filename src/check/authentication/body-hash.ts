// The body hash of a signature, and, where it differs, which part of the body still is as it was signed. RFC 6376 §3.4.
import { createHash } from "node:crypto";

export interface HashedBody {
  readonly canonicalization: "simple" | "relaxed";
  /** "sha256", "sha1" */
  readonly algorithm: string;
  /** l= */
  readonly lengthBytes?: number;
}

export type BodyFinding =
  | { readonly kind: "same" }
  /** The signed body is there, followed by lines that were added; these are the first of them. */
  | { readonly kind: "added"; readonly lines: readonly string[]; readonly count: number }
  | { readonly kind: "changed" };

/** `expected`: bh=, in base64. The body's lines end in CRLF. */
export function compareBody(body: Buffer, how: HashedBody, expected: string): BodyFinding {
  const lines = canonicalLines(body, how.canonicalization);
  const digestOf = (hash: ReturnType<typeof createHash>): string => hash.copy().digest("base64");
  const hash = createHash(how.algorithm);
  if (digestOf(hash.copy().update(wholeBody(lines, how))) === expected) return { kind: "same" };
  if (lines.length > mostLines) return { kind: "changed" };
  // a list's footer comes after what was signed, so each line may have been the last one
  for (const [i, line] of lines.entries()) {
    hash.update(line, "latin1");
    if (line !== "\r\n" && digestOf(hash) === expected) {
      const added = lines.slice(i + 1).filter((more) => more !== "\r\n");
      return { kind: "added", lines: added.slice(0, shownLines).map(asText), count: added.length };
    }
  }
  return { kind: "changed" };
}

const shownLines = 3;

/** Each costs a hash. */
const mostLines = 100_000;

const asText = (line: string): string => Buffer.from(line, "latin1").toString("utf8").trim();

/** RFC 6376 §3.4.3, §3.4.4: empty lines at the end do not count; an empty body is one CRLF, or nothing when relaxed. */
function wholeBody(lines: readonly string[], { canonicalization, lengthBytes }: HashedBody): Buffer {
  const end = lines.findLastIndex((line) => line !== "\r\n") + 1;
  const body = end === 0 && canonicalization === "simple" ? "\r\n" : lines.slice(0, end).join("");
  return Buffer.from(body, "latin1").subarray(0, lengthBytes);
}

/** Each with its CRLF; latin1, so that octets stay what they are. */
function canonicalLines(body: Buffer, canonicalization: "simple" | "relaxed"): string[] {
  const lines = body.toString("latin1").split("\r\n");
  if (lines.at(-1) === "") lines.pop();
  return canonicalization === "simple"
    ? lines.map((line) => `${line}\r\n`)
    : lines.map((line) => `${line.replaceAll(/[ \t]+/g, " ").replace(/ $/, "")}\r\n`);
}
