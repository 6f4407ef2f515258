// One server of a mail app, tried as the app would: what came of it, and what is in its way. Facts; findings and the verdict
// are made of them.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { Asked } from "../run.ts";
import { cameThrough, inspect, type Inspection } from "../server/inspect.ts";
import { isSameMail } from "../server/other-side.ts";
import { isForApps, type ServerPlace } from "../server/place.ts";
import { type Refusal, refusalOf } from "../server/refusal.ts";
import { type AppTalk, isProven, type Visit } from "../server/visit.ts";
import { isOfDomain } from "./dns-names.ts";
import { serverProtocolOf } from "./guess.ts";
import type { AccountQuestion, AccountTools, Wanted } from "./question.ts";
import { differencesOf, sameServer } from "./typed.ts";

export interface Tried {
  readonly server: ServerSettings;
  /** It stands in the person's app; if not, it is what should stand there. */
  readonly isTyped: boolean;
  readonly inspection: Inspection;
  /** Absent: nothing is in its way, as far as it was tried. */
  readonly problem?: Problem;
  /** That was accepted; absent: none was, or none was tried. */
  readonly username?: string;
  /** What to set in its place, with nothing in its way. */
  readonly instead?: ServerSettings;
  /** The password was not for it. */
  readonly isKeptFrom?: true;
}

/** What stands in the way, in the order in which an app meets it. */
export type Problem =
  | { readonly kind: "no-such-name" | "dns" | "no-network" | "unreachable" | "not-mail" }
  | { readonly kind: "tls-expected" | "text-expected" | "no-starttls" | "no-tls" | "certificate" | "clear-text" }
  | { readonly kind: "turned-away" | "broken-off" | "no-login"; readonly reply: string }
  | { readonly kind: "login"; readonly refusal: Refusal; readonly reply: string }
  /** The login works with another name. */
  | { readonly kind: "username"; readonly username: string; readonly works: string }
  /** Logged in; `full`: no room for mail; `limit`: too much was sent. */
  | { readonly kind: "inbox" | "full" | "limit" | "sender" | "recipient" | "content"; readonly reply: string };

/** Told by what is done once logged in. */
export type Use = (talk: AppTalk) => Promise<Problem | undefined>;

/** Tries a server, and if it cannot be used so, what else was said or is usual. Never rejects. */
export async function tryServer(
  asked: Asked<AccountTools>,
  trying: { readonly server: ServerSettings; readonly wanted: Wanted; readonly use: Use },
): Promise<Tried> {
  const { server, wanted } = trying;
  const { typed, password } = asked.tools.question;
  const first = await tryOne(asked, trying);
  const { problem, inspection } = first;
  const tried = { ...first, isTyped: typed.includes(server) };
  if (problem === undefined) return tried;
  if (problem.kind === "username" || isPastLogin(problem)) return tried;
  const others = [...wanted.incoming, ...wanted.outgoing].filter(
    (other) => other.protocol === server.protocol && !sameServer(other, server),
  );
  // a password that one server refused may be tried at another host only: the same would count it as one more wrong login
  const candidates = others
    .filter(({ host }) => problem.kind !== "login" || host !== server.host)
    .toSorted((a, b) => differencesOf(server, a).length - differencesOf(server, b).length)
    .slice(0, 2);
  for (const other of candidates) {
    const second = await tryOne(asked, { ...trying, server: other });
    const isBetter = second.problem === undefined || (password !== undefined && isPastLogin(second.problem));
    if (isBetter) return { ...tried, instead: withUsername(other, second.username) };
  }
  const beside = besides(inspection, server);
  return beside === undefined ? tried : { ...tried, instead: beside };
}

const isPastLogin = ({ kind }: Problem): boolean =>
  kind === "inbox" ||
  kind === "full" ||
  kind === "limit" ||
  kind === "sender" ||
  kind === "recipient" ||
  kind === "content";

const withUsername = (server: ServerSettings, username: string | undefined): ServerSettings => ({
  ...server,
  ...(username !== undefined && { username }),
});

async function tryOne(
  asked: Asked<AccountTools>,
  { server, wanted, use }: { readonly server: ServerSettings; readonly wanted: Wanted; readonly use: Use },
): Promise<Omit<Tried, "isTyped">> {
  const { tools, signal } = asked;
  const { connector, world, resolver, question } = tools;
  const { hello, limits, password, isUnprovenFine = false } = question;
  const { username, other } = usernamesFor(question, server, wanted);
  const mayKnow = mayHavePassword(question, server, wanted);
  let found: Problem | undefined;
  const inspection = await inspect(placeOf(server), {
    connector,
    world,
    resolver,
    hello,
    limits,
    signal,
    isUnprovenFine,
    ...(password !== undefined && mayKnow && { credentials: { username, password } }),
    ...(other !== undefined && { otherUsername: other }),
    use: async (talk) => void (found = await use(talk)),
  });
  const accepted = inspection.logins.find(({ login }) => login?.kind === "accepted")?.login?.username;
  const problem = problemOf(inspection, { now: world.now(), first: username, accepted, isUnprovenFine }) ?? found;
  return {
    server: withUsername(server, accepted ?? server.username),
    inspection,
    ...(password !== undefined && !mayKnow && { isKeptFrom: true }),
    ...(problem !== undefined && { problem }),
    ...(accepted !== undefined && { username: accepted }),
  };
}

/**
 * A certificate proves whose server it is, and not that it is the right one. RFC 6186 §6: where only DNS says so, and it belongs
 * to others, the person has to. Without encryption it is for nobody else to say at all: a name may lead to 127.0.0.1.
 */
function mayHavePassword(
  { typed, domain }: AccountQuestion,
  server: ServerSettings,
  { vouchedHosts }: Wanted,
): boolean {
  if (server.security === "none") return typed.includes(server);
  const { host } = server;
  return typed.some((one) => one.host === host) || vouchedHosts.includes(host) || isOfDomain(host, domain);
}

export const placeOf = ({ protocol, host, port, security }: ServerSettings): ServerPlace => ({
  protocol: serverProtocolOf(protocol),
  host,
  port,
  security,
});

/** What was typed, then what the settings say, then the address; and the one other form that may be tried. RFC 6186 §4 */
export function usernamesFor(
  { username: typed, address, localPart }: AccountQuestion,
  server: ServerSettings,
  wanted: Wanted,
): { readonly username: string; readonly other?: string } {
  const said = saidUsername(server, wanted);
  const username = typed ?? said ?? address;
  const other = said ?? (username === address ? localPart : address);
  return other === username ? { username } : { username, other };
}

/** By those who know the settings; undefined: nobody says it. */
export const saidUsername = (server: ServerSettings, { incoming, outgoing }: Wanted): string | undefined =>
  server.username ??
  [...incoming, ...outgoing].find(({ username, protocol }) => username !== undefined && protocol === server.protocol)
    ?.username;

interface Judging {
  readonly now: number;
  /** The user name that was tried first. */
  readonly first: string;
  readonly accepted: string | undefined;
  readonly isUnprovenFine: boolean;
}

/** Undefined: an app gets as far as it was tried. */
function problemOf(
  { name, best, logins }: Inspection,
  { now, first, accepted, isUnprovenFine }: Judging,
): Problem | undefined {
  if (name.kind === "no-such-name" || name.kind === "no-address") return { kind: "no-such-name" };
  if (name.kind === "failed" || best === undefined) return { kind: "dns" };
  const onTheWay = problemOnTheWay(best, isUnprovenFine ? undefined : now);
  if (onTheWay !== undefined) return onTheWay;
  if (accepted !== undefined) {
    const last = logins.at(-1);
    if (last?.ended !== undefined) return { kind: "broken-off", reply: last.ended.text };
    return accepted === first ? undefined : { kind: "username", username: first, works: accepted };
  }
  const login = logins[0]?.login;
  const ended = logins[0]?.ended ?? best.ended;
  if (login === undefined) return ended === undefined ? undefined : { kind: "broken-off", reply: ended.text };
  switch (login.kind) {
    case "accepted":
      return undefined;
    case "refused":
      return { kind: "login", refusal: refusalOf(login.text), reply: login.text };
    case "no-way":
      return isOnlyOauth(login.offered)
        ? { kind: "login", refusal: "oauth", reply: login.offered.join(" ") }
        : { kind: "no-login", reply: login.offered.join(" ") };
    case "not-tried":
      return { kind: login.because === "clear-text" ? "clear-text" : "certificate" };
  }
}

const isOnlyOauth = (mechanisms: readonly string[]): boolean =>
  mechanisms.some((mechanism) => mechanism === "XOAUTH2" || mechanism === "OAUTHBEARER");

/** Up to the login; `now`: to look at the certificate, too. */
function problemOnTheWay(best: Visit, now: number | undefined): Problem | undefined {
  const { failed, greeting, tls, other, inClear, abilities, ended, place } = best;
  if (failed !== undefined) return { kind: failed.problem === "no-route" ? "no-network" : "unreachable" };
  if (other !== undefined) {
    if (other.kind === "tls") return { kind: "tls-expected" };
    if (isSameMail(other, place) && place.security === "tls") return { kind: "text-expected" };
    return { kind: "not-mail" };
  }
  if (tls !== undefined && tls.kind !== "secured") return { kind: "no-tls" };
  if (greeting !== undefined && !greeting.isGood) return { kind: "turned-away", reply: greeting.text };
  const refused = abilities?.refused ?? inClear?.refused;
  if (refused !== undefined) return { kind: "turned-away", reply: refused };
  if (place.security === "starttls" && inClear?.startTls === false) return { kind: "no-starttls" };
  if (now !== undefined && tls?.kind === "secured" && !isProven(tls.tls, now)) return { kind: "certificate" };
  if (!cameThrough(best)) return { kind: "broken-off", reply: ended?.text ?? "" };
  return place.security === "none" && isForApps(place) ? { kind: "clear-text" } : undefined;
}

/** Another port or security of the same host, with which it answers as it should. */
function besides({ place, best, siblings }: Inspection, server: ServerSettings): ServerSettings | undefined {
  if (best?.other?.kind === "tls") return { ...server, security: "tls" };
  if (place.security === "none" && best?.inClear?.startTls) return { ...server, security: "starttls" };
  const isText = isSameMail(best?.other, place) && place.security === "tls";
  const found = siblings.find((seen) => cameThrough(seen) && seen.tls?.kind === "secured")?.place;
  if (found !== undefined) return { ...server, port: found.port, security: found.security };
  return isText ? { ...server, security: "starttls" } : undefined;
}
