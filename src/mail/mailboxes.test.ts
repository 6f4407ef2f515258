import assert from "node:assert/strict";
import { test } from "node:test";
import { authorDomains, parseMailboxes } from "./mailboxes.ts";

test("lists of addresses, and what only looks like one", () => {
  const cases: [string, readonly string[] | undefined][] = [
    ["ann@example.org", ["ann@example.org"]],
    ["Ann <ann@EXAMPLE.org>", ["ann@example.org"]],
    ["John Q. Public <ann@example.org>", ["ann@example.org"]],
    ["<ann@example.org>", ["ann@example.org"]],
    ["=?utf-8?q?=C3=84nn?= <ann@example.org>", ["ann@example.org"]],
    ["Ännchen <änn@bücher.example>", ["änn@xn--bcher-kva.example"]],
    ['"Example, Ann" <ann@example.org>, ben@example.org', ["ann@example.org", "ben@example.org"]],
    ["ann@example.org (Ann (really\\) ) Example)", ["ann@example.org"]],
    ["(c) ann (c) @ (c) example . org (c)", ["ann@example.org"]],
    ["ann . b@example.org", ["ann.b@example.org"]],
    ['"ann b"@example.org', ['"ann b"@example.org']],
    ["ann@[192.0.2.1]", ["ann@[192.0.2.1]"]],
    ["Team: ann@example.org, Ben <ben@example.org>;", ["ann@example.org", "ben@example.org"]],
    [",ann@example.org,,", ["ann@example.org"]],
    // each of these is read in two ways, somewhere
    ['"boss@example.com" <ann@example.org>', ["ann@example.org"]],
    ["boss@example.com <ann@example.org>", ["ann@example.org"]],
    ["boss@example.com, x <ann@example.org>", ["boss@example.com", "ann@example.org"]],
    ["<ann@example.org> <boss@example.com>", undefined],
    ["<ann@example.org> boss@example.com", undefined],
    ["Ann <ann@example.org", undefined],
    ["Ann ann@example.org>", undefined],
    ["<<ann@example.org>>", undefined],
    ["<ann@example.org,boss@example.com>", undefined],
    ["<@boss.example:ann@example.org>", undefined],
    ["ann b@example.org", undefined],
    ["ann@boss@example.org", undefined],
    ["ann@example.org boss", undefined],
    ['"ann@example.org', undefined],
    ["ann@example.org (", undefined],
    ["ann@example.org)", undefined],
    ["ann@example.org\\", undefined],
    ["<>", undefined],
    ["", undefined],
    [" ", undefined],
    ["undisclosed:;", undefined],
    ["boss@example.com: ann@example.org;", undefined],
    ["Ann :) <ann@example.org>", undefined],
    ["Ann", undefined],
  ];
  for (const [value, addresses] of cases) assert.deepEqual(parseMailboxes(value), addresses, value);
});

test("what is long and nested does not take long", () => {
  assert.equal(parseMailboxes("(".repeat(100_000)), undefined);
  assert.equal(parseMailboxes('"'.repeat(100_001)), undefined);
  assert.equal(parseMailboxes("a@b.example,".repeat(20_000))?.length, 20_000);
});

test("reading authors takes time in proportion to what is read", () => {
  for (const text of ["a.", "a ", "<", "a@", "x:", ") ", '"a"', "(a)"].map((part) => part.repeat(50_000))) {
    const before = process.cpuUsage().user;
    assert.equal(authorDomains(`${text}@`), undefined);
    const usedMs = (process.cpuUsage().user - before) / 1_000;
    assert.ok(usedMs < 1_000, `${text.slice(0, 10)}: ${usedMs} ms`); // some 30; 100 times that if it were quadratic
  }
});
