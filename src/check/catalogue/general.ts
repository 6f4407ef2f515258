// What any check can end in.
import type { FindingFacts } from "./facts.ts";

export const generalFindings = {
  "check.fault": { level: "unknown", whoActs: "nobody", sources: [] },
  "check.too-late": { level: "unknown", whoActs: "nobody", sources: [] },
} as const satisfies Record<string, FindingFacts>;
