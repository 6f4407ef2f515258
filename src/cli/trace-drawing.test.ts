import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, bob, greylisted, host, minute, noon, queueId } from "../../test/cli/fake-ports.ts";
import type { Event, Judged } from "../journal/event.ts";
import type { Address } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";
import { reply } from "../mail/reply.ts";
import type { Authentication } from "../mail/verdict.ts";
import { plain } from "./context.ts";
import { asciiGlyphs, type Drawing, drawJourneys, unicodeGlyphs } from "./trace-drawing.ts";

const carol = "carol@else.example" as Address;
const tls = { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
const client = { address: "192.0.2.9", port: 40_000, protocol: "ESMTP", helloName: "app.here.example", tls } as const;
const received: Event = {
  kind: "received",
  at: noon,
  queueId,
  from: ann,
  to: [bob, carol],
  client,
  sizeBytes: 1_300,
  messageId: "<m1@here.example>",
};
const first = { name: "mx1.there.example", address: "192.0.2.6", port: 25 };
const deferred: Event = {
  kind: "deferred",
  at: noon + 2_000,
  queueId,
  to: bob,
  because: greylisted,
  attempt: 1,
  retryAt: noon + 4 * minute,
  steps: [
    { host: first, text: "", failure: { kind: "unreachable", host: first, problem: "refused", text: "" } },
    { host, text: "connected" },
    { host, text: "", failure: greylisted },
  ],
};
const delivered: Event = {
  kind: "delivered",
  at: noon + 4 * minute,
  queueId,
  to: bob,
  host,
  reply: reply(250, "2.0.0", "ok"),
  tls,
  attempt: 2,
  steps: [],
};
const bounced: Event = {
  kind: "bounced",
  at: noon + 3_000,
  queueId,
  to: carol,
  because: { kind: "null-mx", domain: "else.example" },
  attempt: 1,
  steps: [],
};
const notice: Event = {
  kind: "notice",
  at: noon + 3_000,
  queueId,
  action: "failed",
  to: carol,
  noticeId: "Q2" as QueueId,
};

function draw(events: readonly Event[], change: Partial<Drawing> = {}): string {
  const drawing = { glyphs: unicodeGlyphs, paint: plain, now: noon + minute, width: Infinity, timeZone: "UTC" };
  return `\n${drawJourneys(events, { ...drawing, ...change }).join("\n")}\n`;
}

test("a journey with a detour and a dead end", () => {
  const expected = `
● Q1  <m1@here.example>
│ 2026-03-01 12:00:00  received from ann@here.example, 1.3 KB, by ESMTP over TLSv1.3 from app.here.example [192.0.2.9]
│
├─ bob@there.example
│  ◌ 2026-03-01 12:00:02  +2 s     attempt 1 deferred: mx.there.example [192.0.2.7] answered RCPT TO with 451 4.7.1 greylisted, come again
│  │                               · mx1.there.example [192.0.2.6] refused the connection
│  │                               · mx.there.example [192.0.2.7]: connected
│  │                               The other mail server asks all servers that it does not know to try again later. Nobody needs to do anything.
│  │                               next attempt after 4 min, at 2026-03-01 12:04:00
│  ✔ 2026-03-01 12:04:00  +4 min   attempt 2 delivered to mx.there.example [192.0.2.7] over TLSv1.3: 250 2.0.0 ok
│
└─ carol@else.example
   ✘ 2026-03-01 12:00:03  +3 s     attempt 1 failed for good: else.example says in DNS that it takes no mail (null MX)
   │                               The domain else.example says that it does not take any mail. The sender can set it right.
   ✉ 2026-03-01 12:00:03  +0 s     told ann@here.example that delivery failed: waybill trace Q2
`;
  assert.equal(draw([received, deferred, bounced, notice, delivered]), expected);
});

test("ASCII where it is piped; what is still to come is told from now", () => {
  const suppressed: Event = { kind: "notice-suppressed", at: noon + minute, queueId, to: bob, text: "NOTIFY=NEVER" };
  const held: Event = { kind: "operator", at: noon + minute, queueId, to: carol, action: "hold" };
  const expected = `
o Q1  <m1@here.example>
| 2026-03-01 12:00:00  received from <>, 1.3 KB, from this machine
|
|- bob@there.example
|  ~ 2026-03-01 12:00:02  +2 s     attempt 1 deferred: mx.there.example [192.0.2.7] answered RCPT TO with 451 4.7.1 greylisted, come again
|  |                               The other mail server asks all servers that it does not know to try again later. Nobody needs to do anything.
|  |                               next attempt in 3 min, at 2026-03-01 12:04:00
|  @ 2026-03-01 12:01:00  +58 s    nobody was told: NOTIFY=NEVER
|
\`- carol@else.example
   ! 2026-03-01 12:01:00  +1 min   held by the operator: no attempt until it is released
`;
  const local: Event = { ...received, from: "", client: { address: "127.0.0.1", port: 0, protocol: "LOCAL" } };
  assert.equal(draw([local, { ...deferred, steps: [] }, suppressed, held], { glyphs: asciiGlyphs }), expected);
});

test("long text is wrapped beside its rail", () => {
  const expected = `
● Q1  <m1@here.example>
│ 2026-03-01 12:00:00  received from ann@here.example, 1.3 KB, by ESMTP
│                      over TLSv1.3 from app.here.example [192.0.2.9]
│
└─ bob@there.example
   ◌ 2026-03-01 12:00:02  +2 s     attempt 1 deferred: mx.there.example
                                   [192.0.2.7] answered RCPT TO with 451
                                   4.7.1 greylisted, come again
                                   The other mail server asks all servers
                                   that it does not know to try again
                                   later. Nobody needs to do anything.
                                   next attempt in 3 min, at 2026-03-01
                                   12:04:00
`;
  assert.equal(
    draw(
      [
        { ...received, to: [bob] },
        { ...deferred, steps: [] },
      ],
      { width: 75 },
    ),
    expected,
  );
});

test("no attempt yet; a history whose beginning is forgotten; a refused client", () => {
  const refused: Event = {
    kind: "refused",
    at: noon,
    client,
    stage: "rcpt",
    from: ann,
    to: bob,
    reply: reply(550, "5.1.1", "no"),
  };
  const expected = `
● Q1  <m1@here.example>
│ 2026-03-01 12:00:00  received from ann@here.example, 1.3 KB, by ESMTP over TLSv1.3 from app.here.example [192.0.2.9]
│
└─ bob@there.example
   ◌ no attempt so far

● Q3
│
└─ carol@else.example
   ✉ 2026-03-01 12:00:03  +0 s     told the sender that delivery failed: waybill trace Q2

✘ 2026-03-01 12:00:00  refused app.here.example [192.0.2.9] at RCPT TO from ann@here.example to bob@there.example: 550 5.1.1 no
`;
  assert.equal(draw([{ ...received, to: [bob] }, { ...notice, queueId: "Q3" as QueueId }, refused]), expected);
});

test("colours mark the outcome", () => {
  const text = draw([received, delivered], { paint: (style, text) => `<${style}>${text}</${style}>` });
  assert.match(text, /<green>✔<\/green> <dim>2026-03-01 12:04:00 {2}\+4 min <\/dim>/);
});

test("strangers' words stay on their line", () => {
  const hostile: Event = { ...received, messageId: "<a\u001b[2J\nb@x>", client: { ...client, helloName: "x\r\ny" } };
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(draw([hostile]), /[\u0000-\u0009\u000b-\u001f]|\nb|\ny/);
});

const judgedAs = (dmarc: Authentication["dmarc"], text: string): Judged => ({
  identity: { kind: "network", name: "203.0.113.0/24" },
  authentication: {
    iprev: { result: "pass", because: "", name: "mx.evil.example" },
    spf: [{ scope: "mailfrom", domain: "evil.example", result: "pass", because: "it is named" }],
    dkim: [],
    arc: { result: "none", because: "" },
    dmarc,
  },
  findings: [
    { check: "dns-list", kind: "mark", text: "bl.example lists it" },
    { check: "dmarc", kind: "refuse", text },
  ],
});

test("a refused content: whom it was for, and each reason once", () => {
  const because = "neither SPF nor DKIM proves bank.example";
  const author = "info@bank.example" as Address;
  const no = reply(550, "5.7.1", `${because};`, "sign it");
  const judged = judgedAs({ result: "fail", because, domain: "bank.example", author: "one" }, no.lines.join(" "));
  const refused: Event = {
    kind: "refused",
    at: noon,
    client,
    stage: "content",
    from: ann,
    author,
    recipients: [bob, carol, bob, carol],
    reply: no,
    check: "dmarc",
    judged,
  };
  const expected = `
✘ 2026-03-01 12:00:00  refused app.here.example [192.0.2.9] after the message from ann@here.example (From: info@bank.example) to bob@there.example, carol@else.example, bob@there.example and 1 more: 550 5.7.1 ${because}; sign it
                       · from somebody in the network 203.0.113.0/24; nothing else is proven
                       · reverse name pass
                       · SPF of MAIL FROM evil.example pass: it is named
                       · no DKIM signature
                       · DMARC of bank.example fail
                       · marked as suspicious (dns-list): bl.example lists it
`;
  assert.equal(draw([refused]), expected);
  const kept = draw([{ ...received, judged }]);
  assert.match(kept, /DMARC of bank\.example fail: neither SPF/, "nothing said it before");
  assert.match(kept, /refused \(dmarc\): neither SPF/);
});

test("who logged in, and as whose account a login failed; the address that a returned message came to", () => {
  const account = "shop";
  const asked = "SRS0=abcd=XY=far.example=eve@ours.example" as Address;
  const own = { ...client, account };
  assert.match(
    draw([{ ...received, client: own }]),
    /by ESMTP over TLSv1\.3 from app\..* \[192\.0\.2\.9\], logged in as shop\n/,
  );
  assert.match(
    draw([{ ...received, from: "", asked: [asked], to: [bob] }]),
    /received from <> for SRS0=abcd=XY=far\.example=eve@ours\.example, 1\.3 KB, by /,
  );
  const refused = { kind: "refused", at: noon, reply: reply(535, "5.7.8", "no") } as const;
  assert.match(
    draw([{ ...refused, client, stage: "login", account }]),
    /\[192\.0\.2\.9\] at AUTH as shop: 535 5\.7\.8 no\n/,
  );
  const judged: Judged = { identity: { kind: "account", name: account }, findings: [] };
  assert.match(
    draw([{ ...refused, client: own, stage: "content", from: ann, judged }]),
    /refused app.* \[192\.0\.2\.9\], logged in as shop, after the message from ann@here\.example: 535 5\.7\.8 no\n$/,
  );
});
