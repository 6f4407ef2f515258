// All findings there are, with what is usual of each. A check adds a file of its own here, and one to languages/en/.
import { domainFindings } from "./domain.ts";
import type { FindingFacts } from "./facts.ts";
import { generalFindings } from "./general.ts";

const all = { ...generalFindings, ...domainFindings };

export type FindingId = keyof typeof all;

export const catalogue: Readonly<Record<FindingId, FindingFacts>> = all;

export const findingIds = Object.keys(all) as FindingId[];
