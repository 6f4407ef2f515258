import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";
import { formatPath, formatProblems } from "./problem.ts";
import { show } from "./show.ts";

test("a problem is one line: file, line, column, key, what is wrong, what to do", () => {
  const words = { file: "waybill.toml", what: '"x" is not a port', allowed: "Write a number." };
  assert.equal(
    formatProblems([
      { ...words, line: 12, key: "a.b" },
      { ...words, line: 3, column: 7, key: "" },
      { ...words, line: 0, key: "", example: "port = 25" },
    ]),
    [
      'waybill.toml:12: a.b: "x" is not a port. Write a number.',
      'waybill.toml:3:7: "x" is not a port. Write a number.',
      'waybill.toml: "x" is not a port. Write a number. Example: port = 25',
    ].join("\n"),
  );
});

test("paths read like code", () => {
  assert.equal(formatPath(["domain", 0, "aliases", "ann.b", 2]), 'domain[0].aliases."ann.b"[2]');
});

test("values are shown short, and harmless to a terminal", () => {
  assert.equal(show("a\u001b[31m\u009b\u202e"), '"a\\u001b[31m\\u009b\\u202e"');
  assert.equal(show("x".repeat(1_000)).length, 63);
  assert.deepEqual([1.5, true, [1], { a: 1 }, new Date(0)].map(show), [
    "1.5",
    "true",
    "a list",
    "a table",
    "a date or time",
  ]);
});

test("the nearest word is near enough", () => {
  const known = ["hostname", "data_dir", "tls", "networks", "certificate", "mailboxes"];
  const words = [
    "hostnmae",
    "HOSTNAME",
    "data-dir",
    "tsl",
    "network",
    "cert",
    "certificate_file",
    "mailbox",
    "banner",
    "x",
  ];
  const meant = ["hostname", "hostname", "data_dir", "tls", "networks", "certificate", "certificate", "mailboxes"];
  assert.deepEqual(
    words.map((word) => nearest(word, known)),
    [...meant, undefined, undefined],
  );
});
