import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatReply } from "../mail/reply.ts";
import { type Command, parseCommand } from "./command.ts";

const read = (line: string): Command | string => {
  const parsed = parseCommand(line, "mx.local.example");
  return parsed.kind === "command" ? parsed.command : formatReply(parsed.problem.reply).trimEnd();
};

const refusal = (line: string): string => {
  const parsed = read(line);
  return typeof parsed === "string" ? parsed.slice(0, 9) : `accepted: ${JSON.stringify(parsed)}`;
};

test("MAIL with all its parameters", () => {
  const line = "MAIL FROM:<bob@Client.Example> SIZE=12345 BODY=BINARYMIME SMTPUTF8 RET=FULL ENVID=a+2Bb AUTH=bob+40x";
  assert.deepEqual(read(line), {
    verb: "MAIL",
    origin: {
      reversePath: "bob@client.example",
      declaredBytes: 12_345,
      bodyType: "binarymime",
      smtpUtf8: true,
      ret: "full",
      envid: "a+b",
    },
  });
  assert.deepEqual(read("mail from:<>"), {
    verb: "MAIL",
    origin: { reversePath: "", bodyType: "7bit", smtpUtf8: false },
  });
});

test("RCPT with all its parameters", () => {
  assert.deepEqual(read("RCPT TO:<ann@local.example> NOTIFY=SUCCESS,DELAY,DELAY ORCPT=rfc822;Ann+2Bx@local.example"), {
    verb: "RCPT",
    recipient: {
      address: "ann@local.example",
      notify: ["success", "delay"],
      orcpt: { type: "rfc822", address: "Ann+x@local.example" },
    },
    international: false,
  });
  assert.deepEqual(read("RCPT TO:<ann@local.example> NOTIFY=never"), {
    verb: "RCPT",
    recipient: { address: "ann@local.example", notify: [] },
    international: false,
  });
});

test("RFC 6531, RFC 6533: a recipient beyond ASCII says so, whichever part it is", () => {
  for (const [path, address] of [
    ["ånn@local.example", "ånn@local.example"],
    ["ann@bücher.example", "ann@xn--bcher-kva.example"],
  ]) {
    assert.deepEqual(read(String.raw`RCPT TO:<${path}> ORCPT=utf-8;\x{E5}nn@local.example`), {
      verb: "RCPT",
      recipient: { address, orcpt: { type: "utf-8", address: "ånn@local.example" } },
      international: true,
    });
  }
});

test("paths: source routes, quoted local parts, literals, Postmaster, spaces", () => {
  const recipients: [string, string][] = [
    ["<@a.example,@b.example:ann@x.example>", "ann@x.example"],
    ["<@[IPv6:2001:db8::1]:ann@x.example>", "ann@x.example"],
    [`<"a > b: @ \\" c"@x.example>`, `"a > b: @ \\" c"@x.example`],
    [`<"ann"@x.example>`, "ann@x.example"],
    ["<ann@[192.0.2.1]>", "ann@[192.0.2.1]"],
    ["<ann@[IPv6:2001:DB8::1]>", "ann@[IPv6:2001:db8::1]"],
    ["<pOSTMASTER>", "postmaster@mx.local.example"],
    ["   <ann@x.example>   ", "ann@x.example"],
  ];
  for (const [path, address] of recipients) {
    const parsed = read(`RCPT TO:${path}`);
    assert.equal(typeof parsed === "object" && parsed.verb === "RCPT" && parsed.recipient.address, address, path);
  }
});

test("paths that are none", () => {
  const bad = ["<ann>", "<@a.example:>", "<@a.example>", "<a@b@c.example>", "<a@b>x", "<a b@x.example>", "a@x.example"];
  const long = `<${"a".repeat(60)}@${"b.".repeat(100)}example>`; // RFC 5321 §4.5.3.1.3: 256 octets
  for (const path of [
    ...bad,
    long,
    "<<a@x.example>>",
    `<"a@x.example>`,
    "<ann@x.example",
    "<ann@[1.2.3]>",
    "<a@x_y!.z>",
  ]) {
    assert.equal(refusal(`RCPT TO:${path}`), "501 5.1.3", path);
    assert.equal(refusal(`MAIL FROM:${path}`), "501 5.1.7", path);
  }
  assert.equal(refusal("RCPT TO:<>"), "501 5.1.3");
  assert.equal(refusal("MAIL FROM:<postmaster>"), "501 5.1.7");
});

test("parameters: unknown 555, bad or doubled 501", () => {
  const bad = [
    "SIZE",
    "SIZE=",
    "SIZE=-1",
    "SIZE=1x",
    `SIZE=${"1".repeat(21)}`,
    "BODY=",
    "RET=HDR",
    "ENVID=",
    "ENVID=+0D+0A",
  ];
  for (const word of [
    ...bad,
    `ENVID=${"a".repeat(101)}`,
    "AUTH",
    "AUTH=+0",
    "SMTPUTF8=1",
    "SIZE=1 size=2",
    "a=b=c",
    "=",
    "-x",
  ])
    assert.equal(refusal(`MAIL FROM:<a@x.example> ${word}`), "501 5.5.4", word);
  for (const word of [
    "NOTIFY",
    "NOTIFY=",
    "NOTIFY=SUCCESS,",
    "NOTIFY=NEVER,FAILURE",
    "ORCPT=x",
    "ORCPT=rfc822;",
    "ORCPT=;a",
  ])
    assert.equal(refusal(`RCPT TO:<a@x.example> ${word}`), "501 5.5.4", word);
  assert.equal(refusal(`RCPT TO:<a@x.example> ORCPT=rfc822;${"a".repeat(500)}`), "501 5.5.4");
  assert.equal(refusal("MAIL FROM:<a@x.example> NOTIFY=NEVER"), "555 5.5.4");
  assert.equal(refusal("RCPT TO:<a@x.example> BY=120;R"), "555 5.5.4");
});

test("EHLO's name is one word, in ASCII", () => {
  assert.deepEqual(read("ehlo  bücher.example (hello)"), { verb: "EHLO", name: "xn--bcher-kva.example" });
  assert.deepEqual(read("HELO [127.0.0.1]"), { verb: "HELO", name: "[127.0.0.1]" });
  assert.equal(read("EHLO "), "501 EHLO needs your host name: EHLO mail.example.org");
  assert.equal(refusal(`EHLO ${"a".repeat(256)}`), "501 EHLO ");
});

test("BDAT: a size that is unclear ends the session, as content might be taken for commands", () => {
  assert.deepEqual(read("BDAT 86 last"), { verb: "BDAT", sizeBytes: 86, last: true });
  assert.deepEqual(read("bdat 0"), { verb: "BDAT", sizeBytes: 0, last: false });
  for (const line of [
    "BDAT",
    "BDAT x",
    "BDAT -1",
    "BDAT 1 LAS",
    "BDAT 1LAST",
    "BDAT 1 LAST x",
    `BDAT ${"9".repeat(16)}`,
  ]) {
    const parsed = parseCommand(line, "mx.local.example");
    assert.ok(parsed.kind === "problem" && parsed.problem.fatal, line);
  }
});

test("an unknown verb is named only if that is harmless", () => {
  assert.equal(read("turn"), "500 5.5.2 command TURN is not known here; HELP lists the commands");
  assert.equal(read("<script>"), "500 5.5.2 no command; HELP lists the commands");
  assert.equal(read("x".repeat(21)), "500 5.5.2 no command; HELP lists the commands");
  assert.deepEqual(read("GET / HTTP/1.1"), { verb: "HTTP" });
});

test("any text parses to a command or to a 5xx reply, and names and paths never hold a line end", () => {
  const verbs = [
    "MAIL FROM:<",
    "RCPT TO:<",
    "EHLO ",
    "XCLIENT NAME=",
    "MAIL FROM:<> ENVID=",
    "RCPT TO:<a@b.example> ORCPT=",
  ];
  const text = fc.tuple(fc.constantFrom("", ...verbs), fc.string({ unit: "binary" })).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (line) => {
      const parsed = parseCommand(line, "mx.local.example");
      if (parsed.kind === "problem") assert.match(formatReply(parsed.problem.reply), /^5\d\d [ -~]+\r\n$/);
      else assert.doesNotMatch(JSON.stringify(parsed.command), /\\[rn]/);
    }),
    { numRuns: 2_000 },
  );
});
