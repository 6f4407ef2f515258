// Tests of the checks: node --test my-checks.test.ts
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ask, type Situation } from "waybill/testing";
import { checks } from "./my-checks.ts";

/** The finding of the check of this name. */
const finding = async (name: string, situation: Situation) =>
  (await ask(checks.find((check) => check.name === name)!, situation)).kind;

test("a network of its own is refused, unless we relay for it", async () => {
  const client = { address: "198.51.100.7" };
  assert.equal(await finding("not-from-here", { client }), "refuse");
  assert.equal(await finding("not-from-here", { client, trusted: true }), "nothing");
  assert.equal(await finding("not-from-here", {}), "nothing");
});

test("our name is refused where SPF does not know the client", async () => {
  const from = "ann@example.org";
  const spf = (result: "pass" | "fail") =>
    [{ scope: "mailfrom", domain: "example.org", result, because: "the test says so" }] as const;
  assert.equal(await finding("our-name-abroad", { from, authentication: { spf: spf("fail") } }), "refuse");
  assert.equal(await finding("our-name-abroad", { from, authentication: { spf: spf("pass") } }), "nothing");
  assert.equal(await finding("our-name-abroad", { from, trusted: true }), "nothing");
  assert.equal(await finding("our-name-abroad", { from: "ann@elsewhere.example" }), "nothing");
});

test("the door is closed in the evening", async () => {
  const to = "door@example.org";
  mock.timers.enable({ apis: ["Date"], now: new Date(2026, 0, 1, 20) });
  assert.equal(await finding("office-hours", { to }), "defer");
  assert.equal(await finding("office-hours", { to: "ann@example.org" }), "nothing");
  mock.timers.setTime(new Date(2026, 0, 2, 9).getTime());
  assert.equal(await finding("office-hours", { to }), "nothing");
});

test("an invoice of a stranger is marked", async () => {
  const header = "From: Billing <billing@shop.example>\nSubject: Your invoice\n";
  assert.equal(await finding("strangers-invoice", { header }), "mark");
  assert.equal(
    await finding("strangers-invoice", { header, identity: { kind: "dmarc", name: "shop.example" } }),
    "nothing",
  );
  assert.equal(await finding("strangers-invoice", { header: "Subject: Hello\n" }), "nothing");
});
