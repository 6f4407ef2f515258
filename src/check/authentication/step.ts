// One thing that was looked at on the way to a verdict: words for people, the same as fields for programs. Steps nest.
import type { Question, RecordingResolver } from "../../dns/recording-resolver.ts";
import type { Answer, MxRecord, Resolver } from "../../dns/resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import { readDkimKey } from "./dkim-key.ts";
import type { Reason } from "./reasons.ts";

/** How it stands for the sender. */
export type Tone = "good" | "bad" | "warning";

interface Said {
  /** Without a final full stop; texts of strangers in it are harmless on a terminal. */
  readonly text: string;
  readonly tone?: Tone;
  readonly steps?: readonly Step[];
}

export type Step =
  | (Said & { readonly kind: "question"; readonly asked: Question })
  /** A record, or another text of the domain or message, as it is. */
  | (Said & { readonly kind: "record"; readonly name: string; readonly record: string })
  /** Of SPF. `matched` is absent where nobody looked, or where it is not certain. */
  | (Said & {
      readonly kind: "mechanism" | "modifier";
      readonly term: string;
      readonly expanded?: string;
      readonly matched?: boolean;
      /** Terms that ask DNS so far, this one included. RFC 7208 §4.6.4 */
      readonly lookups?: number;
      readonly voidLookups?: number;
    })
  /** One property: of a signature, a key, a policy, an alignment. */
  | (Said & { readonly kind: "check"; readonly about: string })
  | (Said & { readonly kind: "result"; readonly result: string; readonly reason: Reason })
  /** What to change, and who can. */
  | (Said & { readonly kind: "advice" });

export const check = (about: string, text: string, tone?: Tone): Step => ({
  kind: "check",
  about,
  text,
  ...(tone !== undefined && { tone }),
});

export const advice = (text: string): Step => ({ kind: "advice", text });

/** A question with its answer. */
export function questionStep(asked: Question): Step {
  const { type, name, answer, tookMs } = asked;
  const bad = answer.kind === "server-failure" || answer.kind === "timeout";
  return {
    kind: "question",
    text: `DNS, ${type} of ${oneLine(name)}: ${answerText(answer)} (${tookMs} ms)`,
    ...(bad && { tone: "bad" as const }),
    asked,
  };
}

/** The kind of an answer, and what was found. */
export function answerText(answer: Answer<string | MxRecord>): string {
  switch (answer.kind) {
    case "found":
      return `found ${answer.records.map(recordText).join(", ")}`;
    case "no-such-domain":
      return "no such domain (NXDOMAIN)";
    case "no-data":
      return "no data: the name exists, but has no record of this type";
    case "server-failure":
      return `server failure: ${oneLine(answer.text)}`;
    case "timeout":
      return "timeout: no answer in time";
  }
}

function recordText(record: string | MxRecord): string {
  if (typeof record !== "string")
    return `${record.preference} ${record.exchange === "" ? "." : oneLine(record.exchange)}`;
  const shown = oneLine(shortKey(record));
  return /[\s;"]/.test(record) ? `"${shown}"` : shown;
}

/** A public key by its ends, as in p=MIIB…AQAB (2048 bits): nobody reads the middle. */
function shortKey(record: string): string {
  const [whole, start, key = ""] = /(^|;)\s*p\s*=\s*([a-z\d+/=\s]{40,})/i.exec(record) ?? [];
  if (whole === undefined) return record;
  const base64 = key.replaceAll(/\s/g, "");
  const { bits } = readDkimKey(record);
  const size = bits === undefined ? "" : ` (${bits} bits)`;
  const short = `p=${base64.slice(0, 4)}…${base64.slice(-4)}${size}`;
  return record.replace(whole, () => `${start === ";" ? "; " : ""}${short}`);
}

/** Asks, and hands the question out as a step, to be put where it belongs. */
export async function ask<K extends keyof Resolver>(
  resolver: RecordingResolver,
  type: K,
  name: string,
): Promise<{ readonly answer: Awaited<ReturnType<Resolver[K]>>; readonly step: Step }> {
  const answer = (await resolver[type](name)) as Awaited<ReturnType<Resolver[K]>>;
  const isIt = (question: Question): boolean =>
    question.type === type.toUpperCase() && question.name === name.toLowerCase();
  return { answer, step: questionStep(resolver.questions.find(isIt)!) };
}
