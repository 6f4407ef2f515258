// Files of operators: what is wrong in them is told by file and rule, with what to write.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { diagnose } from "../diagnose.ts";
import { extendedKnowledge } from "./knowledge.ts";
import { parseRuleFile } from "./parse-rule-file.ts";

const name = "/etc/waybill/rules.json";
const rule = { says: "the canteen is closed", cause: "receiver-broken", example: "550 The canteen is closed today" };
const fileWith = (...rules: readonly object[]): string => JSON.stringify({ about: "Our own hosts", rules });

test("an operator's rule is read, and its words count in every reply", () => {
  const file = parseRuleFile(`\ufeff${fileWith(rule)}`, name);
  const knowledge = extendedKnowledge({ [name]: file });
  const { cause, evidence } = diagnose({ text: "550 5.1.1 sorry, the canteen is CLOSED" }, knowledge);
  assert.deepEqual([cause, evidence.rule], ["receiver-broken", `${name}, rule 1: the canteen is closed`]);
});

test("a provider's rules are for its hosts", () => {
  const file = { about: "x", provider: "Example", hosts: ["example.net"], rules: [rule] };
  const knowledge = extendedKnowledge({ [name]: parseRuleFile(JSON.stringify(file), name) });
  const asked = { text: "550 the canteen is closed" };
  assert.equal(diagnose({ ...asked, host: "mx.example.net" }, knowledge).cause, "receiver-broken");
  assert.equal(diagnose({ ...asked, host: "mx.example.org" }, knowledge).rule, undefined);
});

test("each mistake is told, with file, rule and what to write", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /^\/etc\/waybill\/rules\.json: it is not JSON: /],
    ["[]", /rules\.json: write an object/],
    ['{ "about": "x" }', /rules\.json: "rules" is missing: write a list of rules/],
    ['{ "rules": [] }', /rules\.json: "about" is missing/],
    ['{ "about": "x", "rules": [7] }', /rule 1: write an object/],
    ['{ "about": "x", "provider": "y", "rules": [] }', /nothing shows that a text is the provider's: write "hosts"/],
    ['{ "about": "x", "hosts": "y.example", "rules": [] }', /"hosts" is not right: write a list of texts/],
    [fileWith(rule, { ...rule, say: "x" }), /rule 2: there is no "say": write one of says, codes,/],
    [fileWith({ ...rule, codes: [550, 55] }), /rule 1: "codes" is not right: write a list of reply codes/],
    [fileWith({ ...rule, enhanced: ["5.7.1"] }), /"enhanced" is not right: .* without their class/],
    [fileWith({ ...rule, transient: "yes" }), /"transient" is not right: write true/],
    [fileWith({ ...rule, says: [] }), /"says" is not right/],
    [fileWith({ ...rule, example: undefined }), /rule 1: "example" is missing/],
    [fileWith({ ...rule, cause: "nope" }), /rule 1: there is no cause "nope": take one of the names in docs/],
    [fileWith({ ...rule, stage: ["DATA"] }), /rule 1: "DATA" is no stage/],
    [fileWith({ ...rule, says: "the ( canteen" }), /rule 1: the phrase .* parenthesis/],
    [fileWith({ ...rule, example: "550 lunch" }), /rule 1: the example "550 lunch" is not receiver-broken: no rule/],
    [
      fileWith(rule, { ...rule, says: "closed", cause: "spam" }),
      /rule 2: the example .* is not spam: rule 1 makes it receiver-broken; change/,
    ],
    ['{ "about": "x", "rules": [], "constructor": 1, "__proto__": 2 }', /there is no "constructor"/],
  ];
  for (const [text, why] of cases) assert.throws(() => parseRuleFile(text, name), { message: why }, text);
});

test("the files in the manual are good", () => {
  const page = readFileSync(new URL("../../../docs/adding-a-cause.md", import.meta.url), "utf8");
  const files = Array.from(page.matchAll(/^```json\n(.*?)^```/gms), ([, json]) => parseRuleFile(json!, name));
  assert.deepEqual(
    files.map(({ provider }) => provider),
    [undefined, "Example Mail"],
  );
});

test("several mistakes are told at once, one per line", () => {
  const text = fileWith({ says: 7, cause: "spam" }, { cause: 3, example: "x" });
  assert.throws(
    () => parseRuleFile(text, name),
    (error: Error) => error.message.split("\n").length === 3,
  );
});
