// The MX records of a domain, and the addresses they lead to. RFC 5321 §5.1, RFC 7505, RFC 2181 §10.3.
import { isIP } from "node:net";
import type { MxRecord } from "../../dns/resolver.ts";
import type { DnsRecord } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isFailure, isOwnTrouble, sayTrouble } from "./dns-trouble.ts";
import { domainCheck, type DomainTools, type MxFacts, say, type Target } from "./question.ts";

export const mx = domainCheck({
  name: "mx",
  async run(asked): Promise<MxFacts> {
    const { domain } = asked.tools.question;
    const answer = await asked.tools.resolver.mx(domain);
    switch (answer.kind) {
      case "found":
        return lookAtRecords(asked, answer.records);
      case "no-such-domain":
        say(asked, "domain.no-such-domain", { changes: [act("correct-domain")] });
        return nobody("no-such-domain");
      case "no-data":
        return implicit(asked);
      case "server-failure":
      case "timeout":
        sayTrouble(asked, domain, answer);
        return nobody(isOwnTrouble(answer) ? "no-resolver" : "unknown");
    }
  },
});

const nobody = (kind: MxFacts["kind"]): MxFacts => ({ kind, hosts: [] });

const mxRecord = (domain: string, host: string): DnsRecord => ({ name: domain, type: "MX", value: `10 ${host}` });

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
  if (hosts.length === new Set(records.map(({ exchange }) => exchange)).size)
    say(asked, "mx.good", { values, evidence });
  else
    say(asked, "mx.null-and-others", {
      values,
      evidence,
      changes: [{ kind: "remove", record: { name: domain, type: "MX", value: "0 ." } }],
    });
  return { kind: "hosts", hosts };
}

/** RFC 5321 §5.1: without MX the domain's own address counts. */
async function implicit(asked: Asked<DomainTools>): Promise<MxFacts> {
  const { resolver, question } = asked.tools;
  const { domain } = question;
  const [a, aaaa] = await Promise.all([resolver.a(domain), resolver.aaaa(domain)]);
  const addresses = [a, aaaa].flatMap((answer) => (answer.kind === "found" ? answer.records : []));
  const changes = [publish(mxRecord(domain, `mail.${domain}`))];
  if (addresses.length > 0) {
    say(asked, "mx.implicit", { values: { addresses: addresses.join(", ") }, changes });
    return { kind: "implicit", hosts: [domain] };
  }
  const failed = [a, aaaa].find(isFailure);
  if (failed === undefined) say(asked, "mx.none", { changes });
  else sayTrouble(asked, domain, failed);
  return nobody(failed === undefined ? "none" : "unknown");
}

/** Hosts, and addresses of all, that are looked at; more is for nobody's good. */
const most = { hosts: 8, addresses: 12 } as const;

export const addresses = domainCheck({
  name: "addresses",
  needs: ["mx"],
  async run(asked, { mx }) {
    const looked = mx.hosts.slice(0, most.hosts).map((host) => lookAtHost(host, asked, mx));
    const targets = (await Promise.all(looked)).flat().slice(0, most.addresses);
    const values = { addresses: targets.map(({ host, address }) => `${host} ${address}`).join(", ") };
    if (targets.length > 0) say(asked, "mx.addresses-good", { values });
    return targets;
  },
});

async function lookAtHost(host: string, asked: Asked<DomainTools>, { kind }: MxFacts): Promise<Target[]> {
  const { tools } = asked;
  const { domain, isPublic } = tools.question;
  const about = host;
  const values = { exchange: host };
  if (isIP(host) !== 0 || /^\[.*\]$/.test(host)) {
    const changes = [publish(mxRecord(domain, `mail.${domain}`), [host])];
    say(asked, "mx.address-literal", { about, values, changes });
    return [];
  }
  const [a, aaaa, alias] = await Promise.all([tools.resolver.a(host), tools.resolver.aaaa(host), aliasOf(host, tools)]);
  if (alias !== undefined && kind === "hosts") {
    const changes = [publish(mxRecord(domain, alias), [host])];
    say(asked, "mx.cname", { about, values: { ...values, target: alias }, changes });
  }
  const all = [a, aaaa].flatMap((answer) => (answer.kind === "found" ? answer.records : []));
  const failed = [a, aaaa].find(isFailure);
  if (all.length === 0 && failed !== undefined) sayTrouble(asked, host, failed);
  else if (all.length === 0) say(asked, "mx.no-address", { about, values, changes: [act("add-address")] });
  for (const address of all.filter((address) => !isPublic(address)))
    say(asked, "mx.private-address", { about, values: { ...values, address }, changes: [act("public-address")] });
  return all.filter(isPublic).map((address) => ({ host, address }));
}

/** Where a CNAME at this very name leads in the end. */
async function aliasOf(host: string, { raw }: DomainTools): Promise<string | undefined> {
  const { answer } = await raw.ask(host, "A");
  const aliases = answer.kind === "found" ? answer.records.filter(({ type }) => type === "CNAME") : [];
  const last = aliases.at(-1);
  const isAlias = aliases.some(({ name }) => name.toLowerCase() === host);
  return isAlias && last?.type === "CNAME" ? last.data.toLowerCase().replace(/\.$/, "") : undefined;
}
