import assert from "node:assert/strict";
import { test } from "node:test";
import { type Failure } from "./failure.ts";
import { failureText, hostText, roughDuration } from "./failure-text.ts";
import { reply } from "./reply.ts";

const host = { name: "mx.example.org", address: "192.0.2.1", port: 25 };
const shown = "mx.example.org [192.0.2.1]";
const refused = reply(451, "4.7.1", "greylisted,", "come again");

const table: [Failure, string][] = [
  [{ kind: "dns", problem: "no-such-domain", name: "x.example", query: "MX" }, "x.example does not exist in DNS"],
  [
    { kind: "dns", problem: "no-data", name: "x.example", query: "MX" },
    "x.example has no MX or address records in DNS",
  ],
  [{ kind: "dns", problem: "no-data", name: "x.example", query: "A/AAAA" }, "x.example has no address records in DNS"],
  [
    { kind: "dns", problem: "server-failure", name: "x.example", query: "MX" },
    "DNS failed when asked for MX of x.example",
  ],
  [
    { kind: "dns", problem: "timeout", name: "x.example", query: "A/AAAA" },
    "DNS gave no answer in time when asked for A/AAAA of x.example",
  ],
  [{ kind: "null-mx", domain: "x.example" }, "x.example says in DNS that it takes no mail (null MX)"],
  [
    { kind: "mx-is-us", domain: "x.example" },
    "the MX records of x.example lead back to this server, which does not know the domain",
  ],
  [{ kind: "unreachable", host, problem: "refused", text: "" }, `${shown} refused the connection`],
  [
    { kind: "unreachable", host, problem: "no-route", text: "EHOSTUNREACH" },
    `${shown} cannot be reached from this network: EHOSTUNREACH`,
  ],
  [
    { kind: "refused", host, stage: "rcpt", reply: refused },
    `${shown} answered RCPT TO with 451 4.7.1 greylisted, come again`,
  ],
  [{ kind: "lost", host, stage: "content", text: "" }, `${shown} ended the connection at the end of the message`],
  [
    { kind: "silent", host, stage: "greeting", timeoutMs: 300_000 },
    `${shown} gave no answer at the greeting within 5 min`,
  ],
  [
    { kind: "not-smtp", host, stage: "greeting", text: "HTTP/1.1 400" },
    `${shown} does not speak SMTP at the greeting: HTTP/1.1 400`,
  ],
  [
    { kind: "tls", host, problem: "certificate", text: "expired yesterday" },
    `${shown} has a certificate that does not hold: expired yesterday`,
  ],
  [{ kind: "unsupported", host, extension: "SMTPUTF8", text: "" }, `${shown} lacks SMTPUTF8, which the message needs`],
  [{ kind: "local", problem: "mailbox-full", text: "EDQUOT" }, "the mailbox is full: EDQUOT"],
  [
    { kind: "expired", afterMs: 5 * 86_400_000, last: { kind: "null-mx", domain: "x.example" } },
    "given up after 5 d: x.example says in DNS that it takes no mail (null MX)",
  ],
  [{ kind: "expired", afterMs: 3_600_000 }, "given up after 1 h"],
  [{ kind: "operator", text: "" }, "stopped by the operator"],
  [{ kind: "internal", text: "no such file" }, "a fault of this server: no such file"],
];

for (const [failure, expected] of table) {
  test(`${failure.kind}: ${expected}`, () => assert.equal(failureText(failure), expected));
}

test("a peer's words cannot move the cursor, break the line or turn the writing direction", () => {
  const hostile = reply(550, undefined, "no\u001b[2Jway\u009b5m", "\u202eliam\r\nnext\u2028line\ttab");
  const text = failureText({ kind: "refused", host, stage: "mail", reply: hostile });
  assert.equal(text, `${shown} answered MAIL FROM with 550 no [2Jway 5m liam next line tab`);
});

test("a host shows what is not obvious", () => {
  assert.equal(hostText({ name: "mx.example.org" }), "mx.example.org");
  assert.equal(hostText({ name: "192.0.2.1", address: "192.0.2.1", port: 2525 }), "192.0.2.1 port 2525");
});

test("durations in the unit that says most", () => {
  const asked = [0, 40, 999, 1_000, 60_000, 61_000, 90 * 60_000, 3_600_000, 36 * 3_600_000, 5 * 86_400_000];
  const told = ["0 ms", "40 ms", "999 ms", "1 s", "1 min", "61 s", "90 min", "1 h", "36 h", "5 d"];
  assert.deepEqual(asked.map(roughDuration), told);
});
