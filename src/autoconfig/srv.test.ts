// SRV records of mail services: what an app makes of them, and what we publish. RFC 6186, RFC 8314 §5.1.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppSettings, ServerSettings } from "./settings.ts";
import { settingsFromSrv, srvNames, srvRecords } from "./srv.ts";

/** "priority weight port target", as in a zone file. */
const records = (...texts: string[]) =>
  texts.map((text) => {
    const [priority = "", weight = "", port = "", target = ""] = text.split(" ");
    return {
      priority: Number(priority),
      weight: Number(weight),
      port: Number(port),
      target: target.replace(/\.$/, ""),
    };
  });

const short = ({ protocol, host, port, security }: ServerSettings): string => `${protocol} ${host}:${port} ${security}`;

function typed(zone: Readonly<Record<string, readonly string[]>>): string[] {
  const found = Object.entries(zone).map(([name, texts]) => [`${name}._tcp.example.org`, records(...texts)] as const);
  const { incoming, outgoing } = settingsFromSrv("example.org", new Map(found));
  return [...incoming, ...outgoing].map(short);
}

test("names to ask for", () =>
  assert.deepEqual(srvNames("example.org"), [
    "_imaps._tcp.example.org",
    "_imap._tcp.example.org",
    "_pop3s._tcp.example.org",
    "_pop3._tcp.example.org",
    "_submissions._tcp.example.org",
    "_submission._tcp.example.org",
  ]));

for (const [what, zone, expected] of [
  ["nothing", {}, []],
  [
    "each service (RFC 8314 §5.1: TLS from the first byte first)",
    {
      _submission: ["0 1 587 Mail.example.org."],
      _submissions: ["0 1 465 mail.example.org."],
      _imap: ["0 1 143 a.example"],
      _imaps: ["0 1 993 b.example"],
      _pop3s: ["0 1 995 c.example"],
    },
    [
      "imap b.example:993 tls",
      "imap a.example:143 starttls",
      "pop3 c.example:995 tls",
      "smtp mail.example.org:465 tls",
      "smtp mail.example.org:587 starttls",
    ],
  ],
  [
    "priorities, also between services (RFC 6186 §3.4)",
    { _imaps: ["20 1 993 late.example", "10 1 993 early.example"], _pop3s: ["5 1 995 pop.example"] },
    ["pop3 pop.example:995 tls", "imap early.example:993 tls", "imap late.example:993 tls"],
  ],
  [
    "weights: the heaviest first",
    { _imaps: ["0 1 993 a.example", "0 50 993 b.example", "0 0 993 c.example"] },
    ["imap b.example:993 tls", "imap a.example:993 tls", "imap c.example:993 tls"],
  ],
  [
    "not offered (RFC 6186 §3.4)",
    { _imaps: ["0 0 0 ."], _imap: ["0 0 143 ."], _submission: ["0 1 587 mail.example.org."] },
    ["smtp mail.example.org:587 starttls"],
  ],
  [
    "a port that is none, a name that is none",
    { _imaps: ["0 1 0 a.example", "0 1 993 a..example", "0 1 993 b.example"] },
    ["imap b.example:993 tls"],
  ],
] as const)
  test(`records: ${what}`, () => assert.deepEqual(typed(zone), expected));

test("no user name and no way to log in is said", () => {
  const { incoming } = settingsFromSrv(
    "example.org",
    new Map([["_imaps._tcp.example.org", records("0 1 993 a.example")]]),
  );
  assert.deepEqual(incoming, [{ protocol: "imap", host: "a.example", port: 993, security: "tls", logins: [] }]);
});

const settings: AppSettings = {
  incoming: [
    { protocol: "imap", host: "imap.example.org", port: 993, security: "tls", logins: [] },
    { protocol: "pop3", host: "pop.example.org", port: 110, security: "starttls", logins: [] },
  ],
  outgoing: [
    { protocol: "smtp", host: "mail.example.org", port: 465, security: "tls", logins: [] },
    { protocol: "smtp", host: "mail.example.org", port: 587, security: "starttls", logins: [] },
    { protocol: "smtp", host: "mail.example.org", port: 25, security: "none", logins: [] },
  ],
  pages: [],
};

test("records to publish: what is offered, in its order, and what is not", () =>
  assert.deepEqual(
    srvRecords(settings, "example.org").map(({ name, type, value }) => `${name} ${type} ${value}`),
    [
      "_imaps._tcp.example.org SRV 0 1 993 imap.example.org",
      "_imap._tcp.example.org SRV 0 0 0 .",
      "_pop3s._tcp.example.org SRV 0 0 0 .",
      "_pop3._tcp.example.org SRV 10 1 110 pop.example.org",
      "_submissions._tcp.example.org SRV 0 1 465 mail.example.org",
      "_submission._tcp.example.org SRV 10 1 587 mail.example.org",
    ],
  ));

test("what is published is read again", () => {
  const found = new Map(srvRecords(settings, "example.org").map(({ name, value }) => [name, records(value)]));
  const { incoming, outgoing } = settings;
  assert.deepEqual(settingsFromSrv("example.org", found), { incoming, outgoing: outgoing.slice(0, 2), pages: [] });
});
