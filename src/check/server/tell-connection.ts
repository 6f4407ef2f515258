// Findings about a server's name, its addresses, and who speaks there.
import { isIP } from "node:net";
import { explain } from "../../explain/explain.ts";
import { act, finding, type Finding, type FindingId, type Found } from "../finding.ts";
import { aboutOf, changesTo, inApp, setSecurity, type Telling, valuesOf, waysOf } from "./advice.ts";
import { cameThrough, type Inspection } from "./inspect.ts";
import type { DnsFailure } from "./name.ts";
import { isOwnTrouble } from "../net/own-resolver.ts";
import { speaks } from "./other-side.ts";
import { placeText, protocolNames, securityNames, usualPlaces } from "./place.ts";
import { refusalOf } from "./refusal.ts";
import type { Visit } from "./visit.ts";

export function tellName({ place, name }: Pick<Inspection, "place" | "name">, { dnsServers }: Telling): Finding[] {
  const { host } = place;
  switch (name.kind) {
    case "found": {
      const all = [...name.v4, ...name.v6];
      const [address] = all;
      if (isIP(host) !== 0 || host === "localhost") return [];
      const values = all.length > 1 ? { addresses: all.join(", ") } : { address };
      return [finding("name.good", { about: host, values: { host, ...values } })];
    }
    case "no-such-name":
      return [finding("name.no-such", { about: host, values: { host }, changes: [act("correct-server-name")] })];
    case "no-address":
      return [finding("name.no-address", { about: host, values: { host }, changes: [act("server-address")] })];
    case "failed":
      return [dnsTrouble(host, name.failure, dnsServers)];
  }
}

function dnsTrouble(host: string, failure: DnsFailure, dnsServers: readonly string[]): Finding {
  const problem = failure.kind === "timeout" ? "no answer in time" : failure.text;
  const values = { domain: host, problem, resolver: dnsServers.join(" and ") };
  if (isOwnTrouble(failure))
    return finding("dns.own-resolver", { about: host, values, changes: [act("start-resolver")] });
  const id = failure.kind === "timeout" ? "dns.no-answer" : "dns.server-failure";
  return finding(id, { about: host, values, changes: [act("see-to-name-servers")] });
}

export function tellConnection(inspection: Omit<Inspection, "logins">): Finding[] {
  const { best, visits } = inspection;
  if (best === undefined) return [];
  const others = cameThrough(best) ? visits.filter((seen) => !cameThrough(seen)) : [];
  return [...tellBest(best, inspection), ...tellSlow(best), ...others.map((seen) => tellAddress(seen, best))];
}

function tellBest(best: Visit, inspection: Omit<Inspection, "logins">): Finding[] {
  const { failed, other, ended, greeting, inClear, abilities } = best;
  if (failed !== undefined) return [tellFailed(best, inspection)];
  if (other !== undefined) return [tellOther(best, inspection)];
  const offered = abilities ?? inClear;
  const mangled = mangledIn([greeting?.text ?? "", ...(offered?.lines ?? [])]);
  if (mangled !== undefined)
    return [say(best, "greeting.mangled", { values: { said: mangled }, changes: [act("end-inspection")] })];
  if (ended !== undefined) return [tellEnded(best)];
  if (greeting === undefined) return []; // TLS failed before it
  const refused = greeting.isGood ? (offered?.refused ?? undefined) : greeting.text;
  if (refused !== undefined) return [tellRefused(best, refused)];
  return [say(best, "connection.good", { values: { banner: greeting.text } })];
}

/** With what is known of the place; `said` knows better. */
export const say = (seen: Visit, id: FindingId, said: Partial<Found> = {}): Finding =>
  finding(id, { about: aboutOf(seen), ...said, values: { ...valuesOf(seen), ...said.values } });

function tellFailed(best: Visit, inspection: Omit<Inspection, "logins">): Finding {
  const { problem, text } = best.failed!;
  const { place, visits } = inspection;
  const ways = waysOf(inspection);
  const said = { evidence: [text], values: { problem: text, seconds: secondsIn(text), otherPort: ways[0]?.port } };
  const isSilent = visits.every(({ failed }) => failed?.problem === "timeout" || failed?.problem === "no-route");
  if (problem === "no-route") return say(best, "connection.no-network", { ...said, changes: [act("try-online")] });
  if (place.protocol === "smtp" && isSilent) {
    const { port, security } = ways[0] ?? usualPlaces.submission[0]!;
    const use = act("use-submission", { port, security: securityNames[security] });
    return say(best, "connection.port-blocked", { ...said, changes: [use, act("other-network")] });
  }
  if (ways.length > 0 && place.protocol !== "smtp")
    return say(best, "connection.other-port", { ...said, changes: changesTo(ways, place) });
  switch (problem) {
    case "refused":
      return say(best, "connection.refused", { ...said, changes: [act("start-server")] });
    case "timeout":
      return say(best, "connection.no-answer", { ...said, changes: [act("open-firewall"), act("try-online")] });
    case "reset":
    case "other":
      return say(best, "connection.resets", { ...said, changes: [act("see-server-log")] });
  }
}

const secondsIn = (text: string): string => {
  const ms = /(\d+) ms/.exec(text)?.[1];
  return ms === undefined ? "some" : String(Math.max(Math.round(Number(ms) / 1_000), 1));
};

function tellOther(best: Visit, inspection: Omit<Inspection, "logins">): Finding {
  const other = best.other!;
  const { place } = best;
  const ways = waysOf(inspection);
  switch (other.kind) {
    case "tls": {
      const changes = ways.length > 0 ? changesTo(ways, place) : [setSecurity("tls", place.security)];
      const how = place.security === "none" ? "in clear text" : "in clear text first (STARTTLS)";
      return say(best, "security.tls-expected", { values: { how }, changes });
    }
    case "web":
      return say(best, "greeting.portal", {
        values: { said: other.text },
        evidence: [other.text],
        changes: [act("open-portal")],
      });
    case "mail": {
      const { protocol, text } = other;
      if (protocol === speaks(place.protocol)) {
        const changes = ways.length > 0 ? changesTo(ways, place) : [setSecurity("starttls", place.security)];
        return say(best, "security.text-expected", { evidence: [text], changes });
      }
      const values = { spoken: protocolNames[protocol], said: text };
      const settings = ways.length > 0 ? changesTo(ways, place) : [inApp("port", usualPort(best), place.port)];
      const changes = [...settings, act("set-kind")];
      return say(best, "greeting.other-protocol", { values, evidence: [text], changes });
    }
    case "something":
      return tellNoMail(best, other.text);
  }
}

const usualPort = ({ place }: Visit): number => usualPlaces[place.protocol][0]!.port;

const tellNoMail = (seen: Visit, text: string): Finding =>
  say(seen, "greeting.not-mail", {
    values: { said: text },
    evidence: [text],
    changes: [act("see-port", { port: usualPort(seen) })],
  });

/** Before all was asked. */
export function tellEnded(seen: Visit): Finding {
  const { stage, because, text } = seen.ended!;
  const said = { values: { stage, problem: text }, evidence: [text], changes: [act("see-server-log")] };
  switch (because) {
    case "silent":
      return say(seen, "greeting.silent", said);
    case "closed":
    case "failed":
      return say(seen, "greeting.hangs-up", said);
    case "foreign":
      return tellNoMail(seen, text);
  }
}

/** It may be about us, or about everybody: explain reads the words. */
function tellRefused(seen: Visit, reply: string): Finding {
  const evidence = [reply];
  if (refusalOf(reply) === "too-many")
    return say(seen, "connection.too-many", { values: { reply }, evidence, changes: [act("fewer-connections")] });
  if (refusalOf(reply) === "failed-too-often")
    return say(seen, "connection.failed-too-often", {
      values: { reply },
      evidence,
      changes: [act("correct-everywhere")],
    });
  const { cause, summary, whoActs } = explain({ text: reply, stage: "connect" });
  const changes = [act("read-reply", { summary })];
  return say(seen, "server.refuses-us", { values: { reply }, evidence, cause, whoActs, changes });
}

/** Of a firewall that paints over what the server says: "220 ****", "250-XXXXXXXA". */
const mangledIn = (lines: readonly string[]): string | undefined =>
  lines.find((line) => /^(?:[245]\d\d[ -])?\*{6,}|^X{6,}[A-Z]?$/.test(line.trim()));

/** Longer than a server needs to look something up. */
const slowMs = 3_000;

function tellSlow(best: Visit): Finding[] {
  const { greetingMs = 0 } = best;
  if (greetingMs < slowMs) return [];
  const values = { seconds: (greetingMs / 1_000).toFixed(1) };
  return [say(best, "greeting.slow", { values, changes: [act("wait-less")] })];
}

/** One address of several that does not work. */
function tellAddress(seen: Visit, best: Visit): Finding {
  const problem = problemOf(seen);
  if (seen.failed?.problem === "no-route") return say(seen, "server.no-route", { evidence: [problem] });
  const isV6 = isIP(seen.address) === 6;
  const id = isV6 && isIP(best.address) === 4 ? "connection.ipv6-broken" : "connection.address-broken";
  const changes = [act("listen-on", { type: isV6 ? "AAAA" : "A" })];
  return say(seen, id, { about: placeText(seen.place), values: { problem }, evidence: [problem], changes });
}

function problemOf({ failed, ended, tls, greeting }: Visit): string {
  if (failed !== undefined) return failed.text;
  if (ended !== undefined) return `${ended.text} (${ended.stage})`;
  if (tls?.kind === "failed" || tls?.kind === "refused") return tls.text;
  return greeting?.text ?? "it does not work as the others do";
}
