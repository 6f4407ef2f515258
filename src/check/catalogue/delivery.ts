// What `check delivery` can find.
import type { FindingFacts } from "./facts.ts";

export const deliveryFindings = {} as const satisfies Record<string, FindingFacts>;
