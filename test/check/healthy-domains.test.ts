// Domains that are set up in ways one does not see every day, and are in order: nothing is an error, a warning, or unknown.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FindingId } from "../../src/check/finding.ts";
import { type Broken, domain, key2048, type Lab, startLab, usualScript } from "./lab.ts";

interface HealthyDomain extends Broken {
  readonly what: string;
  /** What has to be told all the same, as a note or as good. */
  readonly tells?: FindingId;
  /** What would be of no use to anybody. */
  readonly never?: FindingId;
}

const mx = `mx.${domain}`;
const policyFor = (...hosts: string[]): NonNullable<Broken["policy"]> => ({
  text: ["version: STSv1", "mode: enforce", ...hosts.map((host) => `mx: ${host}`), "max_age: 604800", ""].join("\n"),
});
const ed25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="; // RFC 8463 §A.2
const more = Array.from({ length: 9 }, (_, i) => `mx${i + 2}.${domain}`);
const elsewhere = "mx1.mail.example";

const healthyDomains: readonly HealthyDomain[] = [
  {
    what: "ten MX hosts",
    add: more.flatMap((host, i) => [`@ MX 20 ${host}`, `${host} A 192.0.2.${20 + i}`]),
    names: more,
    policy: policyFor(`*.${domain}`),
    tells: "mx.not-all",
  },
  {
    what: "an MX host with an IPv4 and an IPv6 address",
    add: [`${mx} AAAA 2001:db8::10`, `2001:db8::10 PTR ${mx}`],
  },
  {
    what: "a null MX, no mail sent",
    drop: ["@ ", "s1.", "_mta-sts", "_smtp"],
    add: ["@ MX 0 .", '@ TXT "v=spf1 -all"', '*._domainkey.@ TXT "v=DKIM1; p="'],
    question: { selectors: [], senders: [] },
    tells: "mx.null",
    never: "dkim.revoked",
  },
  {
    what: "a parked domain without MX, whose SPF lets nobody send, and a web page",
    drop: ["@ MX", "@ TXT", "s1.", "_mta-sts", "_smtp"],
    add: ['@ TXT "v=spf1 -all"'],
    question: { selectors: [], senders: [] },
    tells: "mx.parked",
  },
  {
    what: "SPF that is split over includes of its own",
    drop: ["@ TXT"],
    add: [
      '@ TXT "v=spf1 include:_a.@ include:_b.@ ~all"',
      '_a.@ TXT "v=spf1 ip4:192.0.2.10 -all"',
      '_b.@ TXT "v=spf1 ip4:192.0.2.64/26 -all"',
    ],
    tells: "spf.good",
  },
  {
    what: "SPF with redirect=",
    drop: ["@ TXT"],
    add: ['@ TXT "v=spf1 redirect=_spf.@"', '_spf.@ TXT "v=spf1 ip4:192.0.2.10 -all"'],
    tells: "spf.good",
  },
  {
    what: "SPF with macros",
    drop: ["@ TXT"],
    add: ['@ TXT "v=spf1 exists:%{i}._spf.@ -all"', "192.0.2.10._spf.@ A 127.0.0.2"],
    tells: "spf.address-passes",
  },
  {
    what: "a record of Sender ID beside SPF, and texts for other services",
    add: ['@ TXT "spf2.0/mfrom ip4:192.0.2.10 -all"', '@ TXT "site-verification=abc"'],
  },
  {
    what: "a wildcard certificate",
    names: [`*.${domain}`],
  },
  {
    what: "two TLSA records, one for the next key",
    tlsa: "rollover",
    tells: "dane.good",
  },
  {
    what: "a self-signed certificate for which DANE vouches, and no MTA-STS",
    drop: ["_mta-sts"],
    certificate: "self-signed",
    tlsa: "fits",
    tells: "dane.good",
  },
  {
    what: "MTA-STS that is tried out, from a server that ends lines with LF",
    policy: { text: `version: STSv1\nmode: testing\nmx: *.${domain}\nmax_age: 86400` },
    tells: "mta-sts.mode",
  },
  {
    what: "DKIM with RSA and Ed25519",
    add: [`s2._domainkey.@ TXT "v=DKIM1; k=ed25519; p=${ed25519}"`],
    question: { selectors: ["s1", "s2"] },
  },
  {
    what: "DKIM keys that are aliases of a mail service's",
    drop: ["s1."],
    add: ["s1._domainkey.@ CNAME s1.u1.dkim.mail.example", `s1.u1.dkim.mail.example TXT "k=rsa; t=s; p=${key2048}"`],
    tells: "dkim.good",
  },
  {
    what: "a wildcard TXT record",
    drop: ["_mta-sts", "_smtp"],
    add: ['*.@ TXT "v=spf1 -all"', '*._domainkey.@ TXT "v=spf1 -all"'],
    question: { selectors: [] },
    tells: "dkim.good",
  },
  {
    what: "DMARC with sp=",
    drop: ["_dmarc"],
    add: ['_dmarc.@ TXT "v=DMARC1; p=quarantine; sp=reject; rua=mailto:dmarc\u0000@!10m, mailto:d\u0000news.@"'],
    tells: "dmarc.good",
  },
  {
    what: "a subdomain without a DMARC record of its own",
    add: [
      `news.@ MX 10 ${mx}`,
      'news.@ TXT "v=spf1 ip4:192.0.2.10 -all"',
      `s1._domainkey.news.@ TXT "v=DKIM1; p=${key2048}"`,
    ],
    script: usualScript({
      [`rcpt to:<postmaster@news.${domain}>`]: "250 2.1.5 ok",
      [`rcpt to:<abuse@news.${domain}>`]: "250 2.1.5 ok",
    }),
    question: { domain: `news.${domain}` },
    tells: "dmarc.good",
  },
  {
    what: "the MX hosts of a mail service, which have no reverse names and do not send",
    drop: ["@ MX", "192.0.2.10 PTR"],
    add: [`@ MX 10 ${elsewhere}`, `${elsewhere} A 192.0.2.33`, `192.0.2.10 PTR out.@`, "out.@ A 192.0.2.10"],
    names: [elsewhere],
    policy: policyFor("*.mail.example"),
    script: usualScript({ EHLO: "250-inbound.mail.example at your service\r\n250-STARTTLS\r\n250 SIZE 10000000" }),
    tells: "server.hello-name",
  },
  {
    what: "two name servers",
    nameServers: { "ns1.host.example": "good", "ns2.host.example": "good" },
    tells: "name-servers.good",
  },
  {
    what: "name servers that this network lets nobody ask",
    nameServers: { "ns1.host.example": "silent", "ns2.host.example": "silent" },
    tells: "name-servers.not-asked",
  },
  {
    what: "a BIMI logo at an address without .svg",
    add: ['default._bimi.@ TXT "v=BIMI1; l=https://logo.example/shop?v=2; a="'],
    tells: "bimi.good",
  },
];

let lab: Lab;
before(async () => {
  lab = await startLab();
});
after(() => lab[Symbol.asyncDispose]());

for (const healthy of healthyDomains)
  test(`healthy: ${healthy.what}`, async () => {
    const { findings } = await lab.check(healthy);
    const troubles = findings.filter(({ level }) => level === "error" || level === "warning" || level === "unknown");
    assert.deepEqual(
      troubles.map(({ id, about, values }) => ({ id, about, values })),
      [],
    );
    const ids = new Set<string>(findings.map(({ id }) => id));
    if (healthy.tells !== undefined) assert.ok(ids.has(healthy.tells), healthy.tells);
    if (healthy.never !== undefined) assert.ok(!ids.has(healthy.never), healthy.never);
  });
