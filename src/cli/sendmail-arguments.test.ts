import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSendmailArguments, type SendmailRequest } from "./sendmail-arguments.ts";

const parse = (line: string): SendmailRequest => parseSendmailArguments(line.split(" ").filter((word) => word !== ""));

const send = { kind: "send", recipients: ["ann"], readRecipients: false, dotEnds: true };

const table: [string, object][] = [
  ["ann", send],
  ["ann bob,carol", { ...send, recipients: ["ann", "bob", "carol"] }],
  ["-t", { ...send, recipients: [], readRecipients: true }],
  ["-t -i", { ...send, recipients: [], readRecipients: true, dotEnds: false }],
  ["-ti", { ...send, recipients: [], readRecipients: true, dotEnds: false }],
  ["-oi -t", { ...send, recipients: [], readRecipients: true, dotEnds: false }],
  ["-o i ann", { ...send, dotEnds: false }],
  ["-i -oem -odb -om -O DeliveryMode=b -OErrorMode=m ann", { ...send, dotEnds: false }],
  ["-f bob@x.example ann", { ...send, sender: "bob@x.example" }],
  ["-fbob@x.example ann", { ...send, sender: "bob@x.example" }],
  ["-rbob@x.example ann", { ...send, sender: "bob@x.example" }],
  ["-f <> ann", { ...send, sender: "<>" }],
  ["-tf bob@x.example", { ...send, recipients: [], readRecipients: true, sender: "bob@x.example" }],
  ["-F Bob ann", { ...send, fullName: "Bob" }],
  ["-N never -R hdrs -V 7 ann", { ...send, notify: "never", ret: "hdrs", envid: "7" }],
  ["-C w.toml ann", { ...send, configFile: "w.toml" }],
  ["--config w.toml ann", { ...send, configFile: "w.toml" }],
  ["-B8BITMIME -G -U -v -n -em -h 3 -bm -d9 -X log -p ESMTP -L tag -Am ann", send],
  ["-f bob -- -ann", { ...send, sender: "bob", recipients: ["-ann"] }],
  ["-bp", { kind: "list" }],
  ["-q", { kind: "list" }],
  ["-b p -C w.toml", { kind: "list", configFile: "w.toml" }],
  ["-q30m", { kind: "list" }],
  ["--help", { kind: "help" }],
];

for (const [line, expected] of table) test(line, () => assert.deepEqual(parse(line), expected));

const wrong: [string, RegExp][] = [
  ["", /No recipients.*-t/],
  ["-i", /No recipients/],
  ["-bs", /-bs is not supported/],
  ["-Z ann", /-Z is not an option/],
  ["--nonsense ann", /^--nonsense is not an option/],
  ["ann -f", /-f needs a value/],
];

for (const [line, expected] of wrong)
  test(`wrong: ${line}`, () => {
    const request = parse(line);
    assert.equal(request.kind, "wrong");
    assert.match(request.kind === "wrong" ? request.text : "", expected);
  });

test("an empty sender is a value", () => {
  assert.deepEqual(parseSendmailArguments(["-f", "", "ann"]), { ...send, sender: "" });
});
