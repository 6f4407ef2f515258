// Domains whose records were typed, pasted or split wrong.
import type { BrokenDomain } from "./broken-domains.ts";
import { type Broken, domain, key2048 } from "./lab.ts";

const is = (name: string, text: string, ...more: string[]): Pick<Broken, "drop" | "add"> => ({
  drop: [name === "@" ? "@ TXT" : name],
  add: [`${name} TXT "${text}"`, ...more],
});

const spfIs = (text: string, ...more: string[]) => is("@", text, ...more);
const keyIs = (text: string) => is("s1._domainkey.@", text);
const dmarcIs = (text: string) => is("_dmarc.@", text);

const mailSpf = '_spf.mail.example TXT "v=spf1 -all"';

export const brokenByTyping: readonly BrokenDomain[] = [
  {
    what: "an SPF record in two strings, with a lost space between an address and an include",
    ...spfIs("v=spf1 ip4:192.0.2.10include:_spf.mail.example -all", mailSpf),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 include:_spf\.mail\.example -all" — in the place of/,
  },
  {
    what: "an SPF record in two strings, with a lost space between two includes",
    ...spfIs("v=spf1 ip4:192.0.2.10 include:_spf.mail.exampleinclude:_spf.mail.example -all", mailSpf),
    finds: "spf.include-fails",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 include:_spf\.mail\.example -all" — in the place of/,
  },
  {
    what: "an SPF record in two strings, with a lost space before all",
    ...spfIs("v=spf1 ip4:192.0.2.10-all"),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "quotes inside the SPF record",
    ...spfIs('\\"v=spf1 ip4:192.0.2.10 -all\\"'),
    finds: "spf.not-a-record",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "the version twice in one SPF record",
    ...spfIs("v=spf1 ip4:192.0.2.10 ~all v=spf1 include:_spf.mail.example ~all", mailSpf),
    finds: "spf.ignored",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 include:_spf\.mail\.example ~all"/,
  },
  {
    what: "an address with = and not : in SPF",
    ...spfIs("v=spf1 ip4=192.0.2.10 -all"),
    question: { senders: [] },
    finds: "spf.ignored",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all"/,
  },
  {
    what: "a term of SPF behind all",
    ...spfIs("v=spf1 ip4:192.0.2.10 -all include:_spf.mail.example", mailSpf),
    finds: "spf.ignored",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 include:_spf\.mail\.example -all"/,
  },
  {
    what: "commas between the terms of SPF",
    ...spfIs("v=spf1 ip4:192.0.2.10, -all"),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "a bare address in SPF",
    ...spfIs("v=spf1 192.0.2.10 -all"),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "a long dash before all, as word processors write it",
    ...spfIs("v=spf1 ip4:192.0.2.10 –all"),
    finds: "spf.syntax",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "SPF lets a sixteenth of the Internet send",
    ...spfIs("v=spf1 ip4:192.0.0.0/4 -all"),
    finds: "spf.unwise",
    who: "sender-admin",
    change: /name your own networks only/,
  },
  {
    what: "only a record of Sender ID, the forerunner of nothing",
    ...spfIs("spf2.0/mfrom ip4:192.0.2.10 -all"),
    finds: "spf.not-a-record",
    who: "sender-admin",
    change: /"v=spf1 ip4:192\.0\.2\.10 -all" — in the place of/,
  },
  {
    what: "backslashes before the semicolons of a DKIM key",
    ...keyIs(`v=DKIM1\\; k=rsa\\; p=${key2048}`),
    finds: "dkim.key-wrong",
    who: "sender-admin",
    change: /s1\._domainkey\.shop\.example\. 3600 IN TXT "v=DKIM1; k=rsa; p=/,
  },
  {
    what: "quotes in the middle of a DKIM key",
    ...keyIs(`v=DKIM1; k=rsa; p=${key2048.slice(0, 200)}" "${key2048.slice(200)}`),
    finds: "dkim.key-wrong",
    who: "sender-admin",
    change: /IN TXT "v=DKIM1; k=rsa; p=/,
  },
  {
    what: "a DKIM key with the BEGIN and END of its file",
    ...keyIs(`v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----${key2048}-----END PUBLIC KEY-----`),
    finds: "dkim.key-wrong",
    who: "sender-admin",
    change: /IN TXT "v=DKIM1; k=rsa; p=MII/,
  },
  {
    what: "a DKIM key without its tags",
    ...keyIs(key2048),
    finds: "dkim.key-wrong",
    who: "sender-admin",
    change: /IN TXT "v=DKIM1; k=rsa; p=MII/,
  },
  {
    what: "a DKIM key for SHA-1 only",
    ...keyIs(`v=DKIM1; h=sha1; p=${key2048}`),
    finds: "dkim.not-for-this",
    who: "sender-admin",
    change: /Remove h= from the record at s1\._domainkey\.shop\.example/,
  },
  {
    what: "a DKIM key for another service than mail",
    ...keyIs(`v=DKIM1; s=tlsrpt; p=${key2048}`),
    finds: "dkim.not-for-this",
    who: "sender-admin",
    change: /Remove s= from the record/,
  },
  {
    what: "a DMARC record without p=",
    ...dmarcIs("v=DMARC1; rua=mailto:dmarc\u0000@"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /p= is missing/,
  },
  {
    what: "a DMARC record with p= twice",
    ...dmarcIs("v=DMARC1; p=none; p=reject; rua=mailto:dmarc\u0000@"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /p= stands twice/,
  },
  {
    what: "a DMARC record that begins with p=",
    ...dmarcIs("p=reject; v=DMARC1"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /it must begin with v=DMARC1/,
  },
  {
    what: "backslashes before the semicolons of a DMARC record",
    ...dmarcIs("v=DMARC1\\; p=reject\\; rua=mailto:dmarc\u0000@"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /"v=DMARC1; p=reject; rua=mailto:dmarc@shop\.example" — in the place of/,
  },
  {
    what: "commas between the tags of a DMARC record",
    ...dmarcIs("v=DMARC1, p=reject, rua=mailto:dmarc\u0000@"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /"v=DMARC1; p=reject; rua=mailto:dmarc@shop\.example" — in the place of/,
  },
  {
    what: "an address for DMARC reports without mailto:",
    ...dmarcIs("v=DMARC1; p=reject; rua=dmarc\u0000@"),
    finds: "dmarc.syntax",
    who: "sender-admin",
    change: /write rua=mailto:dmarc@shop\.example/,
  },
  {
    what: "who should get reports of single failures (ruf) has not agreed",
    ...dmarcIs("v=DMARC1; p=reject; rua=mailto:dmarc\u0000@; ruf=mailto:r\u0000reports.example"),
    finds: "dmarc.reports-not-authorised",
    who: "provider",
    change: /shop\.example\._report\._dmarc\.reports\.example\./,
  },
  {
    what: "an MTA-STS id with hyphens",
    ...is("_mta-sts.@", "v=STSv1; id=2026-01-01T00:00:00Z"),
    finds: "mta-sts.record",
    who: "recipient-admin",
    change: /IN TXT "v=STSv1; id=\d{14}"/,
  },
  {
    what: "the MTA-STS policy is a web page",
    policy: { contentType: "text/html" },
    finds: "mta-sts.content-type",
    who: "recipient-admin",
    change: /content type text\/plain/,
  },
  {
    what: "the MTA-STS policy has a star in the middle of a name",
    policy: { text: `version: STSv1\nmode: enforce\nmx: mx.*.${domain}\nmax_age: 604800\n` },
    finds: "mta-sts.policy",
    who: "recipient-admin",
    change: /must be a host name, or \*\. and a domain/,
  },
];
