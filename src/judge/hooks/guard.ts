// A hook as the judge runs it: what it throws, returns and forgets can harm neither the session nor the log.
import { inTime } from "../../base/in-time.ts";
import type { World } from "../../base/world.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import { judgeLimits } from "../judge.ts";
import { cleanFinding } from "./finding.ts";

export const hookLimits = {
  blockedMs: 100, // so long one may keep its thread, with all sessions on it, without being told of
  loadMs: 30_000, // a module may await something before it is ready, but not for ever
  quietMs: 60_000, // a hook is told of once in this time: it may fail for each message
} as const;

export interface HookListener {
  readonly world: World;
  /** A hook failed, and counted as nothing, or what it said was put right. `text` is a sentence for the log. */
  readonly onFault: (text: string, about: { readonly hook: string; readonly error?: unknown }) => void;
}

/** `module`: the file that it is from. Its name stands before others' as `hook:NAME`. */
export function guarded(check: Check, module: string, { world, onFault }: HookListener): Check {
  const name = `hook:${check.name}`;
  let toldAt = -Infinity;
  let untold = 0;

  function tell(what: string, error?: unknown): void {
    if (world.now() - toldAt < hookLimits.quietMs) {
      untold += 1;
      return;
    }
    const times = untold === 0 ? "" : ` (${untold} more faults of it since it was told of last)`;
    toldAt = world.now();
    untold = 0;
    onFault(`the hook "${check.name}" of ${module}: ${what}${times}`, {
      hook: check.name,
      ...(error !== undefined && { error }),
    });
  }

  function failed(error: unknown): Finding {
    tell(`it failed, and counts as nothing: ${error instanceof Error ? error.message : String(error)}`, error);
    return nothing;
  }

  function cleaned(returned: unknown): Finding {
    const { finding, fault } = cleanFinding(name, returned);
    if (fault !== undefined) tell(fault);
    if (check.phase !== "connect" || finding.kind !== "mark") return finding;
    tell("it marks a connection, but only a message can be marked: do it in the phase mail, rcpt or content");
    return nothing;
  }

  function late(): Finding {
    tell(`it gave no answer within ${judgeLimits.checkMs / 1_000} s, and counts as nothing`);
    return nothing;
  }

  function run(facts: Facts): unknown {
    const startedAt = world.now();
    const returned: unknown = check.judge(facts);
    const blockedMs = world.now() - startedAt;
    if (blockedMs > hookLimits.blockedMs)
      tell(`it held up all sessions of its thread for ${blockedMs} ms: await what takes long, or leave it to a thread`);
    return returned;
  }

  return {
    name,
    phase: check.phase,
    judge(facts) {
      try {
        const returned = run(facts);
        if (!isThenable(returned)) return cleaned(returned);
        const finding = Promise.resolve(returned).then(cleaned).catch(failed);
        return inTime(finding, { limitMs: judgeLimits.checkMs, world, late });
      } catch (error) {
        return failed(error);
      }
    },
  };
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
