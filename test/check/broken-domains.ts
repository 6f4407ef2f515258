// Domains that are broken in one way each, with what the doctor has to find: the finding, who can fix it, and the change.
import type { WhoActs } from "../../src/explain/explanation.ts";
import type { FindingId } from "../../src/check/finding.ts";
import { type Broken, domain, rsaKey, usualScript } from "./lab.ts";

export interface BrokenDomain extends Broken {
  /** In words, for docs/checks.md. */
  readonly what: string;
  readonly finds: FindingId;
  readonly who: WhoActs;
  /** In what is to be changed, as people read it. */
  readonly change: RegExp;
  /** Findings that come along, because one thing leads to the other. */
  readonly also?: readonly FindingId[];
}

const mx = `mx.${domain}`;
const postmaster = `rcpt to:<postmaster@${domain}>`;
const abuse = `rcpt to:<abuse@${domain}>`;
const strangers = "rcpt to:<postmaster@doctor.test>";

const noStartTls = `250-${mx}\r\n250 SIZE 10000000`;

const dns: readonly BrokenDomain[] = [
  {
    what: "the domain does not exist",
    question: { senders: [] },
    drop: ["@ ", "_", "s1.", mx, "mta-sts"],
    finds: "domain.no-such-domain",
    who: "recipient-admin",
    change: /register the domain/,
  },
  {
    what: "its name servers answer with faults",
    drop: ["@ MX"],
    add: ["@ MX SERVFAIL"],
    finds: "dns.server-failure",
    who: "recipient-admin",
    change: /name servers of shop\.example/,
  },
  {
    what: "its name servers do not answer",
    drop: ["@ MX"],
    add: ["@ MX SILENT"],
    finds: "dns.no-answer",
    who: "recipient-admin",
    change: /name servers of shop\.example/,
  },
  {
    what: "no MX record and no address",
    drop: ["@ MX", "@ A"],
    finds: "mx.none",
    who: "recipient-admin",
    change: /shop\.example\. 3600 IN MX 10 mail\.shop\.example\./,
  },
  {
    what: "no MX record, but a web server's address",
    drop: ["@ MX"],
    finds: "mx.implicit",
    who: "recipient-admin",
    change: /IN MX 10 mail\.shop\.example\./,
    also: ["mta-sts.mx-not-named", "mta-sts.mx-fails", "tls.other-name", "reverse.missing"],
  },
  {
    what: "a null MX beside a real one",
    add: ["@ MX 0 ."],
    finds: "mx.null-and-others",
    who: "recipient-admin",
    change: /Remove this record from DNS: shop\.example\. 3600 IN MX 0 \./,
  },
  {
    what: "the MX names an address",
    drop: ["@ MX"],
    add: ["@ MX 10 192.0.2.10"],
    finds: "mx.address-literal",
    who: "recipient-admin",
    change: /IN MX 10 mail\.shop\.example\. — in the place of: "192\.0\.2\.10"/,
    also: ["mta-sts.mx-not-named"],
  },
  {
    what: "the MX host is an alias",
    drop: ["@ MX"],
    add: ["@ MX 10 mail.@", `mail.@ CNAME ${mx}`],
    finds: "mx.cname",
    who: "recipient-admin",
    change: /IN MX 10 mx\.shop\.example\. — in the place of: "mail\.shop\.example"/,
    also: ["mta-sts.mx-not-named", "mta-sts.mx-fails", "tls.other-name"],
  },
  {
    what: "one of two MX hosts has no address",
    add: ["@ MX 20 old.@"],
    finds: "mx.no-address",
    who: "recipient-admin",
    change: /Give old\.shop\.example an A record/,
    also: ["mta-sts.mx-not-named"],
  },
  {
    what: "the MX host has a private address",
    question: { senders: [] },
    drop: [`${mx} A`],
    add: [`${mx} A 10.0.0.5`],
    finds: "mx.private-address",
    who: "recipient-admin",
    change: /address under which the server is reached from the Internet/,
  },
  {
    what: "the address has no reverse name",
    drop: ["192.0.2.10 PTR"],
    finds: "reverse.missing",
    who: "provider",
    change: /10\.2\.0\.192\.in-addr\.arpa\. 3600 IN PTR mx\.shop\.example\./,
  },
  {
    what: "the reverse name leads elsewhere",
    drop: ["192.0.2.10 PTR"],
    add: ["192.0.2.10 PTR www.@", "www.@ A 192.0.2.99"],
    finds: "reverse.does-not-agree",
    who: "provider",
    change: /set its reverse name to mx\.shop\.example/,
  },
];

const serversBroken: readonly BrokenDomain[] = [
  {
    what: "no mail server listens",
    server: "closed",
    finds: "server.refused",
    who: "recipient-admin",
    change: /Start the mail server on mx\.shop\.example/,
  },
  {
    what: "the server does not answer",
    server: "none",
    finds: "server.no-answer",
    who: "recipient-admin",
    change: /Open port 25 to 192\.0\.2\.10/,
    also: ["server.port-blocked"],
  },
  {
    what: "the server says nothing",
    script: usualScript({ GREETING: { kind: "silence" } }),
    finds: "server.silent",
    who: "recipient-admin",
    change: /log of the mail server on mx\.shop\.example/,
  },
  {
    what: "another program listens on port 25",
    script: usualScript({ GREETING: "SSH-2.0-OpenSSH_9.9" }),
    finds: "server.not-smtp",
    who: "recipient-admin",
    change: /listen on port 25 of 192\.0\.2\.10/,
  },
  {
    what: "the server hangs up after EHLO",
    script: usualScript({ EHLO: { kind: "close" } }),
    finds: "server.hangs-up",
    who: "recipient-admin",
    change: /log of the mail server/,
  },
  {
    what: "the server turns us away, because we are on a list",
    script: usualScript({ GREETING: "554 5.7.1 Service unavailable; client [198.51.100.1] is listed on zen.example" }),
    finds: "server.refuses-us",
    who: "sender-admin",
    change: /Read the reply/,
  },
  {
    what: "the greeting has no host name",
    script: usualScript({ GREETING: "220 localhost ESMTP" }),
    finds: "server.greeting-name",
    who: "recipient-admin",
    change: /full host name/,
  },
  {
    what: "the name in the answer to EHLO has no address",
    script: usualScript({ EHLO: "250-server1.local\r\n250-STARTTLS\r\n250 SIZE" }),
    finds: "server.hello-name",
    who: "recipient-admin",
    change: /full host name, which has an address/,
  },
  {
    what: "the server knows no EHLO",
    script: usualScript({ EHLO: "502 5.5.1 what?", HELO: `250 ${mx}` }),
    finds: "server.no-ehlo",
    who: "recipient-admin",
    change: /Update the mail server/,
    also: ["tls.not-offered", "mta-sts.mx-fails"],
  },
  {
    what: "mail without a sender is refused",
    script: usualScript({ MAIL: "550 5.1.7 sender address required" }),
    finds: "server.null-sender-refused",
    who: "recipient-admin",
    change: /empty sender <>/,
  },
  {
    what: "there is no postmaster",
    script: usualScript({ [postmaster]: "550 5.1.1 no such user" }),
    finds: "recipients.postmaster",
    who: "recipient-admin",
    change: /Make postmaster@shop\.example a mailbox/,
  },
  {
    what: "there is no abuse address",
    script: usualScript({ [abuse]: "550 5.1.1 no such user" }),
    finds: "recipients.abuse",
    who: "recipient-admin",
    change: /Make abuse@shop\.example a mailbox/,
  },
  {
    what: "the server greylists us",
    script: usualScript({ [postmaster]: "451 4.7.1 greylisted, come again in five minutes" }),
    finds: "recipients.deferred",
    who: "nobody",
    change: /again in some minutes/,
  },
  {
    what: "an open relay",
    script: usualScript({ [strangers]: "250 2.1.5 ok" }),
    finds: "relay.open",
    who: "recipient-admin",
    change: /own domains only/,
  },
];

const tlsBroken: readonly BrokenDomain[] = [
  {
    what: "no STARTTLS",
    script: usualScript({ EHLO: noStartTls }),
    finds: "tls.not-offered",
    who: "recipient-admin",
    change: /switch STARTTLS on/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "STARTTLS is offered, then refused",
    script: usualScript({ STARTTLS: "454 4.7.0 TLS not available" }),
    finds: "tls.refused",
    who: "recipient-admin",
    change: /certificate and key/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the handshake fails",
    script: usualScript({ HANDSHAKE: { kind: "close" } }),
    finds: "tls.handshake",
    who: "recipient-admin",
    change: /certificate and key/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "TLS 1.1 at best",
    server: "old",
    finds: "tls.old-version",
    who: "recipient-admin",
    change: /TLS 1\.2 and 1\.3/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the certificate has expired",
    certificate: "expired",
    finds: "tls.expired",
    who: "recipient-admin",
    change: /Renew the certificate of mx\.shop\.example/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the certificate expires in days",
    certificate: "soon",
    finds: "tls.expires-soon",
    who: "recipient-admin",
    change: /Renew the certificate/,
  },
  {
    what: "the certificate is not valid yet",
    certificate: "future",
    finds: "tls.not-yet-valid",
    who: "recipient-admin",
    change: /clock/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the certificate is for another name",
    certificate: "other-name",
    finds: "tls.other-name",
    who: "recipient-admin",
    change: /certificate for mx\.shop\.example, or change the MX record .* www\.other\.example/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the certificate is self-signed",
    certificate: "self-signed",
    finds: "tls.self-signed",
    who: "recipient-admin",
    change: /from an authority/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "the intermediate certificate is missing",
    certificate: "unlinked",
    finds: "tls.not-trusted",
    who: "recipient-admin",
    change: /fullchain/,
    also: ["mta-sts.mx-fails"],
  },
  {
    what: "a TLSA record for another certificate",
    tlsa: "differs",
    finds: "dane.mismatch",
    who: "recipient-admin",
    change: /_25\._tcp\.mx\.shop\.example\. 3600 IN TLSA 3 1 1 [0-9a-f]{64}/,
  },
  {
    what: "TLSA records without DNSSEC",
    tlsa: "fits",
    isSigned: false,
    finds: "dane.not-signed",
    who: "recipient-admin",
    change: /DNSSEC/,
  },
  {
    what: "a TLSA record of a kind that mail does not use",
    tlsa: "usage-1",
    finds: "dane.unusable",
    who: "recipient-admin",
    change: /IN TLSA 3 1 1/,
  },
  {
    what: "TLSA records, and no STARTTLS",
    tlsa: "fits",
    script: usualScript({ EHLO: noStartTls }),
    finds: "dane.no-tls",
    who: "recipient-admin",
    change: /certificate, and switch STARTTLS on/,
    also: ["tls.not-offered", "mta-sts.mx-fails"],
  },
];

const spfIs = (record: string, ...more: string[]): Pick<Broken, "drop" | "add"> => ({
  drop: ["@ TXT"],
  add: [`@ TXT "${record}"`, ...more],
});

const spfBroken: readonly BrokenDomain[] = [
  {
    what: "no SPF record",
    drop: ["@ TXT"],
    finds: "spf.missing",
    who: "sender-admin",
    change: /shop\.example\. 3600 IN TXT "v=spf1 ip4:192\.0\.2\.10 -all"/,
  },
  {
    what: "an SPF record without v=",
    ...spfIs("spf1 ip4:192.0.2.10 -all"),
    finds: "spf.not-a-record",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of: "spf1/,
  },
  {
    what: "two SPF records",
    add: ['@ TXT "v=spf1 include:_spf.mail.example ~all"', '_spf.mail.example TXT "v=spf1 -all"'],
    finds: "spf.several-records",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 include:_spf\.mail\.example -all"/,
  },
  {
    what: "a typing mistake in SPF",
    ...spfIs("v=spf1 ipv4:192.0.2.10 -all"),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /did you mean ip4/,
  },
  {
    what: "SPF needs more than ten lookups",
    ...spfIs(
      "v=spf1 ip4:192.0.2.10 include:six.example include:six2.example -all",
      ...["six", "six2"].map((name) => `${name}.example TXT "v=spf1${` a:${mx}`.repeat(6)} -all"`),
    ),
    finds: "spf.too-many-lookups",
    who: "sender-admin",
    change: /include:six\.example 7/,
  },
  {
    what: "SPF leads to names that are gone",
    ...spfIs("v=spf1 ip4:192.0.2.10 a:a.gone.example a:b.gone.example a:c.gone.example -all"),
    finds: "spf.too-many-voids",
    who: "sender-admin",
    change: /Remove "a:c\.gone\.example"/,
  },
  {
    what: "an include without a record",
    ...spfIs("v=spf1 ip4:192.0.2.10 include:gone.example -all"),
    finds: "spf.include-fails",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "SPF includes itself",
    ...spfIs("v=spf1 ip4:192.0.2.10 include:shop.example -all"),
    finds: "spf.loop",
    who: "sender-admin",
    change: /Remove "include:shop\.example"/,
  },
  {
    what: "+all",
    ...spfIs("v=spf1 ip4:192.0.2.10 +all"),
    finds: "spf.everybody",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of: "v=spf1 ip4:192\.0\.2\.10 \+all"/,
  },
  {
    what: "SPF without an end",
    ...spfIs("v=spf1 ip4:192.0.2.10"),
    finds: "spf.no-end",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 ~all"/,
  },
  {
    what: "a server of the domain is not in SPF",
    ...spfIs("v=spf1 ip4:192.0.2.77 -all"),
    finds: "spf.address-fails",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.77 ip4:192\.0\.2\.10 -all"/,
  },
];

const keyIs = (record: string): Pick<Broken, "drop" | "add"> => ({
  drop: ["s1._domainkey"],
  add: [`s1._domainkey.@ TXT "${record}"`],
});

const dmarcIs = (record: string): Pick<Broken, "drop" | "add"> => ({
  drop: ["_dmarc"],
  add: [`_dmarc.@ TXT "${record}"`],
});

const rua = `rua=mailto:dmarc\u0000@`;

const authenticationBroken: readonly BrokenDomain[] = [
  {
    what: "the DKIM key is not there",
    drop: ["s1._domainkey"],
    finds: "dkim.key-missing",
    who: "sender-admin",
    change: /public key of the signing server at s1\._domainkey\.shop\.example/,
  },
  {
    what: "no DKIM at all",
    drop: ["s1._domainkey"],
    question: { selectors: [] },
    finds: "dkim.none",
    who: "sender-admin",
    change: /waybill dkim keygen shop\.example/,
  },
  {
    what: "a DKIM key of 768 bits",
    ...keyIs(`v=DKIM1; p=${rsaKey(768)}`),
    finds: "dkim.key-too-short",
    who: "sender-admin",
    change: /2048 bits/,
  },
  {
    what: "a DKIM key of 1024 bits",
    ...keyIs(`v=DKIM1; p=${rsaKey(1_024)}`),
    finds: "dkim.key-weak",
    who: "sender-admin",
    change: /2048 bits/,
  },
  {
    what: "a DKIM key that is cut off",
    ...keyIs("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"),
    finds: "dkim.key-wrong",
    who: "sender-admin",
    change: /Publish the public key/,
  },
  {
    what: "a revoked DKIM key",
    ...keyIs("v=DKIM1; p="),
    finds: "dkim.revoked",
    who: "sender-admin",
    change: /still signs with s1/,
  },
  {
    what: "a DKIM key that is a test",
    ...keyIs(`v=DKIM1; t=y; p=${rsaKey(2_048)}`),
    finds: "dkim.test-flag",
    who: "sender-admin",
    change: /Remove t=y from the record at s1\._domainkey\.shop\.example/,
  },
  {
    what: "two records for one DKIM key",
    add: ['s1._domainkey.@ TXT "v=DKIM1; p="'],
    finds: "dkim.several-records",
    who: "sender-admin",
    change: /Leave only the TXT record/,
  },
  {
    what: "no DMARC record",
    drop: ["_dmarc"],
    finds: "dmarc.missing",
    who: "sender-admin",
    change: /_dmarc\.shop\.example\. 3600 IN TXT "v=DMARC1; p=none; rua=/,
  },
  {
    what: "two DMARC records",
    add: ['_dmarc.@ TXT "v=DMARC1; p=none"'],
    finds: "dmarc.several-records",
    who: "sender-admin",
    change: /Leave one DMARC record at _dmarc\.shop\.example/,
  },
  {
    what: "a typing mistake in DMARC",
    ...dmarcIs(`v=DMARC1; p=rejct; ${rua}`),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /p=none, p=quarantine or p=reject/,
  },
  {
    what: "DMARC only watches",
    ...dmarcIs(`v=DMARC1; p=none; ${rua}`),
    finds: "dmarc.monitoring",
    who: "sender-admin",
    change: /p=quarantine/,
  },
  {
    what: "DMARC is only a test",
    ...dmarcIs(`v=DMARC1; p=reject; t=y; ${rua}`),
    finds: "dmarc.testing",
    who: "sender-admin",
    change: /"v=DMARC1; p=reject; rua=mailto:dmarc@shop\.example" — in the place of/,
  },
  {
    what: "DMARC spares subdomains",
    ...dmarcIs(`v=DMARC1; p=reject; sp=none; ${rua}`),
    finds: "dmarc.subdomains-weaker",
    who: "sender-admin",
    change: /Remove sp=/,
  },
  {
    what: "DMARC without reports",
    ...dmarcIs("v=DMARC1; p=reject"),
    finds: "dmarc.no-reports",
    who: "sender-admin",
    change: /rua=mailto:postmaster@shop\.example/,
  },
  {
    what: "who should get the DMARC reports has not agreed",
    ...dmarcIs("v=DMARC1; p=reject; rua=mailto:r\u0000reports.example"),
    finds: "dmarc.reports-not-authorised",
    who: "provider",
    change: /shop\.example\._report\._dmarc\.reports\.example\. 3600 IN TXT "v=DMARC1"/,
  },
];

const policyIs = (text: string): Pick<Broken, "policy"> => ({ policy: { text: text.replaceAll("; ", "\n") } });

const policiesBroken: readonly BrokenDomain[] = [
  {
    what: "a wrong MTA-STS record",
    drop: ["_mta-sts"],
    add: ['_mta-sts.@ TXT "v=STSv1; id=2026-01-01"'],
    finds: "mta-sts.record",
    who: "recipient-admin",
    change: /_mta-sts\.shop\.example\. 3600 IN TXT "v=STSv1; id=\d{14}"/,
  },
  {
    what: "the MTA-STS policy is behind a redirect",
    policy: { status: 301, location: "https://www.shop.example/mta-sts.txt" },
    finds: "mta-sts.redirected",
    who: "recipient-admin",
    change: /with status 200 and without a redirect/,
  },
  {
    what: "there is no MTA-STS policy where the record promises one",
    policy: { status: 404 },
    finds: "mta-sts.not-found",
    who: "recipient-admin",
    change: /Serve the policy at https:\/\/mta-sts\.shop\.example\/\.well-known\/mta-sts\.txt/,
  },
  {
    what: "the policy's web server has no address",
    drop: ["mta-sts.@ A"],
    finds: "mta-sts.not-reachable",
    who: "recipient-admin",
    change: /Let a web server answer/,
  },
  {
    what: "a mistake in the MTA-STS policy",
    ...policyIs("version: STSv1; mode: enforced; mx: mx.shop.example; max_age: 604800"),
    finds: "mta-sts.policy",
    who: "recipient-admin",
    change: /mode must be enforce, testing or none/,
  },
  {
    what: "the MTA-STS policy names another MX host",
    ...policyIs("version: STSv1; mode: enforce; mx: mail.shop.example; max_age: 604800"),
    finds: "mta-sts.mx-not-named",
    who: "recipient-admin",
    change: /"mx: mx\.shop\.example"/,
  },
  {
    what: "MTA-STS is only tried out",
    ...policyIs("version: STSv1; mode: testing; mx: *.shop.example; max_age: 604800"),
    finds: "mta-sts.mode",
    who: "recipient-admin",
    change: /mode: enforce/,
  },
  {
    what: "the MTA-STS policy is kept for an hour",
    ...policyIs("version: STSv1; mode: enforce; mx: mx.shop.example; max_age: 3600"),
    finds: "mta-sts.short-life",
    who: "recipient-admin",
    change: /604800/,
  },
  {
    what: "a wrong TLS-RPT record",
    drop: ["_smtp._tls"],
    add: ['_smtp._tls.@ TXT "v=TLSRPTv1; rua=tls\u0000@"'],
    finds: "tls-rpt.record",
    who: "recipient-admin",
    change: /rua=mailto:postmaster@shop\.example/,
  },
  {
    what: "a BIMI logo without DMARC that turns forged mail away",
    ...dmarcIs(`v=DMARC1; p=none; ${rua}`),
    add: [`_dmarc.@ TXT "v=DMARC1; p=none; ${rua}"`, 'default._bimi.@ TXT "v=BIMI1; l=https://shop.example/logo.svg"'],
    finds: "bimi.no-enforcement",
    who: "sender-admin",
    change: /quarantine or reject/,
    also: ["dmarc.monitoring"],
  },
  {
    what: "a BIMI logo that is no SVG",
    add: ['default._bimi.@ TXT "v=BIMI1; l=https://shop.example/logo.png"'],
    finds: "bimi.record",
    who: "sender-admin",
    change: /SVG file/,
  },
  {
    what: "the server is on a blocklist",
    question: { lists: [{ name: "bl.example", of: "address" }] },
    add: ["10.2.0.192.bl.example A 127.0.0.2", '10.2.0.192.bl.example TXT "sent spam to a trap"'],
    finds: "list.listed",
    who: "sender-admin",
    change: /ask the list to take 192\.0\.2\.10 off/,
  },
  {
    what: "the blocklist lists everybody",
    question: { lists: [{ name: "bl.example", of: "address" }] },
    add: ["1.0.0.127.bl.example A 127.0.0.2", "10.2.0.192.bl.example A 127.0.0.2"],
    finds: "list.unusable",
    who: "nobody",
    change: /resolver of your own/,
  },
  {
    what: "a record of ours is not published",
    question: { wanted: [{ name: `mail.${domain}`, type: "TXT", value: "v=spf1 a -all" }] },
    finds: "zone.missing",
    who: "sender-admin",
    change: /mail\.shop\.example\. 3600 IN TXT "v=spf1 a -all"/,
  },
  {
    what: "the MX leads to another server than ours",
    question: { wanted: [{ name: domain, type: "MX", value: "10 ours.example" }] },
    finds: "zone.different",
    who: "sender-admin",
    change: /IN MX 10 ours\.example\. — in the place of: "10 mx\.shop\.example"/,
  },
  {
    what: "the DKIM record has another key than ours",
    question: { wanted: [{ name: `s1._domainkey.${domain}`, type: "TXT", value: "v=DKIM1; k=rsa; p=AAAA" }] },
    finds: "dkim.key-differs",
    who: "sender-admin",
    change: /p=AAAA" — in the place of/,
  },
];

export const brokenDomains: readonly BrokenDomain[] = [
  ...dns,
  ...serversBroken,
  ...tlsBroken,
  ...spfBroken,
  ...authenticationBroken,
  ...policiesBroken,
];
