// Domains of which some servers, or some addresses, behave oddly.
import type { BrokenDomain } from "./broken-domains.ts";
import { domain, usualScript } from "./lab.ts";

const mx = `mx.${domain}`;

export const brokenByServers: readonly BrokenDomain[] = [
  {
    what: "the port is closed by IPv6 only",
    add: [`${mx} AAAA 2001:db8::10`, `2001:db8::10 PTR ${mx}`],
    unreachable: { "2001:db8::10": "closed" },
    finds: "server.refused",
    who: "recipient-admin",
    change: /listen on port 25 of 2001:db8::10/,
  },
  {
    what: "the firewall filters IPv6 only",
    add: [`${mx} AAAA 2001:db8::10`, `2001:db8::10 PTR ${mx}`],
    unreachable: { "2001:db8::10": "none" },
    finds: "server.no-answer",
    who: "recipient-admin",
    change: /Open port 25 to 2001:db8::10/,
  },
  {
    what: "the second MX host does not answer",
    add: ["@ MX 20 mx2.@", "mx2.@ A 192.0.2.11", "192.0.2.11 PTR mx2.@"],
    names: [`mx2.${domain}`],
    unreachable: { "192.0.2.11": "none" },
    finds: "server.no-answer",
    who: "recipient-admin",
    change: /Open port 25 to 192\.0\.2\.11[^]*Remove this record from DNS: shop\.example\. 3600 IN MX 20 mx2\./,
    also: ["mta-sts.mx-not-named"],
  },
  {
    what: "the MX host does not know the domain",
    script: usualScript({
      [`rcpt to:<postmaster@${domain}>`]: "554 5.7.1 <postmaster>: Relay access denied",
      [`rcpt to:<abuse@${domain}>`]: "554 5.7.1 <abuse>: Relay access denied",
    }),
    finds: "recipients.not-here",
    who: "recipient-admin",
    change: /Add shop\.example at the mail service that mx\.shop\.example belongs to/,
  },
  {
    what: "an MX record of an old provider, which does not know the domain any more",
    drop: ["@ MX"],
    add: [`@ MX 20 ${mx}`, `@ MX 10 old.${domain}`, `old.${domain} A 192.0.2.11`, `192.0.2.11 PTR old.${domain}`],
    names: [`old.${domain}`],
    policy: {
      text: `version: STSv1\nmode: enforce\nmx: *.${domain}\nmax_age: 604800\n`,
    },
    scripts: {
      "192.0.2.11": usualScript({
        [`rcpt to:<postmaster@${domain}>`]: "550 5.7.1 Relay access denied",
        [`rcpt to:<abuse@${domain}>`]: "550 5.7.1 Relay access denied",
      }),
    },
    finds: "recipients.not-here",
    who: "recipient-admin",
    change: /^Remove this record from DNS: shop\.example\. 3600 IN MX 10 old\.shop\.example\./,
  },
  {
    what: "the server is too busy",
    script: usualScript({ GREETING: "421 4.3.2 too many connections, try again later" }),
    finds: "server.refuses-us",
    who: "nobody",
    change: /Read the reply/,
  },
  {
    what: "the server does not like our name in EHLO",
    script: usualScript({ EHLO: "550 5.7.1 Helo command rejected: Host not found" }),
    finds: "server.refuses-us",
    who: "sender-admin",
    change: /Read the reply/,
  },
  {
    what: "the resolver does not verify DNSSEC, so that DANE is not known",
    tlsa: "fits",
    isResolverSimple: true,
    finds: "dane.unknown",
    who: "nobody",
    change: /a resolver that verifies DNSSEC/,
  },
  {
    what: "the domain's MX records are not signed, those of its mail service's host are",
    tlsa: "fits",
    isMxSigned: false,
    finds: "dane.mx-not-signed",
    who: "recipient-admin",
    change: /Sign the zone of shop\.example/,
  },
];
