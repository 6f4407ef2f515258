// What the answer of a DNS list means: a listing and its weight, or that the list does not answer us. RFC 5782 §2.3.
import { listText } from "./words.ts";

export interface AnswerRules {
  readonly weight: number;
  /** "127.0.0.10" or "127.0.0.2-11" → weight. */
  readonly answers: Readonly<Record<string, number>>;
}

/**
 * `refused`: why the list does not tell us; a clause and a remedy. `isOfAll`: no list has such an answer for an entry, so
 * that it says so of the whole list.
 */
export type Meaning =
  | { readonly kind: "listed"; readonly answer: string; readonly weight: number }
  | { readonly kind: "refused"; readonly because: string; readonly isOfAll: boolean };

const ownResolver = "set dns.servers to a resolver of your own that nobody else asks";
const askLess = "ask its operator for access for more questions, or delete the list";
const seeTerms = "see its terms of use and what it says of public resolvers, or delete the list";

/** Lists say so in different ways; none of these is ever a listing. */
const refusals: Readonly<Record<string, string>> = {
  "127.255.255.252": "it knows no list of this name: check the spelling of `name`",
  "127.255.255.254": `it does not answer public resolvers: ${ownResolver}`,
  "127.255.255.255": `we asked it too often: ${askLess}`,
  "127.0.0.1": `it refuses our questions: ${seeTerms}`,
  "127.0.0.255": `we asked it too often: ${askLess}`,
  "127.0.1.255": 'it lists domains and was asked for an address: write `of = "domain"`',
};

export function meaningOf(rules: AnswerRules, answers: readonly string[]): Meaning {
  for (const answer of answers) {
    const isOfAll = answer.startsWith("127.255.255.");
    const refusal = refusals[answer] ?? (isOfAll ? `it refuses our questions: ${seeTerms}` : undefined);
    if (refusal !== undefined) return { kind: "refused", because: `${refusal} (it answers ${answer})`, isOfAll };
    if (!answer.startsWith("127.")) {
      const because = `somebody else answers for it, with ${listText(answer)}: the list may have ended, or the resolver makes answers up; ${ownResolver}, or delete the list`;
      return { kind: "refused", because, isOfAll };
    }
  }
  const weighed = answers.map((answer) => ({ answer, weight: weightOf(rules, answer) }));
  return { kind: "listed", ...strongest(weighed)! };
}

/** The one that counts. */
export const strongest = <T extends { readonly weight: number }>(all: readonly T[]): T | undefined =>
  all.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))[0];

/** The narrowest range that fits. */
function weightOf({ answers, weight }: AnswerRules, answer: string): number {
  const [head, last] = splitLast(answer);
  const fitting = Object.entries(answers).flatMap(([range, weight]) => {
    const [rangeHead, octets] = splitLast(range);
    const [from = "", to = from] = octets.split("-");
    const fits = rangeHead === head && Number(from) <= Number(last) && Number(last) <= Number(to);
    return fits ? [{ weight, width: Number(to) - Number(from) }] : [];
  });
  return fitting.toSorted((a, b) => a.width - b.width)[0]?.weight ?? weight;
}

const splitLast = (text: string): [string, string] => {
  const dot = text.lastIndexOf(".");
  return [text.slice(0, dot), text.slice(dot + 1)];
};

const refusalText =
  /\b(?:query|queries|lookups?)\b[^.;]{0,40}\b(?:refused|blocked|denied|limit|not allowed|prohibited)\b|^(?:error: ?)?(?:open|public) (?:dns )?resolvers?\b|\b(?:over|exceed\w*)\b[^.;]{0,40}\b(?:quer(?:y|ies)|quota)\b/i;

/** The TXT record beside an answer says that it is none. */
export const isRefusalText = (text: string): boolean => refusalText.test(text);
