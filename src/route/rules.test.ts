import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address, ReversePath } from "../mail/address.ts";
import type { Route } from "./rules.ts";
import { findRoute } from "./rules.ts";

const rule = (host: string, match: { to?: string; from?: string } = {}): Route => ({
  host,
  port: 25,
  tls: "opportunistic",
  implicit_tls: false,
  ...match,
});

const find = (routes: Route[], to: string, from = "ann@sender.example"): string | undefined =>
  findRoute(routes, to as Address, from as ReversePath)?.host;

test("`to` fits a domain exactly", () => {
  const routes = [rule("h", { to: "example.org" })];
  assert.equal(find(routes, "x@example.org"), "h");
  assert.equal(find(routes, "x@sub.example.org"), undefined);
  assert.equal(find(routes, "x@notexample.org"), undefined);
});

test("`*.` fits all below a domain, not the domain, not a name that ends alike", () => {
  const routes = [rule("h", { to: "*.example.org" })];
  assert.equal(find(routes, "x@a.example.org"), "h");
  assert.equal(find(routes, "x@a.b.example.org"), "h");
  assert.equal(find(routes, "x@example.org"), undefined);
  assert.equal(find(routes, "x@notexample.org"), undefined);
});

test("`from` fits an address in any case, or a domain; never the null reverse-path", () => {
  const byAddress = [rule("h", { from: "Ann@sender.example" })];
  assert.equal(find(byAddress, "x@y.example", "ann@sender.example"), "h");
  assert.equal(find(byAddress, "x@y.example", "ben@sender.example"), undefined);
  const byDomain = [rule("h", { from: "sender.example" })];
  assert.equal(find(byDomain, "x@y.example", "ben@sender.example"), "h");
  assert.equal(find(byDomain, "x@y.example", "ben@sub.sender.example"), undefined);
  assert.equal(find(byDomain, "x@y.example", ""), undefined);
  assert.equal(find(byAddress, "x@y.example", ""), undefined);
});

test("the first rule that fits in both is taken; one without `to` and `from` fits all", () => {
  const routes = [
    rule("both", { to: "example.org", from: "sender.example" }),
    rule("to", { to: "example.org" }),
    rule("rest"),
    rule("never"),
  ];
  assert.equal(find(routes, "x@example.org"), "both");
  assert.equal(find(routes, "x@example.org", "ann@other.example"), "to");
  assert.equal(find(routes, "x@other.example", ""), "rest");
  assert.equal(find([], "x@example.org"), undefined);
});
