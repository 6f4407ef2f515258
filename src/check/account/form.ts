// What belongs into the mail app, as its forms ask for it: what was seen to work; if nothing was, what should.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { AccountQuestion } from "./question.ts";
import { type Tried, usernamesFor } from "./tried.ts";
import type { Learned } from "./verdict.ts";

/** One for each protocol that was tried or is known, complete. */
export function formOf(question: AccountQuestion, { receive = [], send = [], settings }: Learned): ServerSettings[] {
  const wanted = settings ?? { incoming: [], outgoing: [], vouchedHosts: [] };
  const tried = [...receive, ...send].flatMap((one) => rightOf(one, [...wanted.incoming, ...wanted.outgoing]));
  const untried = [...wanted.incoming.slice(0, 1), ...wanted.outgoing.slice(0, 1)].filter(
    ({ protocol }) => !tried.some((one) => isSameForm(one.protocol, protocol)),
  );
  return [...tried, ...untried].map((server) => ({
    ...server,
    username: server.username ?? usernamesFor(question, server, wanted).username,
  }));
}

const isSameForm = (a: string, b: string): boolean => (a === "smtp") === (b === "smtp");

/** What was typed stays out of the form if it failed and nobody says what is right. */
function rightOf({ server, problem, instead, isTyped }: Tried, wanted: readonly ServerSettings[]): ServerSettings[] {
  if (problem === undefined || problem.kind === "username") return [server];
  if (instead !== undefined) return [instead];
  const said = wanted.find(({ protocol }) => protocol === server.protocol);
  return said !== undefined ? [said] : isTyped ? [] : [server];
}
