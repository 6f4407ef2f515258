// Findings about what a server offers to mail apps, and about a login. RFC 4954, RFC 5530, RFC 7628.
import { act, type Change, type Finding } from "../finding.ts";
import type { Abilities, LoginSeen } from "../net/mail-talk.ts";
import { changesTo, inApp, setSecurity, waysOf } from "./advice.ts";
import { cameThrough, type Inspection } from "./inspect.ts";
import { isForApps, protocolNames, type ServerPlace, usualPlaces } from "./place.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { say, tellEnded } from "./tell-connection.ts";
import type { Visit } from "./visit.ts";

export function tellAbilities(inspection: Omit<Inspection, "logins">): Finding[] {
  const { best } = inspection;
  if (best?.abilities === undefined || !cameThrough(best)) return [];
  const { abilities, place } = best;
  if (!isForApps(place)) return abilities.isOld ? [say(best, "server.no-ehlo", { changes: [act("new-server")] })] : [];
  const old = abilities.isOld ? [say(best, "abilities.old", { changes: [act("see-server-log")] })] : [];
  const evidence = abilities.lines.slice(0, 20);
  const logins = loginsOf(abilities, place);
  if (logins.length === 0) return [...old, tellNoLogin(best, inspection)];
  if (isOnlyOauth(abilities))
    return [...old, say(best, "abilities.only-oauth", { evidence, changes: [act("use-oauth")] })];
  const values = { logins: logins.join(", "), size: sizeIn(abilities) };
  return [...old, say(best, "abilities.good", { values, evidence })];
}

/** By name, as the protocol calls them. */
const loginsOf = ({ mechanisms, plainLogin }: Abilities, { protocol }: ServerPlace): string[] => [
  ...new Set([...mechanisms, ...(plainLogin ? [protocol === "pop3" ? "USER" : "LOGIN"] : [])]),
];

const oauth = new Set(["XOAUTH2", "OAUTHBEARER"]);

const isOnlyOauth = ({ mechanisms, plainLogin }: Pick<Abilities, "mechanisms" | "plainLogin">): boolean =>
  !plainLogin && mechanisms.length > 0 && mechanisms.every((mechanism) => oauth.has(mechanism));

/** RFC 1870 §3 */
function sizeIn({ lines }: Abilities): string | undefined {
  const bytes = lines.map((line) => /^SIZE (\d+)$/i.exec(line.trim())?.[1]).find((size) => size !== undefined);
  return bytes === undefined || bytes === "0" ? undefined : `${Math.floor(Number(bytes) / 1_000_000)} MB`;
}

/** Without TLS it may offer none for that very reason. */
function tellNoLogin(best: Visit, inspection: Pick<Inspection, "siblings">): Finding {
  const { place, abilities, tls } = best;
  const { lines } = abilities!;
  const isHeldBack = tls === undefined && (abilities!.startTls || waysOf(inspection).length > 0);
  const evidence = lines.slice(0, 20);
  if (isHeldBack) return say(best, "login.needs-tls", { evidence, changes: encrypting(best, inspection) });
  const values = { offered: lines.slice(0, 20).join(", ") || undefined };
  const changes = [act("offer-login"), act("see-port", { port: usualPlaces[place.protocol][0]!.port })];
  return say(best, "abilities.no-login", { values, evidence, changes });
}

function encrypting({ place, inClear }: Visit, inspection: Pick<Inspection, "siblings">): Change[] {
  const ways = waysOf(inspection).filter(({ security }) => security !== "none");
  if (ways.length > 0) return changesTo(ways, place);
  if (inClear?.startTls && place.security === "none") return [setSecurity("starttls", place.security)];
  const usual = usualPlaces[place.protocol][0]!;
  return changesTo([{ ...place, ...usual }], place);
}

/** One finding for a login that was asked for; the words of `username` that works, of two that were tried. */
export function tellLogin(inspection: Inspection): Finding[] {
  const { best, logins, username, place } = inspection;
  if (username === undefined) return [];
  const values = { username };
  const last = logins.at(-1);
  const about = { about: `${place.host}:${place.port}`, values };
  if (best === undefined) return [];
  if (last === undefined) return [say(best, "login.not-tried", about)];
  const [first] = logins;
  const { login } = last;
  if (login?.kind === "accepted" && login.username !== username) {
    const works = login.username;
    const refused = first?.login?.kind === "refused" ? [first.login.text] : [];
    const changes = [inApp("the user name", works, username)];
    return [say(last, "login.other-name", { values: { username, works }, evidence: refused, changes })];
  }
  if (login === undefined) return [last.ended === undefined ? say(last, "login.not-tried", about) : tellEnded(last)];
  return [tellOne(logins.find((seen) => seen.login !== undefined) ?? last, inspection)];
}

function tellOne(seen: Visit, inspection: Inspection): Finding {
  const login = seen.login!;
  const { username } = login;
  switch (login.kind) {
    case "accepted":
      return say(seen, "login.good", { values: { username, mechanism: login.mechanism } });
    case "refused":
      return tellRefusal(seen, login, inspection);
    case "no-way": {
      const { offered } = login;
      const values = { username };
      if (isOnlyOauth({ mechanisms: offered, plainLogin: false }))
        return say(seen, "login.oauth", { values, evidence: [...offered], changes: [act("use-oauth")] });
      // that none is offered is told with what the server offers
      if (offered.length === 0) return say(seen, "login.not-tried", { values });
      const named = { ...values, offered: offered.join(", ") };
      return say(seen, "login.no-mechanism", { values: named, changes: [act("offer-plain")] });
    }
    case "not-tried":
      return login.because === "clear-text"
        ? say(seen, "login.clear-text", { values: { username }, changes: [act("encrypt-first")] })
        : say(seen, "login.unproven", { values: { username }, changes: [act("see-certificate")] });
  }
}

function tellRefusal(
  seen: Visit,
  { username, text: reply }: Extract<LoginSeen, { kind: "refused" }>,
  inspection: Inspection,
): Finding {
  const refusal = refusalOf(reply);
  const protocol = protocolNames[seen.place.protocol];
  const refused = inspection.logins.flatMap(({ login }) => (login?.kind === "refused" ? [login.username] : []));
  const changes = refusal === "needs-tls" ? encrypting(seen, inspection) : changesFor(refusal, username, refused);
  const values = { username: refused.length > 1 ? refused.join(" and ") : username, reply, protocol };
  return say(seen, `login.${refusal}`, { values, evidence: [reply], changes });
}

/** `refused`: all names that were tried. */
function changesFor(refusal: Exclude<Refusal, "needs-tls">, username: string, refused: readonly string[]): Change[] {
  const local = username.split("@")[0]!;
  const other = username.includes("@") ? local : "with @ and your domain behind it";
  switch (refusal) {
    case "wrong":
      return [
        act("type-again"),
        ...(refused.length > 1 ? [] : [act("other-username", { other })]),
        act("make-app-password"),
      ];
    case "oauth":
      return [act("use-oauth")];
    case "app-password":
      return [act("make-app-password")];
    case "switched-off":
      return [act("switch-on")];
    case "switched-off-by-admin":
      return [act("ask-admin")];
    case "browser":
      return [act("log-in-browser")];
    case "locked":
    case "contact-admin":
      return [act("ask-provider")];
    case "expired":
      return [act("new-password")];
    case "too-many":
      return [act("fewer-connections"), act("wait-and-retry")];
    case "failed-too-often":
      return [act("correct-everywhere")];
    case "in-use":
      return [act("close-other")];
    case "unavailable":
      return [act("wait-and-retry"), act("ask-provider")];
  }
}
