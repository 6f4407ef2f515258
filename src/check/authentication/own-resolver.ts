// When the resolver itself cannot be reached, nothing was learned of any domain, and nobody's name servers are to blame.
import type { Question } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import { advice, type Step } from "./step.ts";

/** c-ares' words when a server refuses the question, or no route leads to it. */
const unreachable = /\b(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)\b/;

/** `servers`: that were asked. */
export function blameOwnResolver(
  steps: readonly Step[],
  { questions, servers }: { readonly questions: readonly Question[]; readonly servers: readonly string[] },
): readonly Step[] {
  const reached = questions.some(({ answer }) => answer.kind !== "server-failure" || !unreachable.test(answer.text));
  if (questions.length === 0 || reached) return steps;
  const named = servers.map(oneLine).join(" and ");
  const who = servers.length > 1 ? `your resolvers ${named} do not answer` : `your resolver ${named} does not answer`;
  const told = steps.filter(({ kind }) => kind !== "advice");
  const last = told.at(-1);
  return [
    ...(last?.kind === "result"
      ? [
          ...told.slice(0, -1),
          {
            ...last,
            reason: "resolver-unreachable" as const,
            text: `${last.result}: ${who}, so nothing is known of the domain`,
          },
        ]
      : told),
    advice(`${who[0]!.toUpperCase()}${who.slice(1)}: start it, or name another with --resolver or in [dns] servers`),
  ];
}
