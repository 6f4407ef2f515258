import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { StubEdge, client, decideLike, settings } from "../../test/dialog/stub-edge.ts";
import { reply } from "../mail/reply.ts";
import type { Effect } from "./effect.ts";
import { limits } from "./limits.ts";
import { createSession } from "./server-session.ts";

const tls = { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" };
const hello = "EHLO client.example\r\n";
const envelope = "MAIL FROM:<bob@client.example>\r\nRCPT TO:<ann@local.example>\r\n";

const mechanisms = (): string[] => ["PLAIN", "LOGIN"];
/** The account of the stub edge. */
const bob = Buffer.from("\0bob@mydomain.tld\0secret").toString("base64");

const open = (text = "", own = {}): StubEdge => new StubEdge(own).start().feed(text);

/** Reply codes of all that was sent. */
const codes = (edge: StubEdge): string => [...edge.sent.matchAll(/^(\d{3}) /gm)].map(([, code]) => code).join(" ");

/** All that a session means to the world, however its bytes came. */
const meaning = (edge: StubEdge): unknown => ({
  sent: edge.sent,
  messages: edge.messages,
  questions: edge.questions,
  refusals: edge.refusals,
  begun: edge.begun,
  discarded: edge.discarded,
  handshakes: edge.handshakes,
  closed: edge.closed,
  waiting: edge.session.waiting,
  client: edge.session.client,
});

describe("however the bytes are split, the session is the same", () => {
  const message = `${envelope}DATA\r\nSubject: a\r\n\r\n..\r\n.b\r\n.\r\n`;
  const chunks = `${envelope}BDAT 5\r\n.\r\n\r\nBDAT 4 LAST\r\n\r\n.\rBDAT 0 LAST\r\n${envelope}BDAT 3 LAST\r\nc\r\n`;
  const conversations: Record<string, string> = {
    "a message": `${hello}${message}${message}QUIT\r\nNOOP\r\n`,
    chunks: `${hello}${chunks}RSET\r\n`,
    "forbidden octets": `${hello}${envelope}DATA\r\na\r\n.\nRSET\r\n\r\n.\rb\0\r\n.\r\nNOOP\r\n`,
    "bad lines": `${hello}NOOP\nRSET\r\nNO\rOP\r\n${"x".repeat(limits.commandBytes)}\r\n\0\r\nNOOP\r\n`,
    "a bad BDAT": `${hello}${envelope}bdat 60 LAST\x01\r\nRSET\r\n${envelope}`,
    refusals: `${hello}MAIL FROM:<a\r\n${envelope}RCPT TO:<ann@elsewhere.example>\r\nRCPT TO:<>\r\nDATA x\r\n`,
    "STARTTLS injection": `${hello}STARTTLS\r\n${envelope}QUIT\r\n`,
    "HTTP behind HELO": `HELO x\r\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n${envelope}`,
    "logins that fail and succeed": `${hello}AUTH PLAIN\r\nAGE=\r\nAUTH LOGIN\r\n*\r\nAUTH LOGIN\r\nBDAT\n 1\r\n`,
    "a login": `${hello}AUTH PLAIN ${bob}\r\n${message}AUTH PLAIN ${bob}\r\nRSET\r\nSTARTTLS\r\n`,
    "unfinished content": `${hello}${envelope}DATA\r\nhello\r\n`,
    "too large": `${hello}${envelope}DATA\r\n${"x".repeat(90)}\r\n${"y".repeat(20)}\r\n.\r\nNOOP\r\n`,
  };
  for (const [name, conversation] of Object.entries(conversations))
    test(name, () => {
      const octets = Buffer.from(conversation, "latin1");
      const play = (...pieces: Uint8Array[]): unknown =>
        meaning(new StubEdge({ maxMessageBytes: 100, mechanisms }).start().feed(...pieces));
      const whole = play(octets);
      assert.deepEqual(play(...[...octets].map((octet) => Uint8Array.of(octet))), whole, "octet by octet");
      for (let at = 1; at < octets.length; at += 1)
        assert.deepEqual(play(octets.subarray(0, at), octets.subarray(at)), whole, `split at ${at}`);
    });
});

describe("SMTP smuggling", () => {
  const suites = process.env["WAYBILL_SUITES"] ?? join(import.meta.dirname, "../../../shared/suites");
  const file = join(suites, "smtp/smuggling.json");
  const skip = existsSync(file) ? false : `${file} is absent; set WAYBILL_SUITES`;
  const sequences: string[] =
    skip === false
      ? (JSON.parse(readFileSync(file, "utf8")) as { not_an_end_of_data: string[] }).not_an_end_of_data
      : [];
  const smuggled = "MAIL FROM:<eve@client.example>\r\nRCPT TO:<eve@local.example>\r\nDATA\r\n";

  /** Nothing was taken for a command; the message is whole, or it is refused. */
  const check = (edge: StubEdge, content: string, how: string): void => {
    const offends = /\r(?!\n)|(?<!\r)\n|\0/.test(content);
    assert.equal(edge.questions.filter(({ about }) => about === "reverse-path").length, 1, how);
    assert.equal(edge.messages[0]?.content, offends ? undefined : content, how);
    assert.equal(edge.messages.length, offends ? 0 : 1, how);
    assert.equal(edge.refusals.length, offends ? 1 : 0, how);
    assert.equal(edge.discarded, offends ? 1 : 0, how);
    assert.equal(edge.session.waiting, "command", how);
    assert.match(edge.sent, /250 2\.0\.0 ok\r\n$/, how); // the NOOP behind the message
  };

  test("in DATA, at every split", { skip }, () => {
    for (const sequence of sequences) {
      const content = `a${sequence}${smuggled}b\r\n`;
      const octets = Buffer.from(`${hello}${envelope}DATA\r\n${content}.\r\nNOOP\r\n`, "latin1");
      for (let at = 0; at < octets.length; at += 1)
        check(
          open().feed(octets.subarray(0, at), octets.subarray(at)),
          content,
          `${JSON.stringify(sequence)} at ${at}`,
        );
    }
  });

  test("in BDAT, across every border of two chunks", { skip }, () => {
    for (const sequence of [...sequences, "\r\n.\r\n"]) {
      const content = `a${sequence}${smuggled}`;
      for (let at = 0; at <= sequence.length + 2; at += 1) {
        const rest = content.slice(at);
        const chunks = `BDAT ${at}\r\n${content.slice(0, at)}BDAT ${rest.length} LAST\r\n${rest}`;
        const edge = open(`${hello}${envelope}${chunks}`);
        const how = `${JSON.stringify(sequence)} at ${at}`;
        // an offence in the first chunk ends the transaction, so that the second one is refused, too
        const early = edge.refusals.length === 2;
        if (early) assert.deepEqual(edge.refusals.pop()?.reply.code, 503, how);
        check(edge.feed("NOOP\r\n"), content, how);
      }
    }
  });
});

describe("pipelining", () => {
  test("the replies of a batch go out in one piece", () => {
    const edge = open();
    assert.equal(edge.sends.length, 1);
    edge.feed(`${hello}${envelope}${envelope}NOOP\r\nDATA\r\n`);
    assert.equal(edge.sends.length, 2);
    edge.feed(`hello\r\n.\r\n${envelope}DATA\r\n`);
    assert.equal(edge.sends.length, 3);
    edge.feed(".\r\nQUIT\r\n");
    assert.equal(edge.sends.length, 4);
    assert.equal(codes(edge), "220 250 250 250 503 250 250 354 250 250 250 354 250 221");
  });

  test("354 is sent before the content is handed on", () => {
    const session = createSession(settings, client);
    session.start();
    session.answer(reply(250, undefined));
    session.feed(Buffer.from("EHLO x\r\nMAIL FROM:<>\r\n"));
    session.answer(reply(250, "2.1.0"));
    session.feed(Buffer.from("RCPT TO:<ann@local.example>\r\nDATA\r\nhello\r\n.\r\n"));
    const effects = session.answer(reply(250, "2.1.5"));
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ["send", "begin-content", "content", "ask"],
    );
    assert.equal(session.waiting, "answer");
  });

  test("while a decision is awaited nothing is read, and nothing is lost", () => {
    const session = createSession(settings, client);
    session.start();
    session.answer(reply(250, undefined));
    const effects = session.feed(Buffer.from("NOOP\r\nEHLO x\r\nMAIL FROM:<>\r\nNOOP\r\n"));
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ["ask"],
    );
    assert.equal(session.waiting, "answer");
    assert.deepEqual(session.feed(Buffer.from("RSET\r\nQUIT\r\n")), []);
    const [send, ...rest] = session.answer(reply(450, "4.7.1", "later"));
    assert.ok(send?.kind === "send");
    const sent = send.text.replaceAll(/^250-.*\r\n/gm, "");
    assert.match(
      sent,
      /^250 2\.0\.0 ok\r\n250 HELP\r\n450 4\.7\.1 later\r\n250 2\.0\.0 ok\r\n250 2\.0\.0 ok\r\n221 .*\r\n$/,
    );
    assert.deepEqual(rest, [{ kind: "close" }]);
  });
});

describe("the greeting", () => {
  test("comes after the decision about the connection", () => {
    const edge = open();
    assert.deepEqual(edge.questions, [{ about: "connection", client }]);
    assert.equal(edge.sent, "220 mx.local.example ESMTP Waybill\r\n");
  });

  test("a connection that is refused is told so, without an enhanced code, and closed", () => {
    const edge = new StubEdge({}, () => reply(554, "5.7.1", "no mail from you")).start();
    assert.equal(edge.sent, "554 no mail from you\r\n");
    assert.equal(edge.closed, true);
    assert.deepEqual(edge.refusals, []);
  });

  test("who speaks before it is dropped; the decision comes too late then", () => {
    const session = createSession(settings, client);
    session.start();
    const effects = session.feed(Buffer.from(hello));
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ["refused", "send", "close"],
    );
    const [refused, send] = effects;
    assert.equal(refused?.kind === "refused" && refused.stage, "connect");
    assert.match(send?.kind === "send" ? send.text : "", /^421 you spoke before the greeting[^\n]*\n$/);
    assert.equal(session.waiting, "closed");
    assert.deepEqual(session.answer(reply(250, undefined)), []);
  });
});

describe("what the session knows of its client", () => {
  test("EHLO and HELO", () => {
    assert.deepEqual(open(hello).session.client, { ...client, helloName: "client.example", protocol: "ESMTP" });
    const edge = open(`${hello}HELO other.example\r\n`);
    assert.deepEqual(edge.session.client, { ...client, helloName: "other.example", protocol: "SMTP" });
  });

  test("the question about the recipient knows those who were accepted", () => {
    const edge = open(`${hello}${envelope}RCPT TO:<bea@local.example>\r\n`);
    const last = edge.questions.at(-1);
    assert.ok(last?.about === "recipient");
    assert.equal(last.recipient.address, "bea@local.example");
    assert.equal(last.accepted[0]?.address, "ann@local.example");
    assert.equal(last.origin.reversePath, "bob@client.example");
  });

  test("after TLS, only what the connection itself tells", () => {
    const edge = open(`${hello}STARTTLS\r\n`);
    assert.equal(edge.handshakes, 1);
    assert.equal(edge.session.waiting, "tls");
    edge.feed(`${hello}QUIT\r\n`); // in clear text: an attacker's
    assert.deepEqual(edge.session.secured(tls), []);
    assert.deepEqual(edge.session.client, { ...client, tls });
    edge.feed(envelope);
    assert.equal(codes(edge), "220 250 220 503 503");
  });

  test("TLS that nobody asked for changes nothing", () => {
    const edge = open(hello);
    assert.deepEqual(edge.session.secured(tls), []);
    assert.equal(edge.session.client.tls, undefined);
  });

  test("XCLIENT: the stated client is asked about anew, and the proxy's EHLO is forgotten", () => {
    const edge = open(`${hello}XCLIENT ADDR=198.51.100.1 NAME=c.example\r\n${hello}`, { mayXclient: true });
    const stated = { ...client, address: "198.51.100.1", name: "c.example", protocol: "ESMTP" };
    assert.deepEqual(edge.questions.at(-1), { about: "connection", client: stated });
    assert.equal(codes(edge), "220 250 220 250");
    assert.deepEqual(edge.session.client, { ...stated, helloName: "client.example" });
  });
});

describe("a login", () => {
  const account = "bob@mydomain.tld";

  test("stays over EHLO and messages, and goes with TLS and XCLIENT", () => {
    const edge = open(`${hello}AUTH PLAIN ${bob}\r\n${hello}${envelope}DATA\r\n.\r\n`, {
      mechanisms,
      mayXclient: true,
    });
    assert.equal(codes(edge), "220 250 235 250 250 250 354 250");
    assert.equal(edge.session.client.account, account);
    const message = edge.questions.at(-1);
    assert.ok(message?.about === "message" && message.client.account === account);
    edge.feed("XCLIENT ADDR=192.0.2.9\r\n");
    assert.equal(edge.session.client.account, undefined);
    edge.feed(`${hello}AUTH PLAIN ${bob}\r\nSTARTTLS\r\n`).session.secured(tls);
    assert.deepEqual(edge.session.client, { ...client, address: "192.0.2.9", tls });
  });

  test("nothing of it gets into what is asked and told", () => {
    const edge = open(`${hello}AUTH PLAIN ${bob}\r\nAUTH LOGIN\r\nAUTH PLAIN !\r\n`, { mechanisms });
    const told = JSON.stringify([edge.questions, edge.refusals, edge.sent]);
    assert.doesNotMatch(told, /secret|c2VjcmV0|Ym9i/);
    assert.ok(!told.includes(bob));
    assert.deepEqual(
      edge.refusals.map(({ stage, reply }) => [stage, reply.code]),
      [
        ["login", 503],
        ["login", 501],
      ],
    );
  });

  test("an outcome that comes too late, or that nobody waits for, changes nothing", () => {
    const session = createSession({ ...settings, mechanisms }, client);
    session.start();
    session.answer(reply(220, undefined));
    assert.deepEqual(session.login({ kind: "accepted", account }), []);
    const [send, login] = session.feed(Buffer.from(`${hello}AUTH PLAIN ${bob}\r\nMAIL FROM:<>\r\n`));
    assert.equal(send?.kind, "login", "the replies go out together");
    assert.equal(login, undefined);
    assert.equal(session.waiting, "answer");
    session.lost();
    assert.deepEqual(session.login({ kind: "accepted", account }), []);
    assert.equal(session.client.account, undefined);
  });

  test("a response may be as long as a token, and no longer", () => {
    const edge = open(`${hello}AUTH PLAIN\r\n`, { mechanisms });
    edge.feed(`${"A".repeat(limits.authLineBytes - 4)}\r\nAUTH PLAIN\r\n`);
    edge.feed(`${"A".repeat(limits.authLineBytes)}\r\nNOOP\r\n`);
    assert.equal(codes(edge), "220 250 334 535 334 500 250");
    assert.match(edge.sent, /500 5\.5\.6 line too long; the limit is 12288 octets\r\n250 2\.0\.0 ok\r\n$/);
  });

  test("421 instead of an outcome closes", () => {
    const session = createSession({ ...settings, mechanisms }, client);
    session.start();
    session.answer(reply(220, undefined));
    session.feed(Buffer.from(`${hello}AUTH LOGIN\r\n`));
    const effects = session.login({ kind: "refused", reply: reply(421, "4.7.0", "go away") });
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ["send", "close"],
    );
  });

  test("a submission listener says so when it asks about the connection", () => {
    assert.deepEqual(open("", { submission: true }).questions, [{ about: "connection", client, submission: true }]);
  });
});

describe("the end of a session", () => {
  test("421 to the client when we hang up, and what came of a message is discarded", () => {
    const edge = open(`${hello}${envelope}DATA\r\nhel`);
    assert.equal(edge.session.waiting, "content");
    edge.perform(edge.session.hangUp(reply(421, "4.4.2", "timed out")));
    assert.match(edge.sent, /421 4\.4\.2 timed out\r\n$/);
    assert.equal(edge.closed, true);
    assert.equal(edge.discarded, 1);
    assert.deepEqual(edge.session.hangUp(reply(421, "4.4.2", "again")), []);
    assert.deepEqual(edge.session.feed(Buffer.from("NOOP\r\n")), []);
  });

  test("a client that is gone gets no words, and what came of its message is discarded", () => {
    const edge = open(`${hello}${envelope}BDAT 10\r\nhel`);
    assert.deepEqual(edge.session.lost(), [{ kind: "discard-content" }]);
    assert.equal(edge.session.waiting, "closed");
    assert.deepEqual(edge.session.lost(), []);
  });

  test("nor the replies that were held back for a decision", () => {
    const session = createSession(settings, client);
    session.start();
    session.answer(reply(250, undefined));
    assert.equal(session.feed(Buffer.from(`${hello}MAIL FROM:<>\r\n`)).at(-1)?.kind, "ask");
    assert.deepEqual(session.lost(), []);
  });

  test("a whole message is the edge's, even if the client is gone before its reply", () => {
    const session = createSession(settings, client);
    const effects: Effect[] = session.start();
    for (const piece of [hello, "MAIL FROM:<>\r\n", "RCPT TO:<ann@local.example>\r\n", "DATA\r\n", "hello\r\n.\r\n"]) {
      if (session.waiting === "answer") effects.push(...session.answer(reply(250, undefined)));
      effects.push(...session.feed(Buffer.from(piece)));
    }
    assert.equal(effects.at(-1)?.kind, "ask");
    assert.deepEqual(session.lost(), []);
    assert.deepEqual(session.answer(reply(250, "2.0.0", "queued")), []);
  });

  test("RFC 5321 §3.8: a decision with 421 closes", () => {
    const edge = new StubEdge({}, (question) =>
      question.about === "recipient" ? reply(421, "4.7.0", "bye") : reply(250, undefined),
    );
    edge.start().feed(`${hello}${envelope}NOOP\r\n`);
    assert.equal(codes(edge), "220 250 250 421");
    assert.equal(edge.closed, true);
  });

  test("errors add up over the session until a message is accepted", () => {
    const wrong = "FOO\r\nFOO\r\n";
    const edge = open(`${hello}${wrong}${envelope}DATA\r\n.\r\n${wrong}`, { maxErrors: 3 });
    assert.equal(edge.closed, false);
    edge.feed("FOO\r\nNOOP\r\n");
    assert.match(edge.sent, /\r\n500 [^\n]*\n421 4\.7\.0 [^\n]*\n$/);
    assert.equal(edge.closed, true);
  });

  test("content without end is not read for ever", () => {
    const edge = open(`${hello}${envelope}DATA\r\n`, { maxMessageBytes: 10 });
    const piece = Buffer.alloc(16 * 1024 ** 2, "x");
    for (let count = 0; count < 8 && !edge.closed; count += 1) edge.feed(piece);
    assert.equal(edge.closed, true);
    assert.match(edge.sent, /552 5\.3\.4 [^\n]*\n$/);
    assert.equal(edge.discarded, 1);
  });
});

test("the journal hears of what the session refused by itself, with the addresses", () => {
  const edge = open(
    `${hello}MAIL FROM:<bob@client.example> SIZE=999999\r\n${envelope}RCPT TO:<ann>\r\nDATA\r\na\nb\r\n.\r\nFOO\r\n`,
  );
  assert.deepEqual(
    edge.refusals.map(({ stage, from, to, reply }) => [stage, from, to, reply.code]),
    [
      ["mail", "bob@client.example", undefined, 552],
      ["rcpt", "bob@client.example", undefined, 501],
      ["content", "bob@client.example", undefined, 550],
    ],
  );
});

describe("any input", () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      hello,
      envelope,
      "DATA\r\n",
      "BDAT 3\r\n",
      "BDAT 2 LAST\r\n",
      ".\r\n",
      "RSET\r\n",
      "AUTH LOGIN\r\n",
      `AUTH PLAIN ${bob}\r\n`,
      "STARTTLS\r\n",
      "\n",
    ),
    fc.constantFrom("\r", ".", "\0", "XCLIENT ADDR=192.0.2.9\r\n", "MAIL FROM:<> BODY=BINARYMIME\r\n", "QUIT\r\n"),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  );

  test("never throws, and content begins only behind 354 or BDAT", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 40 }), (fragments) => {
        const edge = open(hello, { mayXclient: true, maxErrors: 100, mechanisms }).feed(...fragments);
        const invitations = edge.sent.match(/^354 /gm)?.length ?? 0;
        const chunks = fragments.join("").match(/BDAT/g)?.length ?? 0;
        assert.ok(edge.begun <= invitations + chunks);
        assert.equal(edge.begun, edge.messages.length + edge.discarded + (edge.openContent === undefined ? 0 : 1));
        assert.match(edge.sent, /^(?:[2-5]\d\d[ -][ -~]*\r\n)+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test("content goes out as it came, for text with CRLF", () => {
    const lines = fc.array(fc.stringMatching(/^[.\t -\xff]*$/), { maxLength: 20 });
    fc.assert(
      fc.property(lines, fc.nat(), (lines, cut) => {
        const content = lines.map((line) => `${line}\r\n`).join("");
        const stuffed = Buffer.from(`${content.replaceAll(/^\./gm, "..")}.\r\n`, "latin1");
        const at = cut % stuffed.length;
        const edge = open(`${hello}${envelope}DATA\r\n`).feed(stuffed.subarray(0, at), stuffed.subarray(at));
        assert.equal(edge.messages[0]?.content, content);
      }),
      { numRuns: 500 },
    );
  });
});

test("a trusted network's mail to anyone is the judge's decision, not the session's", () => {
  const edge = new StubEdge({}, decideLike(true)).start();
  edge.feed(`${hello}MAIL FROM:<>\r\nRCPT TO:<ann@elsewhere.example>\r\n`);
  assert.equal(codes(edge), "220 250 250 250");
});
