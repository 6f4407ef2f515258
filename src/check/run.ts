// Runs checks side by side: each begins when what it needs is there, has a time limit, and all have one together. Never
// throws: what goes wrong in a check becomes a finding `unknown`.
import { inTime } from "../base/in-time.ts";
import type { World } from "../base/world.ts";
import { type Finding, finding, type Level, worstOf } from "./finding.ts";

/** What a check is given. */
export interface Asked<Tools> {
  readonly tools: Tools;
  /** Aborts when its time is over. */
  readonly signal: AbortSignal;
  readonly found: (finding: Finding) => void;
  /** A part that has a time limit of its own and is shown by itself; undefined: it was late or faulty, and that is told. */
  part<T>(about: string, limitMs: number, work: (asked: Asked<Tools>) => Promise<T>): Promise<T | undefined>;
}

/** What it returns is what others may need. */
export interface Check<Tools> {
  /** Its title is in languages/. */
  readonly name: string;
  /** Checks before it in the list; if one of them has no result, this one is left out. */
  readonly needs: readonly string[];
  readonly limitMs?: number;
  run(asked: Asked<Tools>, facts: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** `Facts`: what each check returns, by its name. Ties the names, needs and results of checks together. */
export const checksOf =
  <Facts extends object, Tools>() =>
  <Name extends keyof Facts & string, Need extends keyof Facts & string = never>(check: {
    readonly name: Name;
    readonly needs?: readonly Need[];
    readonly limitMs?: number;
    run(asked: Asked<Tools>, facts: Pick<Facts, Need>): Promise<Facts[Name]>;
  }): Check<Tools> => ({ needs: [], ...check });

/** How a check or a part of one ended; `skipped`: what it needs is not there. */
export type Ended = "done" | "late" | "fault" | "skipped";

/** Of one check, or of a part of it. */
type Step =
  | { readonly kind: "started"; readonly part?: string }
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "done"; readonly part?: string; readonly ended: Ended; readonly tookMs: number };

export type Progress = Step & { readonly check: string };

export interface Run<Tools> {
  readonly tools: Tools;
  readonly world: Pick<World, "now" | "sleep">;
  /** What is looked at: of findings about a check as a whole. */
  readonly about: string;
  /** For all checks together. */
  readonly totalMs: number;
  /** For a check that names no limit. */
  readonly limitMs: number;
  /** Ends all. */
  readonly signal?: AbortSignal;
  readonly tell?: (progress: Progress) => void;
}

interface RanCheck {
  readonly name: string;
  readonly ended: Ended;
  readonly tookMs: number;
}

export interface Report {
  readonly about: string;
  readonly worst: Level;
  /** In the order of the checks. */
  readonly findings: readonly Finding[];
  readonly checks: readonly RanCheck[];
  readonly tookMs: number;
}

type Result = { readonly ended: "done"; readonly value: unknown } | { readonly ended: Exclude<Ended, "done"> };

type Outcome = Result & { readonly tookMs: number };

const notDone: Outcome = { ended: "skipped", tookMs: 0 };

/** Of a check that is not among these. */
const notThere = Promise.resolve(notDone);

/** `checks`: each behind those that it needs. */
export async function runChecks<Tools>(checks: readonly Check<Tools>[], run: Run<Tools>): Promise<Report> {
  const { world, about, totalMs } = run;
  const startedAt = world.now();
  const ending = new AbortController();
  const over = new AbortController();
  const stop = (): void => ending.abort("stopped");
  if (run.signal?.aborted) stop();
  run.signal?.addEventListener("abort", stop);
  void world.sleep(totalMs, over.signal).then(stop);

  const running = new Map<string, Promise<Outcome>>();
  const findings = new Map<string, Finding[]>(checks.map(({ name }) => [name, []]));
  const ran: Promise<RanCheck>[] = [];
  for (const check of checks) {
    const { name } = check;
    const tell: Tell = (step) => {
      if (step.kind === "finding") findings.get(name)?.push(step.finding);
      run.tell?.({ check: name, ...step });
    };
    const needed = check.needs.map((need) => running.get(need) ?? notThere);
    const begin = async (): Promise<Outcome> => {
      const facts = await factsOf(check.needs, needed);
      if (facts === undefined) return skip(tell);
      const begun = { ...run, tell, ending: ending.signal };
      return perform(begun, { about, limitMs: check.limitMs ?? run.limitMs }, (asked) => check.run(asked, facts));
    };
    const outcome = begin();
    running.set(name, outcome);
    ran.push(outcome.then(({ ended, tookMs }) => ({ name, ended, tookMs })));
  }
  const ended = await Promise.all(ran);
  over.abort("all done");
  run.signal?.removeEventListener("abort", stop);
  const all = checks.flatMap(({ name }) => findings.get(name) ?? []);
  return { about, worst: worstOf(all), findings: all, checks: ended, tookMs: world.now() - startedAt };
}

/** Of a check whose name is known. */
type Tell = (step: Step) => void;

function skip(tell: Tell): Outcome {
  tell({ kind: "done", ended: "skipped", tookMs: 0 });
  return notDone;
}

/** Undefined: one of them has no result. */
async function factsOf(
  needs: readonly string[],
  needed: readonly Promise<Outcome>[],
): Promise<Record<string, unknown> | undefined> {
  const facts: Record<string, unknown> = {};
  for (const [i, outcome] of (await Promise.all(needed)).entries()) {
    if (outcome.ended !== "done") return undefined;
    facts[needs[i]!] = outcome.value;
  }
  return facts;
}

interface Begun<Tools> {
  readonly tools: Tools;
  readonly world: Pick<World, "now" | "sleep">;
  readonly tell: Tell;
  /** Of all. */
  readonly ending: AbortSignal;
}

interface Work {
  readonly about: string;
  readonly limitMs: number;
  /** It is a part, and shown by this name. */
  readonly part?: string;
}

/** A check, or a part of one. Never rejects; whatever it says when its time is over is not heard. */
async function perform<Tools>(
  begun: Begun<Tools>,
  { about, limitMs, part }: Work,
  work: (asked: Asked<Tools>) => Promise<unknown>,
): Promise<Outcome> {
  const { tools, world, tell, ending } = begun;
  const named = part === undefined ? {} : { part };
  const startedAt = world.now();
  const own = new AbortController();
  let isOver = false;
  const tellInTime: Tell = (step) => void (isOver || tell(step));
  tell({ kind: "started", ...named });
  const asked: Asked<Tools> = {
    tools,
    signal: own.signal,
    found: (finding) => tellInTime({ kind: "finding", finding }),
    async part<T>(about: string, limitMs: number, work: (asked: Asked<Tools>) => Promise<T>) {
      const inner = { ...begun, tell: tellInTime, ending: AbortSignal.any([ending, own.signal]) };
      const outcome = await perform(inner, { about, limitMs, part: about }, work);
      return outcome.ended === "done" ? (outcome.value as T) : undefined;
    },
  };
  const done = Promise.try(work, asked).then(
    (value): Result => ({ ended: "done", value }),
    (error: unknown): Result => {
      const problem = error instanceof Error ? error.message : String(error);
      asked.found(finding("check.fault", { about, values: { problem } }));
      return { ended: "fault" };
    },
  );
  const outcome = await inTime(done, { limitMs, world, signal: ending, late: (): Result => ({ ended: "late" }) });
  const tookMs = world.now() - startedAt;
  if (outcome.ended === "late") {
    const seconds = (tookMs / 1_000).toFixed(1);
    asked.found(finding("check.too-late", { about, values: { seconds } }));
  }
  isOver = true;
  own.abort("over");
  tell({ kind: "done", ...named, ended: outcome.ended, tookMs });
  return { ...outcome, tookMs };
}
