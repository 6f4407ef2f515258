import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import {
  type Address,
  asPlainAddress,
  displayAddress,
  domainOf,
  isInternational,
  localPartOf,
  parseAddress,
  parseAddressLiteral,
  parseDomain,
} from "./address.ts";

const suites = process.env["WAYBILL_SUITES"] ?? join(import.meta.dirname, "../../../shared/suites");
const file = join(suites, "addresses/isemail.json");

interface Case {
  readonly address: string | null;
  readonly category: string;
  readonly diagnosis: string;
}

/** Their word for "a mailbox of RFC 5321", whatever DNS says about it. */
const isMailbox = ({ category }: Case): boolean =>
  ["ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"].includes(category);

test("the isemail suite, read as mailboxes of RFC 5321", { skip: !existsSync(file) && `${file} is absent` }, () => {
  const cases = JSON.parse(readFileSync(file, "utf8")) as Case[];
  assert.ok(cases.length > 80);
  for (const one of cases) {
    // the suite shows control characters as their pictures, U+2400 …
    const text = (one.address ?? "").replaceAll(/[\u2400-\u241f]/g, (picture) =>
      String.fromCodePoint(picture.codePointAt(0)! - 0x2400),
    );
    assert.equal(parseAddress(text) !== undefined, isMailbox(one), `${JSON.stringify(text)} ${one.diagnosis}`);
  }
});

test("the short way to read plain addresses finds what the long way finds", () => {
  const words = ["a", "B9", ".", "-", "_", "+", "é", '"', " ", "@", "a".repeat(31), "b".repeat(32), "xn--a", "example"];
  const text = fc.array(fc.constantFrom(...words), { maxLength: 7 }).map((parts) => parts.join(""));
  const many = fc.nat(8).map((count) => `${"c".repeat(30)}.`.repeat(count)); // up to the limit of 254 octets
  fc.assert(
    fc.property(text, many, text, (localPart, labels, name) => {
      const address = `${localPart}@${labels}${name}x`;
      const long = parseAddress(`${localPart}@${labels}${name}X`); // an upper-case letter leads the long way
      assert.equal(asPlainAddress(address), long === address && isPlain(long) ? long : undefined);
    }),
    { numRuns: 3_000 },
  );
});

const isPlain = (address: string): boolean => /^[\w+.-]+@[\w.-]+$/.test(address);

describe("one mailbox has one form", () => {
  const forms: [string, string][] = [
    ["Ann@EXAMPLE.org", "Ann@example.org"],
    [`"ann"@example.org`, "ann@example.org"],
    [`"a\\nn"@example.org`, "ann@example.org"],
    [`"ann smith"@example.org`, `"ann smith"@example.org`],
    [`"a@b"@example.org`, `"a@b"@example.org`],
    [`"a\\"b\\\\"@example.org`, `"a\\"b\\\\"@example.org`],
    [`""@example.org`, `""@example.org`],
    ["ann@BÜCHER.example", "ann@xn--bcher-kva.example"],
    ["ånn@example.org", "ånn@example.org"],
    ["ann@[192.0.2.1]", "ann@[192.0.2.1]"],
    ["ann@[ipv6:2001:DB8::1]", "ann@[IPv6:2001:db8::1]"],
  ];
  for (const [text, address] of forms)
    test(text, () => {
      assert.equal(parseAddress(text), address);
      assert.equal(parseAddress(address), address, "and it reads as itself");
    });
});

test("limits of RFC 5321 §4.5.3.1 count octets", () => {
  assert.ok(parseAddress(`${"a".repeat(64)}@example.org`));
  assert.equal(parseAddress(`${"a".repeat(65)}@example.org`), undefined);
  assert.equal(parseAddress(`${"å".repeat(33)}@example.org`), undefined);
  assert.equal(parseDomain(`${"a".repeat(64)}.example`), undefined);
  assert.equal(parseDomain(`${"a.".repeat(127)}aa`), undefined);
  assert.equal(parseAddress(`a@${"a.".repeat(124)}abcd`)?.length, 254);
  assert.equal(parseAddress(`aaa@${"a.".repeat(124)}abcd`), undefined);
});

test("no line end and no NUL gets in, in any part", () => {
  for (const bad of [
    "a\r\nb@x.example",
    `"a\nb"@x.example`,
    `"a\\\rb"@x.example`,
    "a@x.example\n",
    "a\0@x.example",
    "a@x\n.example",
    "a@bü\ncher.example",
    "a@bü\tcher.example",
  ])
    assert.equal(parseAddress(bad), undefined, JSON.stringify(bad));
});

test("address literals", () => {
  assert.equal(parseAddressLiteral("[IPv6:::1]"), "[IPv6:::1]");
  for (const bad of [
    "[1.2.3]",
    "[01.2.3.4]",
    "[0x7f.0.0.1]",
    "[1.2.3.256]",
    "[::1]",
    "[IPv6:fe80::1%eth0]",
    "[IPv6:1::2::3]",
    "[]",
    "1.2.3.4",
  ])
    assert.equal(parseAddressLiteral(bad), undefined, bad);
});

test("the parts of an address", () => {
  const address = parseAddress(`"a@b"@bücher.example`) as Address;
  assert.equal(localPartOf(address), `"a@b"`);
  assert.equal(domainOf(address), "xn--bcher-kva.example");
  assert.equal(displayAddress(address), `"a@b"@bücher.example`);
  assert.equal(displayAddress(parseAddress("ann@[192.0.2.1]")!), "ann@[192.0.2.1]");
  assert.equal(isInternational(address), false);
  assert.equal(isInternational("ånn@x.example"), true);
});
