// The MX records of a domain, and the addresses they lead to. RFC 5321 §5.1, RFC 7505, RFC 2181 §10.3.
import { isIP } from "node:net";
import { isLoopback } from "../../base/networks.ts";
import { addressesOf, recordsIn } from "../../dns/answer.ts";
import type { MxRecord } from "../../dns/resolver.ts";
import type { DnsRecord } from "../dns-record.ts";
import { act, type Change, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isOwnTrouble, sayTrouble } from "./dns-trouble.ts";
import { domainCheck, type DomainTools, type MxFacts, say, type Target } from "./question.ts";

export const mx = domainCheck({
  name: "mx",
  async run(asked): Promise<MxFacts> {
    const { resolver, question } = asked.tools;
    const { domain } = question;
    const answer = await resolver.mx(domain);
    if (answer.kind === "found" || answer.kind === "no-data") await tellOfAlias(domain, asked);
    switch (answer.kind) {
      case "found":
        return lookAtRecords(asked, answer.records);
      case "no-such-domain":
        say(asked, "domain.no-such-domain", { changes: [act("correct-domain")] });
        return nobody("no-such-domain");
      case "no-data":
        return implicit(asked);
      case "server-failure":
        if (await isBogus(domain, asked)) {
          say(asked, "dnssec.broken", { evidence: [answer.text], changes: [act("mend-dnssec")] });
          return nobody("unknown");
        }
        sayTrouble(asked, domain, answer);
        return nobody(isOwnTrouble(answer) ? "no-resolver" : "unknown");
      case "timeout":
        sayTrouble(asked, domain, answer);
        return nobody("unknown");
    }
  },
});

const nobody = (kind: MxFacts["kind"]): MxFacts => ({ kind, hosts: [] });

const mxRecord = (domain: string, host: string, preference = 10): DnsRecord => ({
  name: domain,
  type: "MX",
  value: `${preference} ${host}`,
});

/** RFC 4035 §5.5: a validating resolver answers SERVFAIL, and hands the records out to who does not want them checked. */
async function isBogus(domain: string, { tools }: Asked<DomainTools>): Promise<boolean> {
  const { answer } = await tools.raw.ask(domain, "MX", "unchecked");
  return answer.kind === "found" || answer.kind === "no-data";
}

async function tellOfAlias(domain: string, asked: Asked<DomainTools>): Promise<void> {
  const target = await aliasOf(domain, "MX", asked.tools);
  if (target !== undefined)
    say(asked, "domain.alias", { values: { target }, changes: [act("own-records", { target })] });
}

function lookAtRecords(asked: Asked<DomainTools>, records: readonly MxRecord[]): MxFacts {
  const { domain } = asked.tools.question;
  const sorted = records.toSorted((a, b) => a.preference - b.preference);
  const hosts = [...new Set(sorted.map(({ exchange }) => exchange))].filter((exchange) => exchange !== "");
  if (hosts.length === 0) {
    say(asked, "mx.null");
    return nobody("null");
  }
  const evidence = sorted.map(({ preference, exchange }) => `${domain} MX ${preference} ${exchange || "."}`);
  const values = { hosts: hosts.join(", "), count: hosts.length > 1 ? hosts.length : undefined };
  const empty = sorted.filter(({ exchange }) => exchange === "");
  if (empty.length === 0) say(asked, "mx.good", { values, evidence });
  else
    say(asked, "mx.null-and-others", {
      values,
      evidence,
      changes: empty.map(({ preference }) => ({ kind: "remove", record: mxRecord(domain, ".", preference) })),
    });
  const named = sorted.filter(({ exchange }) => exchange !== "");
  const own = named.map(({ exchange, preference }) => mxRecord(domain, exchange, preference));
  return { kind: "hosts", hosts, records: own };
}

/** RFC 5321 §5.1: without MX the domain's own address counts. */
async function implicit(asked: Asked<DomainTools>): Promise<MxFacts> {
  const { resolver, question } = asked.tools;
  const { domain } = question;
  const [{ addresses, failure }, texts] = await Promise.all([addressesOf(domain, resolver), resolver.txt(domain)]);
  if (addresses.length === 0 && failure !== undefined) {
    sayTrouble(asked, domain, failure);
    return nobody("unknown");
  }
  const isParked = recordsIn(texts).some((text) => /^v=spf1 +-all *$/i.test(text));
  if (isParked) {
    say(asked, "mx.parked", { changes: [publish(mxRecord(domain, ".", 0))] });
    return { kind: "none", hosts: [], isParked };
  }
  const host = await likelyHost(asked);
  const record = mxRecord(domain, host ?? (addresses.length > 0 ? domain : `mail.${domain}`));
  const changes = [publish(record), act("choose-mx")];
  if (addresses.length === 0) {
    say(asked, "mx.none", { changes });
    return nobody("none");
  }
  say(asked, "mx.implicit", { values: { addresses: addresses.join(", ") }, changes });
  return { kind: "implicit", hosts: [domain] };
}

/** A name that is there, and by which mail servers are usually called. */
async function likelyHost({ tools }: Asked<DomainTools>): Promise<string | undefined> {
  const { resolver, question } = tools;
  const names = ["mail", "mx", "mx1"].map((label) => `${label}.${question.domain}`);
  const answers = await Promise.all(names.map((name) => resolver.a(name)));
  return names.find((_, i) => answers[i]?.kind === "found");
}

/** Hosts, and addresses of all, that are looked at; more is for nobody's good. */
const most = { hosts: 8, addresses: 12 } as const;

export const addresses = domainCheck({
  name: "addresses",
  needs: ["mx"],
  async run(asked, { mx }) {
    const looked = mx.hosts.slice(0, most.hosts).map((host) => lookAtHost(host, asked, mx));
    const all = (await Promise.all(looked)).flat();
    const targets = all.slice(0, most.addresses);
    const values = { addresses: targets.map(({ host, address }) => `${host} ${address}`).join(", ") };
    if (targets.length > 0) say(asked, "mx.addresses-good", { values });
    if (targets.length > 0 && targets.every(({ address }) => address.includes(":")))
      say(asked, "mx.ipv6-only", { changes: [act("add-ipv4", { host: targets[0]!.host })] });
    if (mx.hosts.length > most.hosts || all.length > targets.length)
      say(asked, "mx.not-all", { values: { hosts: Math.min(mx.hosts.length, most.hosts), addresses: targets.length } });
    return targets;
  },
});

async function lookAtHost(host: string, asked: Asked<DomainTools>, { kind, hosts }: MxFacts): Promise<Target[]> {
  const { tools } = asked;
  const { isPublic } = tools.question;
  if (isIP(host) !== 0 || /^\[.*\]$/.test(host)) {
    tellOfLiteral(host, asked);
    return [];
  }
  const said = { about: host, values: { exchange: host } };
  if (!isHostName(host)) say(asked, "mx.bad-name", { ...said, changes: [act("host-name")] });
  const [{ addresses: all, failure }, alias] = await Promise.all([
    addressesOf(host, tools.resolver),
    aliasOf(host, "A", tools),
  ]);
  if (alias !== undefined && kind === "hosts" && all.length > 0) {
    const changes = [publish(mxRecord(tools.question.domain, alias), [host])];
    say(asked, "mx.cname", { ...said, values: { exchange: host, target: alias }, changes });
  }
  // where another host takes the mail, nothing is lost
  const level = hosts.length > 1 ? "warning" : "error";
  if (all.length === 0 && failure !== undefined) sayTrouble(asked, host, failure);
  else if (all.length === 0) say(asked, "mx.no-address", { ...said, level, changes: changesForName(host, asked) });
  for (const address of all.filter((address) => !isPublic(address))) {
    const values = { exchange: host, address };
    if (leadsHome(address)) say(asked, "mx.loopback", { ...said, values, changes: [act("no-loopback")] });
    else say(asked, "mx.private-address", { ...said, level, values, changes: [act("public-address")] });
  }
  return all.filter(isPublic).map((address) => ({ host, address }));
}

/** It is a name at last, and has the address. */
function tellOfLiteral(host: string, asked: Asked<DomainTools>): void {
  const { domain } = asked.tools.question;
  const address = host.replace(/^\[(?:ipv6:)?|\]$/gi, "");
  const name = `mail.${domain}`;
  const changes = [publish(mxRecord(domain, name), [host])];
  if (isIP(address) !== 0) changes.unshift(publish({ name, type: isIP(address) === 4 ? "A" : "AAAA", value: address }));
  say(asked, "mx.address-literal", { about: host, values: { exchange: host }, changes });
}

/** The unspecified address leads to the machine itself, too. RFC 1122 §3.2.1.3, RFC 4291 §2.5.2 */
const leadsHome = (address: string): boolean => isLoopback(address) || /^(?:0\.|::$)/.test(address);

/** RFC 1123 §2.1: letters, digits and hyphens. */
const isHostName = (name: string): boolean => /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)*[a-z\d-]+$/.test(name);

/** In a zone file, a name without a dot at its end gets the domain behind it. */
function changesForName(host: string, asked: Asked<DomainTools>): Change[] {
  const { domain } = asked.tools.question;
  const meant = meantBy(host, domain);
  if (meant === undefined) return [act("add-address")];
  return [publish(mxRecord(domain, meant), [host]), act("trailing-dot")];
}

/** "mail" for mail.example.org; "mx.provider.example.example.org" for mx.provider.example. */
function meantBy(host: string, domain: string): string | undefined {
  if (!host.includes(".")) return `${host}.${domain}`;
  const before = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : "";
  return before === domain || before.split(".").length >= 3 ? before : undefined;
}

/** Where a CNAME at this very name leads in the end. */
async function aliasOf(name: string, type: "A" | "MX", { raw }: DomainTools): Promise<string | undefined> {
  const { answer } = await raw.ask(name, type);
  const aliases = recordsIn(answer).flatMap((record) =>
    record.type === "CNAME" ? [{ name: record.name, target: record.data }] : [],
  );
  const isAlias = aliases.some((alias) => alias.name.toLowerCase() === name);
  return isAlias ? aliases.at(-1)!.target.toLowerCase().replace(/\.$/, "") : undefined;
}
