// `waybill explain`: what a person types and pastes, and what a program reads.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { main } from "../../src/cli/waybill.ts";
import { realWorld } from "../../src/base/world.ts";
import { chunks } from "./fake-ports.ts";

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "waybill-explain-"));
  await writeFile(join(dir, "bounce.eml"), bounce);
  await writeFile(join(dir, "mail.log"), `${log.join("\n")}\n`);
  await writeFile(join(dir, "person.eml"), "From: ann@example.org\nTo: bob@example.org\nSubject: Lunch\n\nAt noon?\n");
});
after(() => rm(dir, { recursive: true }));

const bounce = `From: MAILER-DAEMON@mx.example.net
To: ann@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

<bob@example.org>: host mx.example.org[192.0.2.1] said: 552 5.2.2 mailbox full

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; bob@example.org
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

--b
Content-Type: text/rfc822-headers

Subject: Offer
Message-ID: <1@example.com>

--b--
`;

const log = [
  "postfix/smtp[1]: 4F: to=<a@example.org>, relay=mx.example.org[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.org[192.0.2.1] said: 550 5.1.1 <a@example.org>: user unknown)",
  "postfix/smtp[1]: 4F: to=<b@example.org>, relay=none, dsn=4.4.1, status=deferred (connect to mx.example.org[192.0.2.1]:25: Connection refused)",
  "postfix/smtp[1]: 4F: to=<c@example.org>, dsn=2.0.0, status=sent (250 ok)",
];

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function explain(words: readonly string[], { stdin = "", environment = {} } = {}): Promise<Said> {
  let [out, err] = ["", ""];
  const code = await main(["node", "waybill", "explain", ...words], {
    stdin: chunks(stdin),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    environment,
    world: realWorld(),
    machine: "here",
    user: "me",
  });
  return { code, out, err };
}

const json = async (...words: Parameters<typeof explain>) =>
  (await explain(["--json", ...words[0]], words[1])).out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a bounce: who, why, how long, and what to do, in the language asked for", async () => {
  const { code, out } = await explain([join(dir, "bounce.eml")]);
  assert.equal(code, 0);
  for (const part of [
    "bob@example.org",
    "The recipient's mailbox is full.",
    "What you can do",
    "552 5.2.2 mailbox full",
    "Offer",
  ])
    assert.ok(out.includes(part), part);
  const german = await explain(["--lang", "de", join(dir, "bounce.eml")]);
  assert.match(german.out, /Das Postfach des Empfängers ist voll\./);
  const locale = await explain([join(dir, "bounce.eml")], { environment: { LC_ALL: "", LANG: "fr_CH.UTF-8" } });
  assert.match(locale.out, /boîte/);
});

test("JSON: one line for each input, in their order", async () => {
  const lines = await json([join(dir, "bounce.eml"), join(dir, "mail.log"), join(dir, "person.eml")]);
  assert.deepEqual(
    lines.map(({ bounce, kind, recipients }) => [
      bounce,
      kind,
      recipients.map(({ cause }: { cause: string }) => cause),
    ]),
    [
      [true, "failure", ["mailbox-full"]],
      [false, "text", ["no-such-mailbox", "server-unreachable"]],
      [false, "other", []],
    ],
  );
  const [{ address, permanence, whoActs, confidence, summary }] = lines[0].recipients;
  assert.deepEqual(
    { address, permanence, whoActs, confidence, summary },
    {
      address: "bob@example.org",
      permanence: "over",
      whoActs: "recipient",
      confidence: "certain",
      summary: "The recipient's mailbox is full.",
    },
  );
});

test("codes and replies, in one word or many, or on standard input", async () => {
  const cases: [readonly string[], string, string][] = [
    [["5.1.1"], "", "no-such-mailbox"],
    [["552", "5.2.2"], "", "mailbox-full"],
    [["550 5.7.25 The IP address has no PTR record"], "", "no-reverse-name"],
    [["550", "5.7.25", "no", "PTR", "record"], "", "no-reverse-name"],
    [[], "550-5.1.1 The account\r\n550 5.1.1 does not exist\r\n", "no-such-mailbox"],
    [["-"], bounce.replaceAll("\n", "\r"), "mailbox-full"],
    [[], `\ufeff${bounce}`, "mailbox-full"],
  ];
  for (const [words, stdin, cause] of cases) {
    const [line] = await json(words, { stdin });
    assert.equal(line.recipients[0].cause, cause, words.join(" "));
  }
});

test("UTF-16, and lines of a log that tell of success", async () => {
  await writeFile(join(dir, "wide.eml"), Buffer.from(`\ufeff${bounce}`, "utf16le"));
  const sent =
    "2026-11-23 08:00:01 1abCDe-000123-4F => dave@example.org R=dnslookup T=remote_smtp H=mx.example.org [192.0.2.1]";
  const [wide, exim] = [await json([join(dir, "wide.eml")]), await json([], { stdin: `${sent}\n` })];
  assert.equal(wide[0].recipients[0].cause, "mailbox-full");
  assert.deepEqual(exim[0].recipients, []);
});

test("a status of HTTP", async () => {
  const { out } = await explain(["HTTP", "404"]);
  assert.match(out, /^HTTP 404 Not Found\n/);
  const [line] = await json(["http/1.1 308"]);
  assert.equal(line.http.redirect.method, "GET");
});

test("what cannot be read is told; what is no file is a text", async () => {
  const missing = await explain([join(dir, "missing.eml")]);
  assert.equal(missing.code, 66);
  assert.match(missing.err, /^Cannot read .*missing\.eml: there is no such file\.\n$/);
  const folder = await explain([dir]);
  assert.match(folder.err, /it is a folder; give its files/);
  const language = await explain(["--lang", "xx", "550"]);
  assert.equal(language.code, 64);
  assert.match(language.err, /en, de, fr, es, ja/);
});

test("a reply cannot write on the terminal", async () => {
  const { out } = await explain(["550 5.1.1 user \u001b[2Junknown\u0007"]);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f]/);
});
