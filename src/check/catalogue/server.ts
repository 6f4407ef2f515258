// What `check server` can find.
import type { FindingFacts } from "./facts.ts";

export const serverFindings = {} as const satisfies Record<string, FindingFacts>;
