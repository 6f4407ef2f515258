// Reply codes and enhanced status codes: what each says, and which cause to assume from it. RFC 5321 §4.2, RFC 3463, IANA's registry.
import type { CauseName, ReplyStage } from "../explanation.ts";
import enhancedFile from "./enhanced-codes.json" with { type: "json" };
import replyFile from "./reply-codes.json" with { type: "json" };

export interface CodeFacts {
  /** As it was said: `550` or `5.1.1`. */
  readonly code: string;
  readonly name: string;
  /** One or two plain sentences. */
  readonly meaning: string;
  readonly source: string;
  /** Servers use it for just this cause; else they use it at random. */
  readonly telling: boolean;
  /** undefined: it tells nothing. */
  readonly cause?: CauseName;
}

interface WrittenCode {
  readonly name: string;
  readonly meaning: string;
  readonly source: string;
  readonly cause?: string;
  readonly telling?: boolean;
  readonly transientCause?: string;
  readonly byStage?: Readonly<Partial<Record<ReplyStage, string>>>;
}

const replyClasses: Readonly<Record<string, WrittenCode>> = replyFile.classes;
const replyCodes: Readonly<Record<string, WrittenCode>> = replyFile.codes;
const enhancedCodes: Readonly<Record<string, WrittenCode>> = enhancedFile.codes;

/** A code that nobody has described means what its first digit means; undefined: it is none. RFC 5321 §4.2. */
export function replyCodeFacts(code?: number, stage?: ReplyStage): CodeFacts | undefined {
  const facts = code === undefined ? undefined : (replyCodes[code] ?? replyClasses[Math.floor(code / 100)]);
  const cause = (stage && facts?.byStage?.[stage]) ?? facts?.cause ?? (code! < 400 ? "no-failure" : undefined);
  return facts && asFacts(String(code), { ...facts, telling: code! < 400 }, cause);
}

/**
 * `status` is class.subject.detail; a detail that is not registered counts as what its provider means by its range, or as
 * its subject's `0`. RFC 3463 §2.
 */
export function statusFacts(status?: string): CodeFacts | undefined {
  if (status === undefined || !/^[245]\.\d{1,3}\.\d{1,3}$/.test(status)) return undefined;
  const detail = status.slice(2);
  const facts = enhancedCodes[detail] ?? inRange(status) ?? enhancedCodes[detail.replace(/\.\d+$/, ".0")];
  return facts && asFacts(status, facts, causeIn(status, facts));
}

/** Class 2 is success, of the whole (subjects 0, 1 and 6) or of a step. */
const causeIn = (status: string, { cause, transientCause }: WrittenCode): string | undefined => {
  if (status.startsWith("2")) return /^2\.[016]\./.test(status) ? "delivered" : "no-failure";
  return status.startsWith("4") ? (transientCause ?? cause) : cause;
};

/** Microsoft gives whole ranges of details one meaning. */
function inRange(status: string): WrittenCode | undefined {
  const [statusClass, subject, detail] = status.split(".").map(Number);
  const range = enhancedFile.ranges.find(
    (one) => one.class === statusClass && one.subject === subject && one.first <= detail! && detail! <= one.last,
  );
  return range && enhancedCodes[range.like];
}

function asFacts(code: string, { name, meaning, source, telling }: WrittenCode, cause?: string): CodeFacts {
  const isNothing = cause === undefined || cause === "unclear" || cause === "unknown";
  return {
    code,
    name,
    meaning,
    source,
    telling: telling === true,
    ...(!isNothing && { cause: cause as CauseName }),
  };
}
