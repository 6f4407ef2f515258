import assert from "node:assert/strict";
import { test } from "node:test";
import { isRefusalText, meaningOf } from "./answers.ts";

const rules = { weight: 5, answers: { "127.0.0.2-9": 10, "127.0.0.4": 1, "127.0.0.10-11": 3, "127.0.2.2": -4 } };

for (const [answers, weight] of [
  [["127.0.0.2"], 10],
  [["127.0.0.9"], 10],
  [["127.0.0.4"], 1],
  [["127.0.0.11"], 3],
  [["127.0.0.12"], 5],
  [["127.0.1.2"], 5],
  [["127.0.2.2"], -4],
  [["127.0.0.10", "127.0.0.3", "127.0.0.4"], 10],
] as const)
  test(`${answers.join(", ")} weighs ${weight}`, () => {
    const meaning = meaningOf(rules, answers);
    assert.equal(meaning.kind === "listed" && meaning.weight, weight);
  });

for (const [answers, because] of [
  [["127.255.255.252"], /spelling/],
  [["127.255.255.254"], /public resolvers: set dns\.servers/],
  [["127.255.255.255"], /too often/],
  [["127.255.255.7"], /refuses our questions.*127\.255\.255\.7/],
  [["127.0.0.1"], /refuses our questions/],
  [["127.0.0.255"], /too often/],
  [["127.0.1.255"], /of = "domain"/],
  [["203.0.113.80"], /somebody else answers for it, with 203\.0\.113\.80/],
  [["127.0.0.2", "127.255.255.254"], /public resolvers/],
] as const)
  test(`${answers.join(", ")} is no listing`, () => {
    const meaning = meaningOf({ ...rules, answers: { "127.0.0.1": 5, "127.255.255.252-255": 5 } }, answers);
    assert.match(meaning.kind === "refused" ? meaning.because : "listed", because);
  });

test("words of refusal are told from reasons for a listing", () => {
  for (const text of [
    "127.0.0.1 -> Query Refused. See http://list.example/refused for more information [Your DNS IP: 192.0.2.1]",
    "Error: open resolver; https://list.example/returnc/pub/192.0.2.1",
    "Your queries have been blocked",
    "You exceeded the query limit",
    "Excessive lookups: access denied",
  ])
    assert.ok(isRefusalText(text), text);
  for (const text of [
    "Blocked - see https://list.example/bl?192.0.2.7",
    "Open relay, spam source; connection refused",
    "Listed for exceeding our patience",
    "Requested by the owner of the network",
    "203.0.113.7 is an open resolver used in attacks",
    "delisting requests are denied",
    "exceeded hit limit",
    "",
  ])
    assert.ok(!isRefusalText(text), text);
});
