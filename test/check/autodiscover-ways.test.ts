// The ways on which Autodiscover leads a client to its answer: redirects, other addresses, SRV records, version 2. Each is
// followed over HTTPS only, and what is asked without encryption tells nothing of the person.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeAutodiscover } from "../../src/autoconfig/autodiscover.ts";
import { type AccountLab, address, type BrokenParts, domain, pageOf, right, startAccountLab } from "./account-lab.ts";

let lab: AccountLab;
before(async () => {
  lab = await startAccountLab();
});
after(() => lab[Symbol.asyncDispose]());

const there = "else.example/autodiscover/autodiscover.xml";
const answer = { text: writeAutodiscover(right, address) };
const missing = { status: 404 };

const redirecting = (element: string): string =>
  `<?xml version="1.0"?><Autodiscover><Response><Account><AccountType>email</AccountType>${element}</Account></Response></Autodiscover>`;

const ways: readonly (readonly [string, BrokenParts])[] = [
  [
    "a redirect of HTTP, after which the request is posted again",
    { pages: { [pageOf.autodiscover]: { status: 302, location: `https://${there}` }, [there]: answer } },
  ],
  [
    "RedirectUrl",
    {
      pages: {
        [pageOf.autodiscover]: {
          text: redirecting(`<Action>redirectUrl</Action><RedirectUrl>https://${there}</RedirectUrl>`),
        },
        [there]: answer,
      },
    },
  ],
  [
    "a redirect without encryption that leads to one with",
    {
      pages: { [pageOf.autodiscover]: missing, [there]: answer },
      plainPages: { [pageOf.autodiscover]: { status: 302, location: `https://${there}` } },
    },
  ],
  [
    "an SRV record",
    {
      pages: { [pageOf.autodiscover]: missing, [there]: answer },
      srv: { [`_autodiscover._tcp.${domain}`]: [{ priority: 0, weight: 0, port: 443, target: "else.example" }] },
    },
  ],
  [
    "version 2",
    {
      pages: {
        [pageOf.autodiscover]: missing,
        [pageOf.version2]: {
          contentType: "application/json",
          text: JSON.stringify({ Protocol: "AutodiscoverV1", Url: `https://${there}` }),
        },
        [there]: answer,
      },
    },
  ],
];

for (const [what, broken] of ways)
  test(`the answer is found by ${what}`, async () => {
    const add = ["else.example A 127.0.0.1"];
    const { findings } = await lab.check({ add, ...broken, question: { password: undefined } });
    assert.ok(
      findings.some(({ id, about }) => id === "settings.found" && about === `https://${there}`),
      findings.map(({ id, about }) => `${id} ${about}`).join("\n"),
    );
    const posts = lab.asked.filter((text) => text.startsWith(`POST ${there}`));
    assert.equal(posts.length, 1);
    assert.match(posts[0]!, /<EMailAddress>ann@shop\.example<\/EMailAddress>/i);
    assert.ok(findings.every(({ level }) => level === "good" || level === "note"));
  });

test("another address is asked for, and a circle of them ends", async () => {
  const text = redirecting("<Action>redirectAddr</Action><RedirectAddr>ann.b@shop.example</RedirectAddr>");
  const { findings } = await lab.check({
    pages: { [pageOf.autodiscover]: { text } },
    question: { password: undefined },
  });
  const posts = lab.asked.filter((said) => said.startsWith(`POST ${pageOf.autodiscover}`));
  assert.equal(posts.length, 3);
  assert.ok(posts.slice(1).every((said) => said.includes("ann.b@shop.example")));
  assert.ok(findings.some(({ id }) => id === "settings.redirect"));
});

test("nothing is posted to where a redirect leads without encryption", async () => {
  const plain = `http://${there}`;
  const said = { status: 302, location: plain };
  await lab.check({
    add: ["else.example A 127.0.0.1"],
    pages: { [pageOf.autodiscover]: said, [pageOf.autodiscoverAtDomain]: said },
    plainPages: { [pageOf.autodiscover]: said, [there]: answer },
    question: { password: undefined },
  });
  assert.ok(lab.asked.every((text) => !text.includes("else.example")));
});
