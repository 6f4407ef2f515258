// An SPF record as it was probably meant, mistakes of typing and of pasting put right; and with other terms. RFC 7208 §4.6.1,
// §12.
import { isIP } from "node:net";
import { isMistaken, readSpfRecord } from "../authentication/spf-record.ts";

/** Undefined: it cannot be told what was meant. */
export function mendSpf(record: string): string | undefined {
  const [, ...terms] = plain(record).split(" ");
  const mended = ["v=spf1", ...inOrder(terms.map(mendTerm))].join(" ");
  const isRight = readSpfRecord(mended).every((term) => term.kind !== "wrong" && !isMistakenTerm(term));
  return isRight && mended !== record ? mended : undefined;
}

const isMistakenTerm = (term: ReturnType<typeof readSpfRecord>[number]): boolean =>
  term.kind === "modifier" && isMistaken(term);

/** One space between terms, and nothing that a form or a word processor has put there; begins with the version. */
function plain(text: string): string {
  const spaced = text
    .replaceAll(/["\\\u200b\ufeff“”„]/g, "")
    .replaceAll(/[\s;,]+/g, " ")
    .replaceAll(/[–—]/g, "-")
    .replaceAll(/(?<=[^\s+\-~?:/=.\w]|\d|\w\.[a-z]{2,})(?=[+\-~?]?(?:include|ip4|ip6|exists):)/gi, " ")
    .replaceAll(/(?<=\d)(?=[~?-]all\b)/gi, " ")
    .trim();
  const body = spaced.replace(/^(?:v ?= ?)?(?:spf[12]?)?(?:\.0\/\S+)?:? ?/i, "");
  return `v=spf1 ${body}`.replaceAll(/([a-z\d]:) (?=\S)/gi, "$1");
}

/** Of terms that say who may send. */
function mendTerm(term: string): string {
  const bare = term.replace(/^[+\-~?]/, "");
  const sign = term.slice(0, term.length - bare.length);
  const versionOf = (network: string): number => isIP(network.split("/")[0]!);
  if (versionOf(bare) !== 0) return `${sign}ip${versionOf(bare)}:${bare}`;
  const [, word = "", rest = ""] = /^([a-z\d]+)[:=](.+)$/i.exec(bare) ?? [];
  if (versionOf(rest) !== 0 && /^(?:ip|ipv?[46]|a)$/i.test(word)) return `${sign}ip${versionOf(rest)}:${rest}`;
  return /^(?:include|a|mx|ptr|exists)$/i.test(word) ? `${sign}${word}:${rest}` : term;
}

/** The version once, and "all" once, at the end: what stands behind it is never looked at. The strictest counts. */
function inOrder(terms: readonly string[]): string[] {
  const isAll = (term: string): boolean => /^[+\-~?]?all$/i.test(term);
  const strictest = terms.filter(isAll).toSorted((a, b) => "-~?+a".indexOf(a[0]!) - "-~?+a".indexOf(b[0]!));
  const others = terms.filter((term) => term !== "" && !isAll(term) && !/^v=spf1$/i.test(term));
  return [...new Set([...others, ...strictest.slice(0, 1)])];
}

const isLast = (term: string): boolean => /^(?:[+\-~?]?all$|redirect=)/i.test(term);

/** The record with more terms, before what ends it. */
export function withTerms(record: string, added: readonly string[]): string {
  const terms = record.split(" ").filter((term) => term !== "");
  const at = terms.findIndex(isLast);
  return (at === -1 ? [...terms, ...added] : terms.toSpliced(at, 0, ...added)).join(" ");
}

/** The record without a term. */
export const without = (record: string, term: string): string =>
  record
    .split(" ")
    .filter((one) => one !== "" && one !== term)
    .join(" ");
