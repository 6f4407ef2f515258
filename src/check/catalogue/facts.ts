// What the catalogue says of each finding.
import type { CauseName, WhoActs } from "../../explain/explanation.ts";

/**
 * `error`: mail is lost, refused or forged because of it; `warning`: some receivers or senders mind; `note`: good to know;
 * `unknown`: could not be looked at.
 */
export type Level = "good" | "note" | "warning" | "error" | "unknown";

export interface FindingFacts {
  readonly level: Level;
  readonly whoActs: WhoActs;
  readonly cause?: CauseName;
  readonly sources: readonly string[];
}
