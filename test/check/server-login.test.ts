// What becomes of a password: how often it is tried, where it goes, and that no report has it.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { wordsOf } from "../../src/check/words.ts";
import { person } from "./app-server.ts";
import { type Listening, type ServerLab, serverLab } from "./server-lab.ts";

let lab: ServerLab;
before(async () => {
  lab = await serverLab();
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secrets = [person.password, base64(person.password), base64(`\0${person.username}\0${person.password}`)] as const;

const echoes: readonly (readonly [string, number, Listening])[] = [
  ["IMAP", 993, { says: { "LOGIN-RESULT": `{tag} NO you said ${secrets.join(" and ")}` } }],
  ["POP3", 995, { says: { "LOGIN-RESULT": `-ERR PASS ${secrets.join(" and ")}` } }],
  ["SMTP", 465, { says: { "LOGIN-RESULT": `535 5.7.8 ${secrets.join(" and ")}` } }],
  ["AUTH LOGIN", 587, { mechanisms: "AUTH LOGIN", says: { "LOGIN-RESULT": `535 ${secrets.join(" and ")}` } }],
  ["nonsense", 465, { says: { "LOGIN-RESULT": `what is ${secrets.join(" and ")}?` } }],
];

for (const [what, port, listening] of echoes)
  test(`a server that repeats the password: ${what}`, async () => {
    const credentials = person;
    const report = await lab.check({ ask: { port }, ports: { [port]: listening }, question: { credentials } });
    const text = JSON.stringify(report);
    assert.match(text, /\[password\]/);
    for (const secret of secrets) assert.ok(!text.includes(secret));
  });

test("a server that is silent after the password is told of without it", async () => {
  const says = { "LOGIN-RESULT": null };
  for (const port of [993, 995, 465]) {
    const report = await lab.check({ ask: { port }, ports: { [port]: { says } }, question: { credentials: person } });
    assert.ok(report.findings.some(({ id }) => id === "greeting.silent"));
    assert.ok(!secrets.some((secret) => JSON.stringify(report).includes(secret)));
  }
});

interface Tries {
  readonly what: string;
  readonly listening?: Listening;
  readonly password?: string;
  readonly security?: "none";
  readonly isUnprovenFine?: true;
  readonly otherUsername?: string;
  /** User names that came to the server. */
  readonly tried: readonly string[];
}

const ann = person.username;

const tries: readonly Tries[] = [
  { what: "right at once: once", otherUsername: "ann", tried: [ann] },
  { what: "wrong: once", password: "wrong horse", tried: [ann] },
  { what: "wrong, with another name: twice", password: "wrong horse", otherUsername: "ann", tried: [ann, "ann"] },
  { what: "wrong, with the same name again: once", password: "wrong horse", otherUsername: ann, tried: [ann] },
  {
    what: "locked: once, whatever else may be tried",
    listening: { says: { "LOGIN-RESULT": "535 5.7.8 Account is locked" } },
    otherUsername: "ann",
    tried: [ann],
  },
  { what: "a certificate of nobody: not at all", listening: { certificate: "unlinked" }, tried: [] },
  { what: "a certificate for another name: not at all", listening: { certificate: "other-name" }, tried: [] },
  { what: "an expired certificate: not at all", listening: { certificate: "expired" }, tried: [] },
  {
    what: "any certificate will do: once",
    listening: { certificate: "unlinked" },
    isUnprovenFine: true,
    tried: [ann],
  },
  { what: "without encryption: not at all", listening: { security: "none" }, security: "none", tried: [] },
];

for (const { what, listening, password = person.password, security, isUnprovenFine, otherUsername, tried } of tries)
  test(`logins that are tried: ${what}`, async () => {
    const heard: string[] = [];
    await lab.check({
      ask: { port: 465, ...(security !== undefined && { security }) },
      ports: { 465: { ...listening, heard: (name) => heard.push(name) }, 587: "refused" },
      question: {
        credentials: { username: ann, password },
        ...(isUnprovenFine && { isUnprovenFine }),
        ...(otherUsername !== undefined && { otherUsername }),
      },
    });
    assert.deepEqual(heard, tried);
  });

test("two names that are refused are both told, and neither is advised again", async () => {
  const credentials = { username: ann, password: "wrong horse" };
  const { findings } = await lab.check({ ask: { port: 993 }, question: { credentials, otherUsername: "ann" } });
  const { found, todo } = wordsOf(findings.find(({ id }) => id === "login.wrong")!);
  assert.match(found, /refuses the login of ann@shop\.example and ann:/);
  assert.doesNotMatch(todo.join("\n"), /ann|other form/);
});
