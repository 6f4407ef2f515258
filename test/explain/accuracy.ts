// How often the explanations are right on bounces that others have labelled: exact reason, coarse class, recipients, hard or soft.
import { readFileSync } from "node:fs";
import { explainBounce } from "../../src/explain/explain-bounce.ts";
import type { CauseName } from "../../src/explain/explanation.ts";
import reasons from "./reasons.json" with { type: "json" };

interface Labelled {
  readonly reason: string;
  readonly hardbounce: boolean;
}

/** expected.json of a suite: by file, the recipients in any order; disputed ones are marked. */
export type Labels = Readonly<
  Record<string, { readonly recipients: readonly Labelled[]; readonly unstable?: boolean }>
>;
/** Reasons by coarse class. */
export type Classes = Readonly<Record<string, string | readonly string[]>>;

export interface Score {
  readonly recipients: number;
  readonly exact: number;
  readonly coarse: number;
  readonly hard: number;
  readonly files: number;
  /** Files in which as many recipients were found as there are. */
  readonly counted: number;
  /** What went wrong, one line each. */
  readonly misses: readonly string[];
}

export const reasonOf = (cause: CauseName): string => reasons[cause];

/** Scores the files; `change` may rename hosts in a message before it is read. */
export function score(
  folder: string,
  labels: Labels,
  { classes, change = (bytes) => bytes }: { classes: Classes; change?: (bytes: Uint8Array) => Uint8Array },
): Score {
  const totals = { recipients: 0, exact: 0, coarse: 0, hard: 0, files: 0, counted: 0 };
  const misses: string[] = [];
  const classOf = (reason: string): string =>
    Object.entries(classes).find(([, some]) => typeof some !== "string" && some.includes(reason))?.[0] ?? reason;
  for (const [file, { recipients, unstable }] of Object.entries(labels)) {
    if (unstable) continue;
    const found = explainBounce(change(readFileSync(`${folder}/${file}`))).recipients.map(
      ({ explanation }) => explanation,
    );
    totals.files++;
    totals.recipients += recipients.length;
    if (found.length === recipients.length) totals.counted++;
    else misses.push(`${file}: ${found.length} recipients, not ${recipients.length}`);
    const left = [...found];
    for (const { reason, hardbounce } of recipients) {
      // recipients of one file come in any order: take the one that fits best
      const [best] = left
        .map((one) => ({
          one,
          fit: Number(reasonOf(one.cause) === reason) * 2 + Number(classOf(reasonOf(one.cause)) === classOf(reason)),
        }))
        .sort((a, b) => b.fit - a.fit);
      if (best === undefined) continue;
      left.splice(left.indexOf(best.one), 1);
      const ours = reasonOf(best.one.cause);
      if (ours === reason) totals.exact++;
      else
        misses.push(
          `${file}: ${ours} (${best.one.cause}), not ${reason}; "${best.one.evidence.text}" ${best.one.evidence.rule}`,
        );
      if (classOf(ours) === classOf(reason)) totals.coarse++;
      if ((best.one.permanence === "permanent") === hardbounce) totals.hard++;
      else misses.push(`${file}: ${best.one.permanence}, not ${hardbounce ? "hard" : "soft"}`);
    }
  }
  return { ...totals, misses };
}

/** Domains and hosts that no rule can know, one for another, always the same one. */
export function renamed(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  const known =
    /\.(?:google|gmail|yahoo|outlook|hotmail|icloud|apple|aol|amazonses|mail\.ru|qq|comcast|orange|gmx|web)\b/i;
  return Buffer.from(
    text.replaceAll(
      /\b[a-z0-9-]{1,30}(?:\.[a-z0-9-]{1,30}){0,4}\.(?:co\.jp|ne\.jp|or\.jp|jp|com|net|org|de|fr)\b/gi,
      (name) =>
        known.test(`.${name}`)
          ? name
          : `h${hashOf(name.toLowerCase()).toString(36)}.example${name.slice(name.lastIndexOf("."))}`,
    ),
    "latin1",
  );
}

const hashOf = (text: string): number => {
  let hash = 7;
  for (const letter of text) hash = (hash * 31 + letter.charCodeAt(0)) % 46_656;
  return hash;
};
