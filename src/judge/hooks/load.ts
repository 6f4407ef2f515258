// Loads the modules of hooks that the config names: `export const checks = [ … ]`. docs/adding-a-check.md
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inTime } from "../../base/in-time.ts";
import { Unusable } from "../../config/unusable.ts";
import type { Check } from "../check.ts";
import { guarded, hookLimits, type HookListener } from "./guard.ts";
import { mistakesIn, show } from "./shape.ts";

/** Once in each thread: a module's variables are its thread's own. Rejects with all mistakes, a line for each, as Unusable. */
export async function loadHooks(paths: readonly string[], listener: HookListener): Promise<Check[]> {
  const loaded = await Promise.all(paths.map((path) => load(path, listener)));
  const mistakes = [...loaded.flatMap(({ mistakes }) => mistakes), ...doubles(loaded)];
  if (mistakes.length > 0) throw new Unusable(mistakes.join("\n"));
  return loaded.flatMap(({ path, checks }) => checks.map((check) => guarded(check, path, listener)));
}

interface Loaded {
  readonly path: string;
  readonly checks: readonly Check[];
  readonly mistakes: readonly string[];
}

async function load(path: string, { world }: HookListener): Promise<Loaded> {
  const wrong = (what: string): Loaded => ({ path, checks: [], mistakes: [`hooks.modules: ${show(path)}: ${what}`] });
  let module: Readonly<Record<string, unknown>> | undefined;
  try {
    const loading: Promise<typeof module> = import(pathToFileURL(resolve(path)).href);
    module = await inTime(loading, { limitMs: hookLimits.loadMs, world, late: () => undefined });
  } catch (error) {
    return wrong(`it cannot be loaded (${reasonOf(error)}). Mend it; \`node ${path}\` shows the place.`);
  }
  if (module === undefined)
    return wrong(
      `it was not ready within ${hookLimits.loadMs / 1_000} s. What it awaits at its top level must come, or fail.`,
    );
  if (!("checks" in module)) {
    const others = Object.keys(module).map((name) => show(name));
    const instead = others.length === 0 ? "it exports nothing" : `it exports ${others.join(", ")}, but not "checks"`;
    return wrong(
      `${instead}. Write: export const checks = [{ name: "my-check", phase: "connect", judge(facts) { return { kind: "nothing" }; } }];`,
    );
  }
  const mistakes = mistakesIn(module["checks"]).map((mistake) => `hooks.modules: ${show(path)}: ${mistake}`);
  return { path, checks: mistakes.length > 0 ? [] : (module["checks"] as Check[]), mistakes };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${show(error)}`;
  const code = "code" in error ? error.code : undefined;
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX")
    return `${error.message}; write TypeScript whose types can be erased: no enum, no namespace, no parameter properties`;
  return `${error.name}: ${error.message}`;
}

/** A name says which check it was: in the log, in the history, to the recipient. */
function doubles(loaded: readonly Loaded[]): string[] {
  const all = loaded.flatMap(({ path, checks }) =>
    checks.map(({ name }, i) => ({ name, place: `checks[${i}] of ${show(path)}` })),
  );
  return [...Map.groupBy(all, ({ name }) => name)]
    .filter(([, found]) => found.length > 1)
    .map(([name, found]) => {
      const places = found.map(({ place }) => place).join(" and ");
      return `hooks.modules: ${places} have the same name, ${show(name)}. Give each check a name of its own, and name each module once.`;
    });
}
