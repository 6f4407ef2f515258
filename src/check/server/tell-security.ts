// Findings about encryption: TLS, what the certificate says and whether a mail app would accept it, clocks. RFC 8314, RFC 9525.
import { certificateProblems } from "../domain/tls.ts";
import { act, type Change, type Finding, type FindingId } from "../finding.ts";
import type { TlsSeen } from "../net/connector.ts";
import { changesTo, inApp, type Telling, waysOf } from "./advice.ts";
import { type ClockSeen, clockOf } from "./clock.ts";
import { cameThrough, type Inspection } from "./inspect.ts";
import { isForApps, usualPlaces } from "./place.ts";
import { say } from "./tell-connection.ts";
import type { Visit } from "./visit.ts";

export function tellSecurity(inspection: Omit<Inspection, "logins">, { now }: Telling): Finding[] {
  const { best, visits } = inspection;
  if (best === undefined) return [];
  const told = tellOf(best, inspection, now);
  const others = visits.filter((seen) => seen !== best && cameThrough(best) && cameThrough(seen));
  // other addresses of it: only what is worse there
  const more = others.flatMap((seen) => tellOf(seen, inspection, now)).filter(({ level }) => level !== "good");
  return [...told, ...more.filter(({ id }) => !told.some((one) => one.id === id))];
}

function tellOf(seen: Visit, inspection: Omit<Inspection, "logins">, now: number): Finding[] {
  const { tls, place, inClear, other } = seen;
  const clock = clockOf(seen, now);
  const clocks = tellClock(seen, clock, now);
  if (tls === undefined) {
    if (place.security === "none" && isForApps(place) && cameThrough(seen))
      return [...clocks, tellNone(seen, inspection)];
    const isMissing = place.security === "starttls" && inClear?.startTls === false && inClear.refused === undefined;
    return isMissing && !inClear.lines.some((line) => /^X{6,}/.test(line)) ? [tellMissing(seen, inspection)] : clocks;
  }
  switch (tls.kind) {
    case "secured":
      return [...clocks, ...tellCertificate(seen, tls.tls, { now, isClockWrong: clock?.whose === "ours" })];
    case "refused": {
      const id = isForApps(place) ? "security.refused" : "tls.refused";
      const { text: reply } = tls;
      return [...clocks, say(seen, id, { values: { reply }, evidence: [reply], changes: [act("see-tls")] })];
    }
    case "failed":
      if (other !== undefined) return []; // who speaks there is told already
      return [...clocks, tellHandshake(seen, tls.text), ...tellOldCertificate(seen, now)];
  }
}

function tellHandshake(seen: Visit, problem: string): Finding {
  const { oldTls, place } = seen;
  const evidence = [problem];
  if (oldTls?.kind === "secured") {
    const { version } = oldTls.tls;
    const id = isForApps(place) ? "security.old-version" : "tls.old-version";
    return say(seen, id, { values: { version }, evidence, changes: [act("new-tls")] });
  }
  const id = isForApps(place) ? "security.handshake" : "tls.handshake";
  return say(seen, id, { values: { problem }, evidence, changes: [act("see-tls")] });
}

/** What is wrong with it stays so when TLS is renewed. */
const tellOldCertificate = (seen: Visit, now: number): Finding[] =>
  seen.oldTls?.kind === "secured"
    ? tellCertificate(seen, seen.oldTls.tls, { now, isClockWrong: false }).filter(({ level }) => level !== "good")
    : [];

function tellNone(seen: Visit, inspection: Omit<Inspection, "logins">): Finding {
  const ways = waysOf(inspection);
  if (ways.length > 0) return say(seen, "security.none", { changes: changesTo(ways, seen.place) });
  const changes = [act("start-tls-there", { port: usualPlaces[seen.place.protocol][0]!.port })];
  return say(seen, "security.none", { changes, whoActs: "recipient-admin" });
}

function tellMissing(seen: Visit, inspection: Omit<Inspection, "logins">): Finding {
  const { place } = seen;
  const evidence = seen.inClear!.lines.slice(0, 20);
  if (!isForApps(place)) return say(seen, "tls.not-offered", { evidence, changes: [act("offer-tls")] });
  const ways = waysOf(inspection);
  const changes =
    ways.length > 0 ? changesTo(ways, place) : [act("start-tls-there", { port: usualPlaces[place.protocol][0]!.port })];
  return say(seen, "security.no-starttls", { evidence, changes, ...(ways.length > 0 && { whoActs: "sender" }) });
}

/** Of what `check domain` finds in a certificate, as it is for mail apps. */
const forApps = {
  "tls.expired": "certificate.expired",
  "tls.expires-soon": "certificate.expires-soon",
  "tls.not-yet-valid": "certificate.not-yet-valid",
  "tls.other-name": "certificate.other-name",
  "tls.self-signed": "certificate.self-signed",
  "tls.not-trusted": "certificate.not-trusted",
} as const satisfies Partial<Record<FindingId, FindingId>>;

const isForAppsId = (id: FindingId): id is keyof typeof forApps => Object.hasOwn(forApps, id);

function tellCertificate(
  seen: Visit,
  tls: TlsSeen,
  { now, isClockWrong }: { readonly now: number; readonly isClockWrong: boolean },
): Finding[] {
  const { place } = seen;
  const { host } = place;
  const evidence = evidenceOf(tls);
  const product = productIn(tls);
  if (product !== undefined)
    return [say(seen, "certificate.scanner", { values: { product }, evidence, changes: [act("trust-scanner")] })];
  const problems = certificateProblems(tls, { host, now }).filter(
    ({ id }) => !isClockWrong || (id !== "tls.expired" && id !== "tls.not-yet-valid"),
  );
  if (problems.length === 0 && !isClockWrong)
    return [say(seen, isForApps(place) ? "security.good" : "tls.good", { values: goodValues(tls, now), evidence })];
  return problems.map(({ id, values, changes }) => {
    const isOurs = isForApps(place) && isForAppsId(id);
    const todo = isOurs && id === "tls.other-name" ? nameChanges(tls, host) : changes;
    return say(seen, isOurs ? forApps[id] : id, { values, evidence, changes: todo });
  });
}

/** The server is mostly right, and has another name. */
function nameChanges({ chain }: TlsSeen, host: string): Change[] {
  const names = chain[0]?.names ?? [];
  const plain = names.filter((name) => !name.includes("*"));
  const mine =
    plain.length === 1 && names.length === 1
      ? inApp("the server name", plain[0]!, host)
      : act("own-name", { names: names.join(", ") });
  return names.length === 0 ? [act("own-certificate")] : [mine, act("own-certificate")];
}

/** Marks of programs and devices that open encrypted connections; what a public authority vouches for is none of theirs. */
const products =
  /avast|avg|eset|kaspersky|bitdefender|norton|mcafee|mail ?shield|forti(?:net|gate)|sophos|g ?data|zscaler|netskope|palo ?alto|check ?point|cisco umbrella|barracuda|watchguard|untangle|adguard|dr\.? ?web|f-secure|trend ?micro|bullguard|blue ?coat|symantec|panda security|securly/i;

const productIn = ({ distrust, chain }: TlsSeen): string | undefined =>
  distrust === undefined ? undefined : chain.map(({ issuer }) => issuer).find((issuer) => products.test(issuer));

const dayMs = 86_400_000;

const goodValues = ({ version, chain }: TlsSeen, now: number): Readonly<Record<string, string | number>> => ({
  version,
  name: chain[0]?.names.join(", ") ?? "",
  issuer: chain[0]?.issuer ?? "",
  days: Math.floor(((chain[0]?.validTo ?? now) - now) / dayMs),
});

const evidenceOf = ({ version, cipher, chain }: TlsSeen): string[] => [
  `${version} ${cipher}`,
  ...chain.map(({ subject, issuer }) => `${subject}, by ${issuer}`),
];

function tellClock(seen: Visit, clock: ClockSeen | undefined, now: number): Finding[] {
  if (clock === undefined) return [];
  const { whose, theirs } = clock;
  const values = { ours: timeText(now), ...(theirs !== undefined && { theirs: timeText(theirs) }) };
  const evidence = [seen.greeting?.text ?? ""];
  return whose === "ours"
    ? [say(seen, "clock.wrong", { values, evidence, changes: [act("set-clock")] })]
    : [say(seen, "clock.server", { values, evidence, changes: [act("set-server-clock")] })];
}

const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
