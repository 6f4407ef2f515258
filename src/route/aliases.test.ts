import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Config } from "../config/schema.ts";
import type { Address } from "../mail/address.ts";
import { parseAddress } from "../mail/address.ts";
import { indexDomains, resolveRecipient } from "./aliases.ts";

type DomainConfig = Config["domain"][number];

const domain = (name: string, changes: Partial<DomainConfig> = {}): DomainConfig => ({
  name,
  deliver: "maildir:/mail/{user}",
  aliases: {},
  subaddress_separator: "+",
  ...changes,
});

/** Who gets mail for `address`; or "elsewhere", "unknown". */
function who(address: string, domains: DomainConfig[], postmaster?: string): readonly string[] | string {
  const ours = indexDomains({ domain: domains, ...(postmaster !== undefined && { postmaster }) }, "mx.our.lab");
  const resolution = resolveRecipient(ours, parseAddress(address) ?? assert.fail(`${address} is not an address`));
  return resolution.kind === "ours" ? resolution.deliverTo : resolution.kind;
}

test("other domains are elsewhere, ones below ours too", () => {
  assert.equal(who("ann@other.lab", [domain("our.lab")]), "elsewhere");
  assert.equal(who("ann@sub.our.lab", [domain("our.lab")]), "elsewhere");
  assert.equal(who("ann@other.lab", []), "elsewhere");
});

test("without a list all mailboxes exist, one for all ways of writing it", () => {
  assert.deepEqual(who("Ann@OUR.lab", [domain("our.lab")]), ["ann@our.lab"]);
});

test("with a list others are unknown; the list's spelling counts", () => {
  const domains = [domain("our.lab", { mailboxes: ["Ann"] })];
  assert.deepEqual(who("aNN@our.lab", domains), ["Ann@our.lab"]);
  assert.equal(who("ben@our.lab", domains), "unknown");
});

test("letters that Unicode can write in two ways are one mailbox", () => {
  const domains = [domain("our.lab", { mailboxes: ["jos\u00e9"] })];
  assert.deepEqual(who("jose\u0301@our.lab", domains), ["jos\u00e9@our.lab"]);
});

test("aliases lead on, over several steps, to other domains of ours and outside", () => {
  const domains = [
    domain("our.lab", {
      mailboxes: ["ann", "ben"],
      aliases: { Sales: ["ann", "team@second.lab", "eve@outside.lab"], info: ["sales"] },
    }),
    domain("second.lab", { mailboxes: [], aliases: { team: ["ben@our.lab", "ann@our.lab"] } }),
  ];
  assert.deepEqual(who("INFO@our.lab", domains), ["ann@our.lab", "eve@outside.lab", "ben@our.lab"]);
});

test("loops end: what they lead to besides is kept, a bare one leads nowhere", () => {
  const domains = [
    domain("our.lab", { mailboxes: ["ann"], aliases: { a: ["b", "ann"], b: ["a"], c: ["d"], d: ["c"] } }),
  ];
  assert.deepEqual(who("a@our.lab", domains), ["ann@our.lab"]);
  assert.deepEqual(who("b@our.lab", domains), ["ann@our.lab"]);
  assert.equal(who("c@our.lab", domains), "unknown");
});

test("an alias that names itself is a mailbox with copies for others", () => {
  const aliases = { ann: ["ann", "ben@outside.lab"] };
  assert.deepEqual(who("ANN@our.lab", [domain("our.lab", { aliases })]), ["ann@our.lab", "ben@outside.lab"]);
  assert.deepEqual(who("ann+x@our.lab", [domain("our.lab", { aliases, mailboxes: [] })]), [
    "ann@our.lab",
    "ben@outside.lab",
  ]);
});

test("an alias's targets that do not exist are left out; without any other, the alias is unknown", () => {
  const domains = [domain("our.lab", { mailboxes: ["ann"], aliases: { some: ["ann", "gone"], none: ["gone"] } })];
  assert.deepEqual(who("some@our.lab", domains), ["ann@our.lab"]);
  assert.equal(who("none@our.lab", domains), "unknown");
});

test("a subaddress is tried in full first, then without", () => {
  const domains = [
    domain("our.lab", { mailboxes: ["ann", "ben+list"], aliases: { "ann+work": ["ben+list"], team: ["ann"] } }),
  ];
  assert.deepEqual(who("ann+news@our.lab", domains), ["ann@our.lab"]);
  assert.deepEqual(who("ann+news+more@our.lab", domains), ["ann@our.lab"]);
  assert.deepEqual(who("ann+work@our.lab", domains), ["ben+list@our.lab"]);
  assert.deepEqual(who("team+x@our.lab", domains), ["ann@our.lab"]);
  assert.equal(who("ben@our.lab", domains), "unknown");
  assert.deepEqual(who("any+thing@all.lab", [domain("all.lab")]), ["any@all.lab"]);
});

test("where no local part would be left, nothing is cut off", () => {
  for (const address of ["+x@our.lab", "ann.+x@our.lab", '"a b+c"@our.lab'])
    assert.deepEqual(who(address, [domain("our.lab")]), [address]);
});

test("the separator can be another one, or none", () => {
  assert.deepEqual(who("ann-x@our.lab", [domain("our.lab", { subaddress_separator: "-" })]), ["ann@our.lab"]);
  assert.deepEqual(who("ann+x@our.lab", [domain("our.lab", { subaddress_separator: "" })]), ["ann+x@our.lab"]);
});

test("catch-all gets what does not exist, and nothing else", () => {
  const domains = [domain("our.lab", { mailboxes: ["ann"], aliases: { info: ["ann"] }, catch_all: "all@outside.lab" })];
  assert.deepEqual(who("gone@our.lab", domains), ["all@outside.lab"]);
  assert.deepEqual(who("ann@our.lab", domains), ["ann@our.lab"]);
  assert.deepEqual(who("info@our.lab", domains), ["ann@our.lab"]);
});

test("a catch-all that is not in the list is a mailbox all the same", () => {
  const domains = [domain("our.lab", { mailboxes: ["ann"], catch_all: "rest@our.lab" })];
  assert.deepEqual(who("gone@our.lab", domains), ["rest@our.lab"]);
});

test("postmaster is taken in each of our domains and at our name (RFC 5321 §4.5.1)", () => {
  const domains = [
    domain("first.lab", { mailboxes: ["ann"] }),
    domain("second.lab", { mailboxes: [], catch_all: "all@outside.lab" }),
    domain("third.lab", { aliases: { postmaster: ["ann@first.lab"] } }),
    domain("fourth.lab", { mailboxes: ["Postmaster"] }),
  ];
  for (const address of ["PostMaster@first.lab", "postmaster@second.lab", "Postmaster@mx.our.lab"]) {
    assert.deepEqual(who(address, domains), ["postmaster@first.lab"], address);
    assert.deepEqual(who(address, domains, "root@outside.lab"), ["root@outside.lab"], address);
    assert.deepEqual(who(address, domains, "postmaster@second.lab"), ["postmaster@second.lab"], address);
  }
  assert.deepEqual(who("postmaster@third.lab", domains, "root@outside.lab"), ["ann@first.lab"]);
  assert.deepEqual(who("postmaster@fourth.lab", domains, "root@outside.lab"), ["Postmaster@fourth.lab"]);
});

test("at our name, only postmaster is ours; where nobody is named for it, it has a mailbox of its own", () => {
  assert.equal(who("ann@mx.our.lab", [domain("our.lab")]), "elsewhere");
  assert.deepEqual(who("Postmaster@mx.our.lab", []), ["postmaster@mx.our.lab"]);
  assert.deepEqual(who("postmaster@mx.our.lab", [], "ann@outside.lab"), ["ann@outside.lab"]);
  assert.deepEqual(who("postmaster@mx.our.lab", [], "postmaster@mx.our.lab"), ["postmaster@mx.our.lab"]);
});

test("addresses of a relayed domain stay as they were written (RFC 5321 §2.3.11)", () => {
  const open = [domain("our.lab", { deliver: "relay" })];
  for (const address of ["Ann+News@our.lab", "Postmaster@our.lab"]) assert.deepEqual(who(address, open), [address]);
  const listed = [domain("our.lab", { deliver: "relay", mailboxes: ["ann"] })];
  assert.deepEqual(who("ANN+x@our.lab", listed), ["ANN+x@our.lab"]);
  assert.deepEqual(who("Postmaster@our.lab", listed), ["Postmaster@our.lab"]);
  assert.equal(who("ben@our.lab", listed), "unknown");
});

test("whatever the aliases, resolving ends, names no one twice, and its results resolve to themselves", () => {
  const localPart = fc.constantFrom("a", "b", "c", "d", "e", "a+x", "A", "postmaster");
  const target = fc.oneof(localPart, fc.constantFrom("a@two.lab", "b@two.lab", "z@outside.lab"));
  const settings = (name: string) =>
    fc.record(
      {
        name: fc.constant(name),
        deliver: fc.constantFrom("maildir:/mail", "relay"),
        mailboxes: fc.uniqueArray(localPart),
        aliases: fc.dictionary(localPart, fc.array(target, { minLength: 1, maxLength: 4 })),
        catch_all: fc.constantFrom("a@our.lab", "b@two.lab"),
        subaddress_separator: fc.constantFrom("+", ""),
      },
      { requiredKeys: ["name", "deliver", "aliases", "subaddress_separator"] },
    );
  fc.assert(
    fc.property(settings("our.lab"), settings("two.lab"), localPart, (first, second, name) => {
      const ours = indexDomains({ domain: [first, second] }, "mx.our.lab");
      const resolution = resolveRecipient(ours, `${name}@our.lab` as Address);
      if (resolution.kind !== "ours") return;
      assert.ok(resolution.deliverTo.length > 0);
      assert.equal(new Set(resolution.deliverTo).size, resolution.deliverTo.length);
      for (const address of resolution.deliverTo) assert.notEqual(resolveRecipient(ours, address).kind, "unknown");
    }),
  );
});
