// Exams: replies and bounces written and labelled by people who had not seen a rule of ours (docs/accuracy.md).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { explain } from "../../src/explain/explain.ts";
import { explainBounce } from "../../src/explain/explain-bounce.ts";
import type { BounceReport } from "../../src/explain/bounce/bounce.ts";
import type { CauseName, Explanation, FailureReport, Permanence } from "../../src/explain/explanation.ts";

interface Label {
  readonly cause: CauseName;
  /** What an expert would accept as well. */
  readonly also?: readonly CauseName[];
  readonly permanence: Permanence | null;
  readonly permanenceAlso?: Permanence | readonly Permanence[];
}

type ReplyQuestion = FailureReport & Label;

interface BounceQuestion {
  readonly kind: BounceReport["kind"];
  readonly kindAlso?: readonly string[];
  readonly recipients: readonly (Label & {
    readonly address: string;
    readonly addressAlso?: string | readonly string[];
  })[];
}

/** Shares of 1, and what went wrong, one line each. */
export interface Marks {
  readonly questions: number;
  readonly cause: number;
  readonly permanence: number;
  readonly misses: readonly string[];
}

export interface BounceMarks extends Marks {
  readonly messages: number;
  readonly kind: number;
  readonly address: number;
}

const folder = (exam: string): string => join(import.meta.dirname, "exams", exam);
const read = (exam: string, file: string): unknown => JSON.parse(readFileSync(join(folder(exam), file), "utf8"));

export function markReplies(exam: string): Marks {
  const questions = read(exam, "replies.json") as readonly ReplyQuestion[];
  const marks = { cause: 0, permanence: 0 };
  const misses: string[] = [];
  for (const { text, host, stage, ...label } of questions) {
    const answer = explain({ text, ...(host !== undefined && { host }), ...(stage !== undefined && { stage }) });
    mark(label, answer, { marks, misses, what: text });
  }
  return { questions: questions.length, ...shares(marks, questions.length), misses };
}

export function markBounces(exam: string): BounceMarks {
  const messages = Object.entries(read(exam, "bounces.json") as Readonly<Record<string, BounceQuestion>>);
  const marks = { cause: 0, permanence: 0, address: 0 };
  const misses: string[] = [];
  let [kinds, questions] = [0, 0];
  for (const [file, wanted] of messages) {
    const { kind, recipients } = explainBounce(readFileSync(join(folder(exam), "bounces", file)));
    if (kind === wanted.kind || wanted.kindAlso?.includes(kind)) kinds++;
    else misses.push(`${file}: ${kind}, not ${wanted.kind}`);
    for (const { address, addressAlso = [], ...label } of wanted.recipients) {
      questions++;
      const names = new Set([address, addressAlso].flat().map((name) => name.toLowerCase()));
      const found = recipients.find((one) => names.has(one.address.toLowerCase()));
      if (found) marks.address++;
      else misses.push(`${file}: ${recipients.map((one) => one.address).join(" ")}, not ${address}`);
      const answer = (found ?? recipients[0])?.explanation;
      if (answer) mark(label, answer, { marks, misses, what: `${file}, ${address}` });
    }
  }
  return { messages: messages.length, questions, kind: kinds / messages.length, ...shares(marks, questions), misses };
}

interface Marking {
  readonly marks: { cause: number; permanence: number };
  readonly misses: string[];
  readonly what: string;
}

function mark({ cause, also = [], ...label }: Label, answer: Explanation, { marks, misses, what }: Marking): void {
  const fits = [cause, ...also].includes(answer.cause);
  const lasts =
    label.permanence === null || [label.permanence, label.permanenceAlso ?? []].flat().includes(answer.permanence);
  if (fits) marks.cause++;
  if (lasts) marks.permanence++;
  if (!fits || !lasts)
    misses.push(
      `${answer.cause} (${answer.permanence}), not ${cause} (${label.permanence}): ${what} | ${answer.evidence.rule}`,
    );
}

const shares = <T extends Record<string, number>>(marks: T, of: number): T =>
  Object.fromEntries(Object.entries(marks).map(([name, count]) => [name, count / of])) as T;
