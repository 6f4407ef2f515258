// Deliveries that are broken in one way each, with what has to be found: the finding, who can fix it, the change, and what
// would become of the message.
import type { FindingId } from "../../src/check/finding.ts";
import type { WhoActs } from "../../src/explain/explanation.ts";
import type { Address } from "../../src/mail/address.ts";
import type { QueueId } from "../../src/mail/message.ts";
import { reply } from "../../src/mail/reply.ts";
import type { QueuedDelivery } from "../../src/queue/store.ts";
import type { DestinationStatus } from "../../src/deliver/pacing/status.ts";
import { ann, bob, type BrokenIn, good, host, offers } from "./delivery-lab.ts";

export interface BrokenDelivery extends BrokenIn {
  /** In words, for docs/checks.md. */
  readonly what: string;
  readonly finds: FindingId;
  readonly who: WhoActs;
  /** In what is to be changed, as people read it. */
  readonly change: RegExp;
  readonly ends: "accepted" | "refused" | "waits" | "unknown";
  /** Findings that come along, because one thing leads to the other. */
  readonly also?: readonly FindingId[];
}

const route: readonly BrokenDelivery[] = [
  {
    what: "the recipient's domain does not exist",
    delivery: { recipient: "bob@gone.example" as Address },
    finds: "domain.no-such-domain",
    who: "sender",
    change: /after the @/,
    ends: "refused",
  },
  {
    what: "the domain takes no mail (null MX)",
    drop: ["there.example MX"],
    add: ["there.example MX 0 ."],
    finds: "mx.null",
    who: "sender",
    change: /another way|other address/,
    ends: "refused",
  },
  {
    what: "the domain has no mail server",
    drop: ["there.example MX"],
    add: ['there.example TXT "v=spf1 -all"'],
    finds: "mx.none",
    who: "sender",
    change: /another way|other address/,
    ends: "refused",
  },
  {
    what: "the domain's name servers answer with faults",
    drop: ["there.example MX"],
    add: ["there.example MX SERVFAIL"],
    finds: "dns.server-failure",
    who: "recipient-admin",
    change: /name servers of there\.example/,
    ends: "waits",
  },
  {
    what: "our own resolver is not there",
    dnsFails: "queryMx ECONNREFUSED there.example",
    finds: "dns.own-resolver",
    who: "sender-admin",
    change: /Start the resolver/,
    ends: "unknown",
  },
  {
    what: "our own resolver answers everything with a fault",
    dnsFails: "SERVFAIL",
    finds: "dns.own-resolver",
    who: "sender-admin",
    change: /Start the resolver/,
    ends: "unknown",
  },
  {
    what: "the MX leads to us, and the domain is not ours",
    drop: ["there.example MX"],
    add: ["there.example MX 10 mail.home.example"],
    finds: "delivery.leads-back",
    who: "sender-admin",
    change: /add a `domain` section for it/,
    ends: "refused",
  },
  {
    what: "there is no such mailbox in our domain",
    delivery: { recipient: "anne@home.example" as Address },
    finds: "delivery.no-such-mailbox",
    who: "sender",
    change: /anne@home\.example letter by letter/,
    ends: "refused",
  },
  {
    what: "our Maildir cannot be written to",
    delivery: { recipient: ann },
    settings: () => ({ domain: [{ name: "home.example", deliver: "maildir:/dev/null/{user}", mailboxes: ["ann"] }] }),
    finds: "delivery.mailbox-not-writable",
    who: "sender-admin",
    change: /write to \/dev\/null\/ann/,
    ends: "waits",
  },
  {
    what: "our mailbox server refuses the recipient (LMTP)",
    delivery: { recipient: ann },
    script: good({ LHLO: offers("8BITMIME"), RCPT: "550 5.1.1 no such user" }),
    settings: (_dir, port) => ({ domain: [{ name: "home.example", deliver: `lmtp:127.0.0.1:${port}` }] }),
    finds: "delivery.recipient-refused",
    who: "sender",
    change: /address/,
    ends: "refused",
  },
  {
    what: "our mailbox server is not there (LMTP socket)",
    delivery: { recipient: ann },
    settings: (dir) => ({ domain: [{ name: "home.example", deliver: `lmtp:${dir}/none.sock` }] }),
    finds: "delivery.mailbox-server-down",
    who: "sender-admin",
    change: /Start the mailbox server/,
    ends: "waits",
  },
];

const hosts: readonly BrokenDelivery[] = [
  {
    what: "none of the hosts listens",
    server: "closed",
    finds: "server.refused",
    who: "recipient-admin",
    change: /Start the mail server on mx1\.there\.example/,
    ends: "waits",
  },
  {
    what: "none of the hosts answers",
    server: "none",
    finds: "server.no-answer",
    who: "recipient-admin",
    change: /firewall/,
    ends: "waits",
    also: ["server.port-blocked"],
  },
  {
    what: "the hosts say nothing",
    script: good({ GREETING: { kind: "silence" } }),
    finds: "server.silent",
    who: "recipient-admin",
    change: /log of the mail server on mx1/,
    ends: "waits",
  },
  {
    what: "another program listens on port 25",
    script: good({ GREETING: "SSH-2.0-OpenSSH_9.2" }),
    finds: "server.not-smtp",
    who: "recipient-admin",
    change: /Let the mail server listen on port 25/,
    ends: "waits",
  },
  {
    what: "the hosts hang up after EHLO",
    script: good({ EHLO: { kind: "close" } }),
    finds: "server.hangs-up",
    who: "recipient-admin",
    change: /log of the mail server on mx1/,
    ends: "waits",
  },
  {
    what: "the hosts turn us away, because we are on a list",
    script: good({ GREETING: "554 5.7.1 your address 198.51.100.5 is listed at bl.example.net" }),
    finds: "server.refuses-us",
    who: "sender-admin",
    change: /list/,
    ends: "refused",
  },
  {
    what: "a list has our address, and the host names its page",
    script: good({
      RCPT: "554 5.7.1 198.51.100.5 blocked using bl.example.net; https://bl.example.net/why?198.51.100.5",
    }),
    finds: "delivery.recipient-refused",
    who: "sender-admin",
    change: /list's page .*: https:\/\/bl\.example\.net\/why\?198\.51\.100\.5; end what put it there/,
    ends: "refused",
  },
  {
    what: "the host wants proof of who sends",
    script: good({ MAIL: "550 5.7.26 Unauthenticated mail is not accepted: neither SPF nor DKIM passed" }),
    finds: "delivery.sender-refused",
    who: "sender-admin",
    change: /Mend SPF, DKIM and DMARC/,
    ends: "refused",
  },
  {
    what: "the host greylists us",
    script: good({ RCPT: "451 4.7.1 greylisted, please come again later" }),
    finds: "delivery.greylisted",
    who: "nobody",
    change: /^$/,
    ends: "waits",
  },
  {
    what: "the host does not know the recipient",
    script: good({ RCPT: "550 5.1.1 user unknown" }),
    finds: "delivery.recipient-refused",
    who: "sender",
    change: /address/,
    ends: "refused",
  },
  {
    what: "the recipient's mailbox is full",
    script: good({ RCPT: "452 4.2.2 mailbox full" }),
    finds: "delivery.deferred",
    who: "recipient",
    change: /recipient|wait/i,
    ends: "waits",
  },
  {
    what: "the host takes no mail from this sender",
    script: good({ MAIL: "550 5.7.1 sender rejected: your domain is blocked here" }),
    finds: "delivery.sender-refused",
    who: "sender-admin",
    change: /./,
    ends: "refused",
  },
  {
    what: "the message is larger than the host takes",
    delivery: { sizeBytes: 20_000_000 },
    finds: "delivery.too-big",
    who: "sender",
    change: /smaller|link/,
    ends: "refused",
  },
  {
    what: "the address needs SMTPUTF8, and the host does not know it",
    delivery: { recipient: "bücher@there.example" as Address },
    script: good({ EHLO: offers("STARTTLS", "8BITMIME", "SIZE 10000000") }),
    finds: "delivery.feature-missing",
    who: "sender",
    change: /address/,
    ends: "refused",
  },
  {
    what: "the host takes no 8-bit text",
    script: good({ EHLO: offers("STARTTLS", "SMTPUTF8") }),
    finds: "delivery.no-8bit",
    who: "recipient-admin",
    change: /^$/,
    ends: "accepted",
  },
  {
    what: "the first of two hosts does not listen",
    server: "first-closed",
    finds: "server.refused",
    who: "recipient-admin",
    change: /Start the mail server on mx1\.there\.example/,
    ends: "accepted",
  },
];

const login = { username: "home", password: "secret" };
const smarthost = (more: object = {}) => ({ route: [{ host: "smart.example", port: 587, ...more }] });

const encryption: readonly BrokenDelivery[] = [
  {
    what: "the host offers no STARTTLS",
    drop: ["_mta-sts"],
    script: good({ EHLO: offers("8BITMIME") }),
    finds: "tls.not-offered",
    who: "recipient-admin",
    change: /switch STARTTLS on/,
    ends: "accepted",
  },
  {
    what: "the host offers STARTTLS, then refuses it",
    drop: ["_mta-sts"],
    script: good({ STARTTLS: "454 4.7.0 not now" }),
    finds: "tls.refused",
    who: "recipient-admin",
    change: /certificate and key/,
    ends: "accepted",
  },
  {
    what: "the handshake with the host fails",
    drop: ["_mta-sts"],
    script: good({ HANDSHAKE: { kind: "close" } }),
    finds: "tls.handshake",
    who: "recipient-admin",
    change: /certificate and key/,
    ends: "accepted",
  },
  {
    what: "the MTA-STS policy names other hosts",
    policyMx: "mail.there.example",
    finds: "mta-sts.mx-not-named",
    who: "recipient-admin",
    change: /"mx: mx1\.there\.example"/,
    ends: "accepted",
  },
  {
    what: "the certificate of the host does not keep the MTA-STS policy",
    certificate: "expired",
    finds: "mta-sts.mx-fails",
    who: "recipient-admin",
    change: /certificate that proves its name/,
    ends: "accepted",
  },
  {
    what: "the certificate of the host does not fit its TLSA records",
    tlsa: "differs",
    finds: "dane.mismatch",
    who: "recipient-admin",
    change: /IN TLSA 3 1 1/,
    ends: "accepted",
  },
  {
    what: "TLSA records, and the host offers no STARTTLS",
    drop: ["_mta-sts"],
    tlsa: "fits",
    script: good({ EHLO: offers("8BITMIME") }),
    finds: "dane.no-tls",
    who: "recipient-admin",
    change: /STARTTLS/,
    ends: "accepted",
    also: ["tls.not-offered"],
  },
  {
    what: "our smarthost has no address",
    settings: () => ({ route: [{ host: "nowhere.example" }] }),
    finds: "delivery.own-fault",
    who: "sender-admin",
    change: /Mend what is named/,
    ends: "waits",
  },
  {
    what: "our smarthost refuses our login",
    script: good({ EHLO: offers("STARTTLS", "8BITMIME", "AUTH PLAIN"), AUTH: "535 5.7.8 wrong password" }),
    settings: () => smarthost(login),
    finds: "delivery.login-refused",
    who: "sender-admin",
    change: /`username` and `password`/,
    ends: "waits",
  },
  {
    what: "our smarthost takes no logins",
    settings: () => smarthost(login),
    finds: "delivery.login-not-offered",
    who: "sender-admin",
    change: /port is the one for submission/,
    ends: "waits",
  },
  {
    what: "our route asks for encryption, and the smarthost has none",
    script: good({ EHLO: offers("8BITMIME") }),
    settings: () => smarthost({ tls: "require" }),
    finds: "delivery.tls-required",
    who: "sender-admin",
    change: /`tls` of the route/,
    ends: "waits",
  },
  {
    what: "our route asks for a certificate, and that of the smarthost is self-signed",
    certificate: "self-signed",
    settings: () => smarthost({ tls: "verify" }),
    finds: "delivery.tls-required",
    who: "sender-admin",
    change: /`tls` of the route/,
    ends: "waits",
  },
];

const proof: readonly BrokenDelivery[] = [
  {
    what: "SPF of our domain does not name our address",
    drop: ["home.example TXT"],
    add: ['home.example TXT "v=spf1 ip4:192.0.2.99 -all"'],
    finds: "spf.address-fails",
    who: "sender-admin",
    change: /v=spf1 ip4:192\.0\.2\.99 ip4:198\.51\.100\.5 -all/,
    ends: "accepted",
  },
  {
    what: "a typing mistake in SPF of our domain",
    drop: ["home.example TXT"],
    add: ['home.example TXT "v=spf1 ipv4:198.51.100.5 -all"'],
    finds: "spf.syntax",
    who: "sender-admin",
    change: /ipv4/,
    ends: "accepted",
  },
  {
    what: "our DKIM key is not published",
    drop: ["s1._domainkey"],
    finds: "dkim.key-missing",
    who: "sender-admin",
    change: /s1\._domainkey\.home\.example\. 3600 IN TXT "v=DKIM1/,
    ends: "accepted",
  },
  {
    what: "another DKIM key than ours is published",
    hasOtherKey: true,
    finds: "dkim.key-differs",
    who: "sender-admin",
    change: /in the place of/,
    ends: "accepted",
  },
  {
    what: "our mail is not signed",
    settings: () => ({ dkim: [] }),
    finds: "delivery.not-signed",
    who: "sender-admin",
    change: /waybill dkim keygen home\.example/,
    ends: "accepted",
  },
  {
    what: "neither SPF nor DKIM holds, and DMARC asks to refuse",
    drop: ["home.example TXT", "s1._domainkey"],
    add: ['home.example TXT "v=spf1 -all"'],
    finds: "delivery.dmarc-fails",
    who: "sender-admin",
    change: /published DKIM key/,
    ends: "refused",
    also: ["spf.address-fails", "dkim.key-missing"],
  },
  {
    what: "mail of another's domain is sent from here",
    delivery: { sender: "carl@elsewhere.example" as Address },
    add: ['elsewhere.example TXT "v=spf1 -all"', '_dmarc.elsewhere.example TXT "v=DMARC1; p=quarantine"'],
    finds: "delivery.dmarc-fails",
    who: "sender-admin",
    change: /published DKIM key/,
    ends: "accepted",
    also: ["spf.address-fails", "delivery.not-signed"],
  },
  {
    what: "our address has no reverse name",
    drop: ["198.51.100.5 PTR"],
    finds: "reverse.missing",
    who: "provider",
    change: /IN PTR mail\.home\.example\./,
    ends: "accepted",
  },
  {
    what: "from which address we send is not known",
    delivery: { source: { addresses: [], by: "hostname" } },
    finds: "delivery.source-unknown",
    who: "sender-admin",
    change: /--source/,
    ends: "accepted",
  },
];

const now = Date.now();
const minute = 60_000;
const site = `${host} mx2.there.example`;
const remote = { name: host, address: "192.0.2.10", port: 25 };
const tooFast = {
  kind: "refused",
  host: remote,
  stage: "mail",
  reply: reply(421, "4.7.0", "too many messages, slow down"),
} as const;
const full = { kind: "refused", host: remote, stage: "rcpt", reply: reply(452, "4.2.2", "mailbox full") } as const;
const unknownUser = {
  kind: "refused",
  host: remote,
  stage: "rcpt",
  reply: reply(550, "5.1.1", "user unknown"),
} as const;

const status = (change: Partial<DestinationStatus>) => ({
  destinations: async () => [
    {
      site,
      domains: ["there.example"],
      state: "open" as const,
      connections: 1,
      maxConnections: 20,
      messagesPerConnection: 100,
      inHand: 0,
      inSession: 0,
      causes: {},
      ...change,
    },
  ],
});

const queued = (change: Partial<QueuedDelivery>) => ({
  list: async (): Promise<QueuedDelivery[]> => [
    {
      deliveryId: 1,
      message: {
        queueId: "Q1" as QueueId,
        receivedAt: now - 90 * minute,
        reversePath: ann,
        bodyType: "7bit",
        smtpUtf8: false,
        sizeBytes: 1_300,
        eightBit: false,
      },
      recipient: { address: bob },
      attempts: 3,
      expiresAt: now + 5 * 1_440 * minute,
      delayNoticeSent: false,
      bounceOrdered: false,
      state: "deferred",
      dueAt: now + 20 * minute,
      ...change,
    },
  ],
});

const state: readonly BrokenDelivery[] = [
  {
    what: "the operator has suspended the destination",
    control: status({ state: "suspended", suspended: "they are moving" }),
    finds: "delivery.suspended",
    who: "sender-admin",
    change: /waybill destinations resume "mx1\.there\.example mx2\.there\.example"/,
    ends: "waits",
  },
  {
    what: "this server leaves the destination alone, after failures there",
    control: status({ state: "closed", because: tooFast, until: now + 10 * minute, failures: 4 }),
    finds: "delivery.closed",
    who: "sender-admin",
    change: /waybill destinations drain/,
    ends: "waits",
  },
  {
    what: "this server has slowed down, as the destination asked",
    control: status({ state: "slowed", because: tooFast, since: now - minute }),
    finds: "delivery.slowed",
    who: "nobody",
    change: /^$/,
    ends: "accepted",
  },
  {
    what: "mail to the recipient is stopped (suppression)",
    control: {
      suppressions: async () => [
        {
          address: bob,
          sender: "",
          cause: "no-such-mailbox",
          because: "There is no such mailbox.",
          since: now - minute,
          until: now + 1_440 * minute,
          times: 1,
        },
      ],
    },
    finds: "delivery.suppressed",
    who: "sender-admin",
    change: /waybill suppression lift bob@there\.example/,
    ends: "refused",
  },
  {
    what: "mail to the recipient waits, for its mailbox was full",
    control: queued({ lastFailure: full }),
    finds: "delivery.stuck",
    who: "recipient",
    change: /waybill trace Q1/,
    ends: "accepted",
  },
  {
    what: "mail to the recipient is held by the operator",
    control: queued({ state: "held" }),
    finds: "delivery.held",
    who: "sender-admin",
    change: /waybill queue release Q1/,
    ends: "accepted",
  },
  {
    what: "the last message to the recipient came back",
    control: {
      trace: async () => [
        {
          kind: "bounced",
          at: now - 60 * minute,
          queueId: "Q0" as QueueId,
          to: bob,
          because: unknownUser,
          attempt: 1,
          steps: [],
        },
      ],
    },
    finds: "delivery.came-back-before",
    who: "sender",
    change: /waybill trace Q0/,
    ends: "accepted",
  },
  {
    what: "no Waybill runs that could be asked",
    control: "down",
    finds: "delivery.no-server",
    who: "sender-admin",
    change: /waybill start/,
    ends: "accepted",
  },
];

export const brokenDeliveries: readonly BrokenDelivery[] = [...route, ...hosts, ...encryption, ...proof, ...state];
