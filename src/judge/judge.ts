// Runs the checks of a phase and turns their findings into one decision.
import type { World } from "../base/world.ts";
import type { Reply } from "../mail/reply.ts";
import type { Check, Facts, Finding, Phase } from "./check.ts";

export interface Judge {
  /** The refusal or deferral to answer with; undefined: nothing speaks against it. At once, unless a check must wait. */
  judge(phase: Phase, facts: Facts): Reply | undefined | Promise<Reply | undefined>;
}

/** Longest time that one check may take; one that is late says nothing, so that mail goes on without it. */
export const judgeLimits = { checkMs: 30_000 } as const;

export function createJudge(checks: readonly Check[], world: World): Judge {
  const byPhase = Map.groupBy(checks, ({ phase }) => phase);
  return {
    judge(phase, facts) {
      const due = byPhase.get(phase);
      if (due === undefined) return undefined;
      const findings = due.map((check) => check.judge(facts));
      const waits = findings.some((finding) => finding instanceof Promise);
      return waits
        ? Promise.all(findings.map((finding) => inTime(finding, world))).then(decide)
        : decide(findings as Finding[]);
    },
  };
}

async function inTime(finding: Finding | Promise<Finding>, world: World): Promise<Finding> {
  const decided = new AbortController();
  const late = world.sleep(judgeLimits.checkMs, decided.signal).then((): Finding => ({ kind: "nothing" }));
  try {
    return await Promise.race([finding, late]);
  } finally {
    decided.abort();
  }
}

/** Permanent refusals come before deferrals: waiting would not help. */
function decide(findings: readonly Finding[]): Reply | undefined {
  const no = findings.find(({ kind }) => kind === "refuse") ?? findings.find(({ kind }) => kind === "defer");
  return no === undefined || no.kind === "nothing" ? undefined : no.reply;
}
