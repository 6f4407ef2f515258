// A cause in words: what happened, who can act and what to do now, in the reader's language.
import type { CauseName, Explanation, Language, Permanence } from "./explanation.ts";
import { domainText } from "./domain-text.ts";
import { causeFacts } from "./knowledge/causes.ts";
import { causeText, stepTexts, type Values } from "./languages/language.ts";

/** What is to be said. */
export interface Told {
  readonly cause: CauseName;
  /** Of the cause's summary, in the language files. */
  readonly variant?: string;
  /** Where they are not those of the cause. */
  readonly steps?: readonly string[];
  readonly permanence: Permanence;
  readonly language: Language;
  readonly values?: Values;
}

export type Words = Pick<Explanation, "cause" | "permanence" | "whoActs" | "language" | "summary" | "steps">;

export function inWords({ cause, variant, steps, permanence, language, values = {} }: Told): Words {
  const { whoActs, passes, steps: usualSteps } = causeFacts(cause);
  const isWaiting = permanence === "temporary";
  const names = steps ?? usualSteps;
  return {
    cause,
    permanence,
    // a mailbox that is full does not empty itself
    whoActs: isWaiting && passes && whoActs !== "recipient" ? "nobody" : whoActs,
    language,
    summary: causeText(language, { cause, ...(variant !== undefined && { variant }), values }),
    steps: stepTexts(language, { steps: isWaiting ? whileTrying(names) : names, values }),
  };
}

/** Nothing has to be sent again while it is still tried. */
const whileTrying = (steps: readonly string[]): string[] => [
  "wait",
  ...steps.filter((step) => step !== "wait" && !step.startsWith("send-")),
];

/** `{domain}`, of what may be an address. */
export const valuesOf = (recipient = ""): Values =>
  recipient.includes("@") ? { domain: domainText(recipient.slice(recipient.lastIndexOf("@") + 1)) } : {};
