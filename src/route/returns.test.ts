import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { schema } from "../config/schema.ts";
import { type Address, parseAddress } from "../mail/address.ts";
import { instantOf, queueIds } from "../mail/queue-ids.ts";
import { backscatterRefusal, createReturns, returnRefusal, type ReturnsParts } from "./returns.ts";

const dayMs = 86_400_000;
const world = fakeWorld();
const newId = queueIds(world);
const config = (returns: object = { sign: ["*"] }) =>
  schema.parse({
    domain: [
      { name: "ours.lab", deliver: "maildir:/mail/{user}" },
      { name: "second.lab", deliver: "maildir:/mail/{user}" },
      { name: "relayed.lab", deliver: "relay" },
    ],
    returns,
  });
const make = (changes: Partial<ReturnsParts> = {}) =>
  createReturns({ config: config(), secrets: ["a secret of the test"], hostname: "MX.our.lab", world, ...changes });
const returns = make();
const address = (text: string): Address => parseAddress(text) ?? assert.fail(text);

test("an address leads back to its message, in any case of letters; no other octet of it can be changed", () => {
  const character = fc.constantFrom(...Array.from("0123456789abcdefghjkmnpqrstvwxyz"));
  fc.assert(
    fc.property(fc.nat({ max: 39 }), character, fc.boolean(), (at, other, isUpper) => {
      const queueId = newId();
      const written = returns.forSender(address("ann@ours.lab"), queueId) ?? assert.fail();
      const [local = "", domain = ""] = written.split("@");
      assert.ok(local.length <= 64);
      const sent = address(isUpper ? `${local.toUpperCase()}@${domain}` : written);
      assert.deepEqual(returns.read(sent), { kind: "valid", queueId });
      const changed = `${local.slice(0, at)}${other}${local.slice(at + 1)}`;
      if (changed === local || at < "bounce-".length || local[at] === "-") return;
      assert.equal(returns.read(address(`${changed}@${domain}`))?.kind, "forged");
    }),
    { numRuns: 2_000 },
  );
});

test("which senders have one, and at which domains it is taken", () => {
  const queueId = newId();
  const domainOf = (sender: string, by = returns): string | undefined =>
    by.forSender(sender === "" ? "" : address(sender), queueId)?.split("@")[1];
  for (const [sender, all, listed] of [
    ["ann@ours.lab", "ours.lab", "ours.lab"],
    ["ann@second.lab", "second.lab", undefined],
    ["root@mx.our.lab", "mx.our.lab", undefined],
    ["ann@relayed.lab", undefined, undefined],
    ["ann@sub.ours.lab", undefined, undefined],
    ["ann@their.example", undefined, undefined],
    ["", undefined, undefined],
  ] as const) {
    assert.equal(domainOf(sender), all, sender);
    assert.equal(domainOf(sender, make({ config: config({ sign: ["ours.lab"] }) })), listed, sender);
    assert.equal(domainOf(sender, make({ config: config({}) })), undefined, sender);
  }
  const moved = address(returns.write(queueId, "ours.lab").replace("@ours.lab", "@second.lab"));
  assert.equal(returns.read(moved)?.kind, "forged", "the domain is signed, too");
  assert.equal(returns.read(returns.write(queueId, "relayed.lab")), undefined, "another server's");
  for (const other of ["bounce@ours.lab", "bounce-ann@ours.lab", "ann@ours.lab", "SRS0=x=y=z@ours.lab"])
    assert.equal(returns.read(address(other)), undefined, other);
  const off = make({ config: config({}) });
  assert.equal(off.read(returns.write(queueId, "ours.lab"))?.kind, "valid", "given out before it was turned off");
});

test("it is taken for its lifetime, by all secrets; the first one signs", () => {
  const queueId = newId();
  const written = returns.write(queueId, "ours.lab");
  assert.equal(make({ secrets: ["a newer secret", "a secret of the test"] }).read(written)?.kind, "valid");
  assert.equal(make({ secrets: ["a newer secret"] }).read(written)?.kind, "forged");
  const at = (ms: number) => make({ world: fakeWorld({ now: instantOf(queueId) + ms }) }).read(written)?.kind;
  assert.deepEqual([at(-3_600_000), at(0), at(21 * dayMs)], ["valid", "valid", "valid"]);
  assert.deepEqual([at(21 * dayMs + 1), at(-3_600_001)], ["expired", "expired"]);
});

test("what senders of other mail are told", () => {
  const queueId = newId();
  const written = returns.write(queueId, "ours.lab");
  assert.equal(returnRefusal(returns, written), undefined);
  const forged = returnRefusal(make({ secrets: ["another secret"] }), written);
  assert.deepEqual([forged?.code, forged?.enhanced], [550, "5.7.1"]);
  const to = (recipient: string, reversePath = "") =>
    backscatterRefusal(returns, { recipient: address(recipient), reversePath: reversePath as Address });
  assert.equal(to("ann@ours.lab")?.enhanced, "5.7.1");
  for (const [recipient, from] of [["ann@ours.lab", "eve@far.example"], ["Postmaster@ours.lab"], ["ann@relayed.lab"]])
    assert.equal(to(recipient!, from), undefined, recipient);
});
