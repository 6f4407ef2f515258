// Runs the checks of a phase and turns their findings into one decision.
import { allInTime } from "../base/in-time.ts";
import type { World } from "../base/world.ts";
import type { Reply } from "../mail/reply.ts";
import { type Check, type Facts, type Finding, nothing, type Phase } from "./check.ts";

/** A finding that says something. */
export type Said = Exclude<Finding, { kind: "nothing" }>;

export interface Decision {
  /** To answer with; absent: nothing speaks against it. */
  readonly no?: Reply & { readonly check: string };
  /** All that was said, in the order of the checks. */
  readonly findings: readonly Said[];
}

export interface Judge {
  /** At once, unless a check must wait. */
  judge(phase: Phase, facts: Facts): Decision | Promise<Decision>;
}

/** Longest time that one check may take; one that is late says nothing, so that mail goes on without it. */
export const judgeLimits = { checkMs: 30_000 } as const;

/** `onFault`: a check threw or rejected; it says nothing then. */
export function createJudge(
  checks: readonly Check[],
  world: World,
  onFault: (check: string, error: unknown) => void = () => {},
): Judge {
  const ask = (check: Check, facts: Facts): Finding | Promise<Finding> => {
    const failed = (error: unknown): Finding => {
      onFault(check.name, error);
      return nothing;
    };
    try {
      const finding = check.judge(facts);
      return finding instanceof Promise ? finding.catch(failed) : finding;
    } catch (error) {
      return failed(error);
    }
  };
  const due: Readonly<Record<Whose, ReadonlyMap<Phase, readonly Check[]>>> = {
    strangers: dueFor(checks, "strangers"),
    accounts: dueFor(checks, "accounts"),
    networks: dueFor(checks, "networks"),
  };
  return {
    judge(phase, facts) {
      const checks = due[whoseOf(facts)].get(phase);
      if (checks === undefined) return silence;
      const findings = checks.map((check) => ask(check, facts));
      const waits = findings.some((finding) => finding instanceof Promise);
      if (!waits) return decide(findings as Finding[]);
      return allInTime(findings, { limitMs: judgeLimits.checkMs, world, late: () => nothing }).then(decide);
    },
  };
}

/** Clients by how they are known: not at all, by their login, by the network that they are in. */
type Whose = "strangers" | "accounts" | "networks";

const whoseOf = ({ client, trusted }: Facts): Whose =>
  client.account === undefined ? (trusted ? "networks" : "strangers") : "accounts";

const dueFor = (checks: readonly Check[], whose: Whose): ReadonlyMap<Phase, readonly Check[]> =>
  Map.groupBy(
    checks.filter(({ of }) => of === undefined || of === whose),
    ({ phase }) => phase,
  );

const silence: Decision = { findings: [] };

/** Permanent refusals come before deferrals: waiting would not help. */
export function decide(findings: readonly Finding[]): Decision {
  if (findings.every(({ kind }) => kind === "nothing")) return silence;
  const said = findings.filter((finding) => finding.kind !== "nothing");
  const no = said.find(({ kind }) => kind === "refuse") ?? said.find(({ kind }) => kind === "defer");
  return no === undefined || no.kind === "mark"
    ? { findings: said }
    : { no: { ...no.reply, check: no.check }, findings: said };
}
