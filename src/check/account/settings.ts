// What should stand in the mail app: all sources put together, and where they contradict one another.
import type { AppProtocol, AppSettings, ServerSettings } from "../../autoconfig/settings.ts";
import { type DnsFailure, isFailure } from "../../dns/answer.ts";
import { act } from "../finding.ts";
import { isDead, isOwnTrouble } from "../net/own-resolver.ts";
import type { Asked } from "../run.ts";
import { hasAddress } from "./dns-names.ts";
import { guess } from "./guess.ts";
import { isPublicDirectory, mending } from "./mending.ts";
import { accountCheck, type AccountTools, say, type Source, type Wanted } from "./question.ts";
import { sameServer, serverText } from "./typed.ts";

export const settings = accountCheck({
  name: "settings",
  needs: ["autoconfig", "autodiscover", "srv", "directory"],
  async run(asked, { autoconfig, autodiscover, srv, directory }): Promise<Wanted> {
    const { own, domain, typed } = asked.tools.question;
    const ours: Source[] = own === undefined ? [] : [{ name: "own", at: "waybill.toml", settings: own }];
    // the domain's own word counts more than what a directory once learned about it
    const said = [...ours, ...[autoconfig, autodiscover, srv, directory].flatMap(({ sources }) => sources)];
    for (const source of said) await tellOf(asked, source);
    tellContradictions(asked, said);
    tellWhoHeard(asked);
    if (said.length > 0) return wantedOf(said);
    const mx = await asked.tools.resolver.mx(domain);
    if (isFailure(mx)) {
      tellDnsTrouble(asked, mx);
      return { isDnsSilent: true, incoming: [], outgoing: [], vouchedHosts: [] };
    }
    if (mx.kind === "no-such-domain") {
      say(asked, "domain.no-such-domain", { about: domain, whoActs: "sender", changes: [act("check-own-address")] });
      return { hasNoDomain: true, incoming: [], outgoing: [], vouchedHosts: [] };
    }
    say(asked, "settings.none", { about: domain, changes: [act("offer-settings")] });
    const guessed: Source = { name: "guess", at: domain, settings: await guess(asked) };
    const servers = listOf(guessed.settings);
    if (servers !== "") say(asked, "settings.guessed", { about: domain, values: { servers } });
    else if (typed.length === 0)
      say(asked, "settings.nothing-to-try", { about: domain, changes: [act("type-settings")] });
    return wantedOf(servers === "" ? [] : [guessed]);
  },
});

/** Nothing is known then, and nobody is told to mend anything. */
function tellDnsTrouble(asked: Asked<AccountTools>, failure: DnsFailure): void {
  const { resolver, dnsServers, question } = asked.tools;
  const problem = failure.kind === "timeout" ? "no answer in time" : failure.text;
  const said = {
    about: question.domain,
    level: "unknown",
    values: { problem, resolver: dnsServers.join(" and ") },
    evidence: [problem],
  } as const;
  if (isOwnTrouble(failure) || isDead(resolver.questions))
    return say(asked, "dns.own-resolver", { ...said, changes: [act("try-online"), act("start-resolver")] });
  const id = failure.kind === "timeout" ? "dns.no-answer" : "dns.server-failure";
  say(asked, id, { ...said, changes: [act("see-to-name-servers")] });
}

function tellWhoHeard(asked: Asked<AccountTools>): void {
  const { heard, question } = asked.tools;
  const { directory } = question;
  const values = { hosts: [...heard].join(", "), directory: directory && new URL(directory).host };
  if (heard.size > 0) say(asked, "settings.asked", { values });
}

function wantedOf(sources: readonly Source[]): Wanted {
  const incoming = sources.find((source) => source.settings.incoming.length > 0);
  const outgoing = sources.find((source) => source.settings.outgoing.length > 0);
  const source = incoming ?? outgoing;
  return {
    ...(source !== undefined && { source }),
    incoming: reachableFirst(incoming?.settings.incoming ?? []),
    outgoing: reachableFirst(outgoing?.settings.outgoing ?? []),
    vouchedHosts: sources
      .filter(({ isForgeable }) => isForgeable === undefined)
      .flatMap(({ settings: said }) => serversOf(said).map(({ host }) => host)),
  };
}

/** Some providers have servers for their own network only, and name them first. */
const reachableFirst = (servers: readonly ServerSettings[]): ServerSettings[] =>
  servers.toSorted((a, b) => Number(a.fromItsNetworkOnly ?? false) - Number(b.fromItsNetworkOnly ?? false));

const serversOf = ({ incoming, outgoing }: AppSettings): readonly ServerSettings[] => [...incoming, ...outgoing];

const listOf = (settings: AppSettings): string => serversOf(settings).map(serverText).join(", ");

async function tellOf(asked: Asked<AccountTools>, source: Source): Promise<void> {
  const { at, settings: said } = source;
  const servers = serversOf(said);
  const about = at;
  const where = { url: at };
  if (said.incoming.length === 0 || said.outgoing.length === 0) {
    const missing = said.incoming.length === 0 ? "receiving" : "sending";
    say(asked, "settings.incomplete", { about, values: { ...where, missing }, changes: [mending(source)] });
  }
  for (const server of servers.filter(({ security }) => security === "none")) {
    const values = { ...where, server: serverText(server) };
    say(asked, "settings.unencrypted", { about, values, changes: [mending(source)] });
  }
  const hosts = [...new Set(servers.map(({ host }) => host))];
  const known = await Promise.all(hosts.map((host) => hasAddress(asked, host)));
  for (const host of hosts.filter((_host, i) => known[i] === "no"))
    say(asked, "settings.no-such-host", {
      about,
      values: { ...where, host },
      changes: [act("mend-host", { host, url: at })],
    });
  say(asked, "settings.found", { about, values: { ...where, servers: listOf(said) } });
}

const protocols: readonly AppProtocol[] = ["imap", "pop3", "smtp"];

/** Each source is compared with the best; one of the mail's provider is for many domains, and not compared. */
function tellContradictions(asked: Asked<AccountTools>, sources: readonly Source[]): void {
  const [best, ...others] = sources;
  if (best === undefined) return;
  for (const other of others.filter(({ name }) => name !== "directory-mx")) {
    const found = contradiction(best, other);
    if (found === undefined) continue;
    const id = isPublicDirectory(other) ? "settings.directory-differs" : "settings.contradict";
    const values = { one: best.at, other: other.at, what: found[0], first: found[1], second: found[2] };
    say(asked, id, { about: asked.tools.question.domain, values, changes: [mending(other)] });
  }
}

/** What it is about, what one says and what the other. */
function contradiction(one: Source, other: Source): [string, string, string] | undefined {
  for (const protocol of protocols) {
    const ours = serversOf(one.settings).filter((server) => server.protocol === protocol);
    const theirs = serversOf(other.settings).filter((server) => server.protocol === protocol);
    if (ours.length === 0 || theirs.length === 0) continue;
    const word = protocol.toUpperCase();
    const hosts = (servers: readonly ServerSettings[]): string =>
      [...new Set(servers.map(({ host }) => host))].join(", ");
    if (!ours.some(({ host }) => theirs.some((their) => their.host === host)))
      return [`the ${word} server`, hosts(ours), hosts(theirs)];
    const otherSecurity = pairs(ours, theirs).find(([a, b]) => a.port === b.port && a.security !== b.security);
    if (otherSecurity !== undefined)
      return [`the security of the ${word} server`, serverText(otherSecurity[0]), serverText(otherSecurity[1])];
    const same = pairs(ours, theirs).find(
      ([a, b]) => sameServer(a, b) && a.username !== undefined && b.username !== undefined && a.username !== b.username,
    );
    if (same !== undefined) return [`the user name (${word})`, same[0].username!, same[1].username!];
  }
  return undefined;
}

/** Of one host. */
const pairs = (
  ours: readonly ServerSettings[],
  theirs: readonly ServerSettings[],
): [ServerSettings, ServerSettings][] =>
  ours.flatMap((a) => theirs.flatMap((b): [ServerSettings, ServerSettings][] => (a.host === b.host ? [[a, b]] : [])));
