import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { diagnose } from "../diagnose.ts";
import { causeNames } from "./causes.ts";
import { buildKnowledge, ownKnowledge, type RuleFile } from "./knowledge.ts";
import { ruleFiles } from "./rule-files.ts";

test("every file of rules is loaded", () => {
  const there = readdirSync(new URL("rules", import.meta.url)).map((name) => name.replace(/\.json$/, ""));
  assert.deepEqual(Object.keys(ruleFiles).sort(), there.sort());
});

test("every rule has an example, and every example gets the rule's cause", () => {
  const wrong: string[] = [];
  for (const rule of ownKnowledge().rules) {
    if (rule.examples.length === 0) wrong.push(`${rule.name}: has no example`);
    for (const text of rule.examples) {
      const host = rule.provider?.hosts[0];
      const { cause, evidence } = diagnose({ text, ...(host && { host }) });
      if (cause !== rule.cause)
        wrong.push(`${rule.name}: ${text}\n    ${cause}, not ${rule.cause}; by ${evidence.rule}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no rule takes another provider's words for its own", () => {
  const { rules } = ownKnowledge();
  assert.ok(rules.length > 500);
  assert.ok(new Set(rules.map(({ cause }) => cause)).size > causeNames.length * 0.7);
});

test("mistakes in a file are all told, with the rule and what to write", () => {
  const file = (rule: object): Record<string, RuleFile> => ({ mine: { about: "x", rules: [rule as never] } });
  const cases: [object, RegExp][] = [
    [{ cause: "no-such-thing", says: "xx" }, /^mine, rule 1: there is no cause "no-such-thing"/],
    [{ cause: "spam" }, /fits everything/],
    [{ cause: "spam", says: "a ( b" }, /parenthesis/],
    [{ cause: "spam", says: "bulk", stage: ["DATA"] }, /"DATA" is no stage: write one of connect/],
    [{ cause: "spam", says: "bulk", rank: "strong" }, /"strong" is no rank/],
    [{ cause: "spam", says: "bulk", permanence: "never" }, /"never" is no permanence/],
  ];
  for (const [rule, why] of cases) assert.throws(() => buildKnowledge(file(rule)), { message: why });
});
