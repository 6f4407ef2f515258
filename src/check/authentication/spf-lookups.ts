// How many DNS lookups an SPF record asks for in all, and which of its terms cost them. RFC 7208 §4.6.4.
import { expandDomain, isTargetName } from "./spf-macro.ts";
import { isSpfRecord, readSpfRecord, type Term } from "./spf-record.ts";
import type { Walk } from "./spf-walked.ts";

export interface SpfLookups {
  readonly total: number;
  /** Of the domain's own record, in order. */
  readonly parts: readonly { readonly term: string; readonly lookups: number }[];
  /** False: the counting was ended, there are more. */
  readonly complete: boolean;
}

/** Records that include one another have no end. */
const mostRecords = 40;

/** Asks DNS for records that no verdict needs any more. */
export async function countLookups(walk: Walk, domain: string): Promise<SpfLookups> {
  let records = 0;

  const termsOf = async (name: string): Promise<Term[]> => {
    const answer = await walk.resolver.txt(name);
    const record = answer.kind === "found" ? answer.records.find(isSpfRecord) : undefined;
    return record === undefined ? [] : readSpfRecord(record);
  };
  const costOf = async (term: Term, where: string): Promise<number> => {
    const into = targetOf(term);
    if (into === undefined) return asksDns(term) ? 1 : 0;
    const target = expandDomain(into, { ...walk, domain: where });
    if (!isTargetName(target) || ++records > mostRecords) return 1;
    let cost = 1;
    for (const inner of await termsOf(target)) cost += await costOf(inner, target);
    return cost;
  };

  const parts: { term: string; lookups: number }[] = [];
  for (const term of await termsOf(domain)) {
    const lookups = await costOf(term, domain);
    if (lookups > 0) parts.push({ term: term.term, lookups });
  }
  const total = parts.reduce((sum, { lookups }) => sum + lookups, 0);
  return { total, parts, complete: records <= mostRecords };
}

/** Whose record counts, too. */
function targetOf(term: Term): string | undefined {
  if (term.kind === "modifier") return term.name === "redirect" ? term.value : undefined;
  return term.kind === "mechanism" && term.name === "include" ? term.spec : undefined;
}

const asksDns = (term: Term): boolean =>
  term.kind === "mechanism" &&
  (term.name === "a" || term.name === "mx" || term.name === "ptr" || term.name === "exists");
