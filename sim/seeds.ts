// Seeds by the line: `small 42`, `big 7`. Those that failed once are kept in failed-seeds.txt, and played first.
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { drawScenario, type Size } from "./scenario.ts";
import { type Result, simulate } from "./simulation.ts";

export interface Seed {
  readonly size: Size;
  readonly seed: number;
}

const file = join(import.meta.dirname, "failed-seeds.txt");

/** What stands behind `#` is a remark. */
export function parseSeeds(text: string): Seed[] {
  return text.split("\n").flatMap((line, i) => {
    const words = line.replace(/#.*/, "").trim();
    if (words === "") return [];
    const [, size, seed] = /^(small|big) (\d+)$/.exec(words) ?? [];
    if (size === undefined || seed === undefined)
      throw new Error(`failed-seeds.txt, line ${i + 1}: "${words}" is no seed. Write: small 42, or big 42.`);
    return { size: size as Size, seed: Number(seed) };
  });
}

export const failedSeeds = (): Seed[] => parseSeeds(readFileSync(file, "utf8"));

/** Unless it is kept already. */
export function keepSeed({ size, seed }: Seed, why: string): void {
  if (failedSeeds().some((kept) => kept.size === size && kept.seed === seed)) return;
  appendFileSync(file, `${size} ${seed} # ${why.replaceAll(/\s+/g, " ").slice(0, 150)}\n`);
}

export const play = ({ size, seed }: Seed, tell?: (line: string) => void): Promise<Result> =>
  simulate(drawScenario(seed, size), tell);

/** How to see it again. */
export const replayCommand = ({ size, seed }: Seed): string =>
  `node sim/run.ts --seed ${seed}${size === "big" ? " --big" : ""} --trace`;
