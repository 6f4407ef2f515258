// Domains in a lab, each broken in one way: the doctor finds it, says who can fix it and what to change; a healthy one is in
// order. docs/checks.md has the table. Rewrite it with: node test/check/broken-domains.test.ts --update
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { catalogue, findingIds } from "../../src/check/catalogue/catalogue.ts";
import type { Finding, Level } from "../../src/check/finding.ts";
import { findingText } from "../../src/check/languages/language.ts";
import { wordsOf } from "../../src/check/words.ts";
import { brokenDomains } from "./broken-domains.ts";
import { type Lab, startLab } from "./lab.ts";
import { compareTable } from "./table.ts";

let lab: Lab;
/** As found, by what is broken. */
const levels = new Map<string, Level>();
before(async () => {
  lab = await startLab();
});
after(() => lab[Symbol.asyncDispose]());

/** What asks for something to be done, or could not be seen. */
const troubles = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ level }) => level === "error" || level === "warning" || level === "unknown");

test("the perfect domain is in order, and every check looked at it, in less than two seconds", async () => {
  const report = await lab.check({ tlsa: "fits" });
  assert.deepEqual(
    troubles(report.findings).map(({ id, values }) => ({ id, ...values })),
    [],
  );
  assert.ok(report.checks.every(({ ended }) => ended === "done"));
  assert.ok(report.tookMs < 2_000, `${report.tookMs} ms`);
  const good = report.findings.filter(({ level }) => level === "good").map(({ id }) => id);
  for (const id of ["server.good", "tls.good", "relay.good", "spf.good", "dkim.good", "dmarc.good", "mta-sts.mx-good"])
    assert.ok(
      good.some((one) => one === id),
      id,
    );
  assert.ok(good.includes("dane.good"));
});

test("a domain that takes and sends no mail is in order", async () => {
  const report = await lab.check({
    drop: ["@ ", "s1.", "_mta-sts", "_smtp"],
    add: ["@ MX 0 .", '@ TXT "v=spf1 -all"'],
    question: { selectors: [], senders: [] },
  });
  const found = troubles(report.findings).map(({ id }) => id);
  assert.deepEqual(found, []);
});

for (const broken of brokenDomains)
  test(`broken: ${broken.what}`, async () => {
    const { finds, who, change, also = [] } = broken;
    const { findings, tookMs } = await lab.check(broken);
    const finding = findings.find(({ id }) => id === finds);
    assert.ok(
      finding,
      `found only ${troubles(findings)
        .map(({ id }) => id)
        .join(", ")}`,
    );
    assert.equal(finding.whoActs, who);
    levels.set(broken.what, finding.level);
    assert.match(wordsOf(finding).todo.join("\n"), change);
    const others = troubles(findings).flatMap(({ id }) => (id === finds || also.includes(id) ? [] : [id]));
    assert.deepEqual(others, []);
    assert.ok(tookMs < 2_000, `${tookMs} ms`);
  });

test("each finding has words without open placeholders, and those that are not good say why it matters", async () => {
  for (const id of findingIds) {
    const { level } = catalogue[id];
    const { found, why } = findingText("en", id);
    assert.doesNotMatch(found, /[.!]$/, id);
    if (level === "error" || level === "warning") assert.ok(why, id);
  }
});

test("docs/checks.md has the table", () =>
  compareTable(
    "domain",
    brokenDomains.map(({ what, finds, who }) => ({ what, finds, who, level: levels.get(what) })),
  ));
