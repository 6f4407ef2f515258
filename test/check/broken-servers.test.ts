// Mail servers in a lab, each broken in one way: what is wrong is found, with who can fix it and the setting to change; healthy
// ones are in order. docs/checks.md has the table. Rewrite it with: node test/check/broken-servers.test.ts --update
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Finding, Level } from "../../src/check/finding.ts";
import { wordsOf } from "../../src/check/words.ts";
import { person } from "./app-server.ts";
import { brokenServers } from "./broken-servers.ts";
import { type Broken, type ServerLab, serverLab } from "./server-lab.ts";
import { compareTable } from "./table.ts";

let lab: ServerLab;
/** As found, by what is broken. */
const levels = new Map<string, Level>();
before(async () => {
  lab = await serverLab();
});

const troubles = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level !== "good").map(({ id }) => id);

const healthy: readonly (Broken & { readonly what: string; readonly mechanism?: string })[] = [
  { what: "IMAP with SSL/TLS", ask: { port: 993 } },
  { what: "IMAP with STARTTLS", ask: { port: 143 } },
  { what: "POP3 with SSL/TLS", ask: { port: 995 } },
  { what: "POP3 with STARTTLS", ask: { port: 110 } },
  { what: "submission with SSL/TLS", ask: { port: 465 } },
  { what: "submission with STARTTLS", ask: { port: 587 } },
  { what: "AUTH LOGIN only", ask: { port: 587 }, ports: { 587: { mechanisms: "AUTH LOGIN" } }, mechanism: "LOGIN" },
  {
    what: "SCRAM only, by IMAP",
    ask: { port: 993 },
    ports: { 993: { mechanisms: "AUTH=SCRAM-SHA-256 LOGINDISABLED" } },
    mechanism: "SCRAM-SHA-256",
  },
  {
    what: "SCRAM only, by SMTP",
    ask: { port: 465 },
    ports: { 465: { mechanisms: "AUTH SCRAM-SHA-256" } },
    mechanism: "SCRAM-SHA-256",
  },
  {
    what: "SCRAM only, by POP3",
    ask: { port: 995 },
    ports: { 995: { mechanisms: "SASL SCRAM-SHA-256" } },
    mechanism: "SCRAM-SHA-256",
  },
  { what: "IMAP LOGIN only", ask: { port: 993 }, ports: { 993: { mechanisms: "IDLE" } }, mechanism: "LOGIN" },
];

for (const { what, mechanism, ...broken } of healthy)
  test(`healthy: ${what}`, async () => {
    const { findings } = await lab.check({ ...broken, question: { credentials: person } });
    assert.deepEqual(troubles(findings), []);
    const login = findings.find(({ id }) => id === "login.good");
    assert.ok(login);
    if (mechanism !== undefined) assert.equal(login.values["mechanism"], mechanism);
  });

test("healthy: port 25, without a login", async () => {
  const { findings, checks } = await lab.check({ ask: { port: 25 } });
  assert.deepEqual(troubles(findings), []);
  assert.ok(findings.some(({ id }) => id === "tls.good"));
  assert.ok(checks.every(({ ended }) => ended === "done"));
});

test("healthy: the security of an unusual port is found out", async () => {
  for (const security of ["tls", "starttls"] as const) {
    const { findings } = await lab.check({
      ask: { port: 4650, protocol: "submission", security: "starttls" },
      ports: { 4650: { speaks: "smtp", security } },
      question: { isSecurityOpen: true },
    });
    assert.deepEqual(troubles(findings), []);
    assert.ok(findings.some(({ id }) => id === "security.good"));
  }
});

test("each login that is offered is named once", async () => {
  const { findings } = await lab.check({
    ask: { port: 993 },
    ports: { 993: { mechanisms: "AUTH=PLAIN AUTH=LOGIN" } },
  });
  const logins = findings.find(({ id }) => id === "abilities.good")?.values["logins"];
  assert.equal(logins, "PLAIN, LOGIN");
});

for (const broken of brokenServers)
  test(`broken: ${broken.what}`, async () => {
    const { finds, who, change, also = [] } = broken;
    const { findings } = await lab.check(broken);
    const finding = findings.find(({ id }) => id === finds);
    assert.ok(finding, `found only ${troubles(findings).join(", ")}`);
    assert.equal(finding.whoActs, who);
    levels.set(broken.what, finding.level);
    assert.match(wordsOf(finding).todo.join("\n"), change);
    assert.deepEqual(
      troubles(findings).filter((id) => id !== finds && !also.some((one) => one === id)),
      [],
    );
    for (const one of findings) assert.doesNotMatch(Object.values(wordsOf(one)).join("\n"), /[{}[\]]{2}|\{\w+\}/);
  });

test("docs/checks.md has the table", () =>
  compareTable(
    "server",
    brokenServers.map(({ what, finds, who }) => ({ what, finds, who, level: levels.get(what) })),
  ));
