// What `check self` can find.
import type { FindingFacts } from "./facts.ts";

export const selfFindings = {} as const satisfies Record<string, FindingFacts>;
