// The inspection of one server: its name, each of its addresses, the usual other ports where it fails, and a login. Facts, as a
// value; tell.ts makes findings of them. `check server` and `check account` share it.
import type { Resolver } from "../../dns/resolver.ts";
import { isSameMail } from "./other-side.ts";
import { refusalOf } from "./refusal.ts";
import { addressesOf, lookUpName, type NameSeen } from "./name.ts";
import { isForApps, type ServerPlace, usualPlaces } from "./place.ts";
import { type Visit, visit, type Visiting, type VisitLimits } from "./visit.ts";

/** Patience of mail apps, and of a person. */
export const serverLimits = {
  connectMs: 4_000,
  /** Postfix's postscreen waits for 6 s, to see who has no patience. */
  greetingMs: 7_500,
  /** A refused login is slowed down by some seconds. */
  replyMs: 8_000,
  totalMs: 40_000,
} as const;

export type ServerLimits = VisitLimits & { readonly totalMs: number };

export interface Inspection {
  readonly place: ServerPlace;
  readonly name: NameSeen;
  /** One for each address that was tried. */
  readonly visits: readonly Visit[];
  /** Usual ports of the protocol, where none of the visits came through. */
  readonly siblings: readonly Visit[];
  /** The one that came furthest. */
  readonly best?: Visit;
  /** In the order in which they were tried: more than one only with another form of the user name. */
  readonly logins: readonly Visit[];
  /** A login was asked for. */
  readonly username?: string;
}

export interface Inspecting extends Omit<Visiting, "limits"> {
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  readonly limits: VisitLimits;
  /** Of the same person: tried once, if the login is refused as wrong. */
  readonly otherUsername?: string;
}

/** Never rejects, unless `use` does. */
export async function inspect(place: ServerPlace, inspecting: Inspecting): Promise<Inspection> {
  const name = await lookUpName(place.host, inspecting.resolver);
  const visits = await visitAll(place, name, inspecting);
  const siblings = await visitSiblings(place, visits, inspecting);
  const best = bestOf(visits);
  const logins = await logIn(best, inspecting);
  const username = inspecting.credentials?.username;
  return {
    place,
    name,
    visits,
    siblings,
    logins,
    ...(best !== undefined && { best }),
    ...(username !== undefined && { username }),
  };
}

/** Side by side, without a login. */
export const visitAll = (place: ServerPlace, name: NameSeen, visiting: Visiting): Promise<Visit[]> =>
  Promise.all(addressesOf(name).map((address) => visit(place, address, onlyLooking(visiting))));

export const onlyLooking = ({ credentials: _, use: _use, ...visiting }: Visiting): Visiting => visiting;

/** Other ways to the same server: what else speaks on this port, and the other usual ports. None where all is as it should be. */
export async function visitSiblings(
  place: ServerPlace,
  visits: readonly Visit[],
  visiting: Visiting,
): Promise<Visit[]> {
  if (visits.length === 0 || visits.some(isAsItShould)) return [];
  const { address } = visits.find(({ failed }) => failed === undefined) ?? visits[0]!;
  const { host } = place;
  const protocol = place.protocol === "smtp" ? "submission" : place.protocol;
  const usual = usualPlaces[protocol].filter(({ port }) => port !== place.port);
  const others = [...samePort(place, visits), ...usual];
  return Promise.all(others.map((other) => visit({ protocol, host, ...other }, address, onlyLooking(visiting))));
}

/** Somebody spoke there in the other way. */
function samePort({ port, security }: ServerPlace, visits: readonly Visit[]): Pick<ServerPlace, "port" | "security">[] {
  const isTls = visits.some(({ other }) => other?.kind === "tls");
  if (isTls) return [{ port, security: "tls" }];
  const isText = visits.some(({ other, place }) => isSameMail(other, place)) && security === "tls";
  const couldEncrypt = visits.some(({ inClear }) => inClear?.startTls) && security === "none";
  return isText || couldEncrypt ? [{ port, security: "starttls" }] : [];
}

const isAsItShould = (seen: Visit): boolean =>
  cameThrough(seen) && (seen.place.security !== "none" || !isForApps(seen.place));

/** It can be used as it was asked for, whatever its certificate says. */
export const cameThrough = ({ abilities }: Visit): boolean =>
  abilities !== undefined && abilities.refused === undefined;

export const bestOf = (visits: readonly Visit[]): Visit | undefined =>
  visits.toSorted((a, b) => progressOf(b) - progressOf(a))[0];

const progressOf = (seen: Visit): number =>
  [seen.failed === undefined, seen.greeting?.isGood, seen.inClear, seen.abilities, cameThrough(seen)].filter(Boolean)
    .length;

/** At the best address; once more with another name only where the name or the password was wrong. */
export async function logIn(best: Visit | undefined, inspecting: Inspecting): Promise<Visit[]> {
  const { credentials, otherUsername } = inspecting;
  if (best === undefined || credentials === undefined || !cameThrough(best)) return [];
  const first = await visit(best.place, best.address, inspecting);
  const isWrong = first.login?.kind === "refused" && refusalOf(first.login.text) === "wrong";
  if (!isWrong || otherUsername === undefined || otherUsername === credentials.username) return [first];
  const second = { ...inspecting, credentials: { ...credentials, username: otherUsername } };
  return [first, await visit(best.place, best.address, second)];
}
