// What stands in the person's app, beside what should: each difference by its name, and whether it matters.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import { act, type Change } from "../finding.ts";
import type { Asked } from "../run.ts";
import { accountCheck, type AccountTools, say, type Source, type Wanted } from "./question.ts";
import { saidUsername, type Tried } from "./tried.ts";
import { differencesOf, sameServer, serverText, type Setting } from "./typed.ts";
import { securityNames, usualPlaces } from "../server/place.ts";
import { serverProtocolOf } from "./guess.ts";

export const compare = accountCheck({
  name: "compare",
  needs: ["settings", "receive", "send"],
  async run(asked, { settings, receive, send }) {
    const all = [...receive, ...send];
    compareUsernames(asked, all, settings);
    for (const tried of all.filter(({ isTyped }) => isTyped)) compareOne(asked, tried, settings);
  },
});

function compareOne(asked: Asked<AccountTools>, tried: Tried, wanted: Wanted): void {
  const { server, problem } = tried;
  const should = tried.instead ?? bestMatch(server, wanted);
  const about = serverText(server);
  if (should === undefined) return;
  const differences = differencesOf(server, should);
  const isProven = tried.instead !== undefined;
  if (differences.length === 0) return say(asked, "typed.same", { about, values: sourceOf(wanted.source) });
  // what works may differ; what fails is told with what was proven to work, or with what is said to
  const works = problem === undefined;
  const level = works ? "note" : isProven || wanted.source !== undefined ? "error" : "warning";
  for (const { from, to, setting } of differences) {
    const change: Change = { kind: "set", where: appPlace(server), setting: inForms[setting], from, to };
    const values = { from, to, protocol: server.protocol.toUpperCase(), ...sourceOf(wanted.source) };
    if (works) say(asked, "typed.differs", { about, values: { ...values, setting: inForms[setting] } });
    else
      say(asked, `typed.${setting}`, { about, level, values, changes: [change, ...otherWay(tried, should, wanted)] });
  }
}

/** Where a login came, it has told which name is right; one server is named for all that want the same. */
function compareUsernames(asked: Asked<AccountTools>, all: readonly Tried[], wanted: Wanted): void {
  const told = new Set<string>();
  for (const { server, username } of all) {
    const to = saidUsername(bestMatch(server, wanted) ?? server, wanted);
    if (username !== undefined || to === undefined || told.has(to)) continue;
    told.add(to);
    compareUsername(asked, server, to);
  }
}

function compareUsername(asked: Asked<AccountTools>, server: ServerSettings, to: string): void {
  const from = asked.tools.question.username;
  if (from === undefined || from === to) return;
  const change: Change = { kind: "set", where: appPlace(server), setting: "user name", from, to };
  say(asked, "typed.username", { about: serverText(server), values: { from, to }, changes: [change] });
}

const sourceOf = (source: Source | undefined): { readonly source: string | undefined } => ({
  source: source === undefined || source.name === "guess" ? undefined : source.at,
});

/** In the words of most apps. */
export const appPlace = ({ protocol }: Pick<ServerSettings, "protocol">): string =>
  protocol === "smtp"
    ? "the mail app, outgoing server (SMTP)"
    : `the mail app, incoming server (${protocol.toUpperCase()})`;

/** On the same host, if there is one. */
function bestMatch(server: ServerSettings, { incoming, outgoing }: Wanted): ServerSettings | undefined {
  const same = [...incoming, ...outgoing].filter(({ protocol }) => protocol === server.protocol);
  return (
    same.find((one) => sameServer(one, server)) ??
    same.find(({ host, port }) => host === server.host && port === server.port) ??
    same.find(({ host }) => host === server.host) ??
    same[0]
  );
}

/** As forms call them. */
const inForms: Readonly<Record<Setting, string>> = { host: "server", port: "port", security: "security" };

/** Of the host that was typed, as good: "or port 587 with STARTTLS". */
export function otherPlace(
  server: ServerSettings,
  should: ServerSettings,
  { incoming, outgoing }: Wanted,
): ServerSettings | undefined {
  if (server.host !== should.host) return undefined;
  return [...incoming, ...outgoing].find(
    (one) => one.protocol === should.protocol && one.host === should.host && one.port !== should.port && isUsual(one),
  );
}

/** What a source says beside what was tried counts only if it makes sense. */
const isUsual = ({ protocol, port, security }: ServerSettings): boolean =>
  usualPlaces[serverProtocolOf(protocol)].some((usual) => usual.port === port && usual.security === security);

function otherWay({ server }: Tried, should: ServerSettings, wanted: Wanted): Change[] {
  const other = otherPlace(server, should, wanted);
  if (other === undefined) return [];
  const security = securityNames[other.security];
  if (other.port === server.port) return [act("or-other-security", { security })];
  return [act("or-other-port", { port: other.port, security })];
}
