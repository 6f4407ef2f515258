// What belongs into the mail app, as its forms ask for it: what was seen to work; if nothing was, what should.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { AccountQuestion, Wanted } from "./question.ts";
import { saidUsername, type Tried, usernamesFor } from "./tried.ts";
import { sameServer } from "./typed.ts";
import type { Learned } from "./verdict.ts";

/** One for each protocol that was tried or is known, complete. */
export function formOf(question: AccountQuestion, { receive = [], send = [], settings }: Learned): ServerSettings[] {
  const wanted = settings ?? { incoming: [], outgoing: [], vouchedHosts: [] };
  const all = [...receive, ...send];
  const isStrange = (server: ServerSettings): boolean => all.some((one) => isStrangers(one, server, wanted));
  const said = [...wanted.incoming, ...wanted.outgoing].filter((server) => !isStrange(server));
  const tried = all.filter(({ server }) => !isStrange(server)).flatMap((one) => rightOf(one, said));
  const untried = [...wanted.incoming.slice(0, 1), ...wanted.outgoing.slice(0, 1)].filter(
    (server) => !isStrange(server) && !tried.some((one) => isSameForm(one.protocol, server.protocol)),
  );
  return [...tried, ...untried].map((server) => ({
    ...server,
    // a name that was typed has a place here only where a login has proven it
    username: saidUsername(server, wanted) ?? usernamesFor(question, server, wanted).username,
  }));
}

/** Only its name was guessed, and its certificate says that it is somebody else's, or nobody's. */
const isStrangers = ({ server, problem, isTyped }: Tried, of: ServerSettings, { source }: Wanted): boolean =>
  source?.name === "guess" && !isTyped && problem?.kind === "certificate" && sameServer(server, of);

const isSameForm = (a: string, b: string): boolean => (a === "smtp") === (b === "smtp");

/** What was typed stays out of the form if it failed and nobody says what is right. */
function rightOf({ server, problem, instead, isTyped }: Tried, wanted: readonly ServerSettings[]): ServerSettings[] {
  if (problem === undefined || problem.kind === "username") return [server];
  if (instead !== undefined) return [instead];
  const said = wanted.find(({ protocol }) => protocol === server.protocol);
  return said !== undefined ? [said] : isTyped ? [] : [server];
}
