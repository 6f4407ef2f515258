// When our own resolver is the trouble: nothing was learned of any domain then, and nobody's name servers are to blame.
import { getDomain } from "tldts";
import { isFailure } from "../../dns/answer.ts";
import type { Question } from "../../dns/recording-resolver.ts";
import type { Answer } from "../../dns/resolver.ts";

/** c-ares' words when no server is there to be asked, or it does not serve us. */
const notServed = /\b(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EREFUSED)\b/;

export const isOwnTrouble = (answer: Answer<unknown>): boolean =>
  answer.kind === "server-failure" && notServed.test(answer.text);

/** Questions about more than one owner's names were asked, and none was answered. */
export const isDead = (questions: readonly Question[]): boolean =>
  questions.every(({ answer }) => isFailure(answer)) &&
  new Set(questions.map(({ name }) => getDomain(name) ?? name)).size > 1;
