// What `check account` can find.
import type { FindingFacts } from "./facts.ts";

export const accountFindings = {} as const satisfies Record<string, FindingFacts>;
