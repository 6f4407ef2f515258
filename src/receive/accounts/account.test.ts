import assert from "node:assert/strict";
import { test } from "node:test";
import { accountKey, formatAccounts, parseAccountName, parseAccounts, parseSender } from "./account.ts";
import { formatSecret, isPassword, makeSecret, newPassword, parseSecret } from "./secret.ts";

// RFC 7677 §3: user "user", password "pencil"
const pencil =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

test("a secret is that of RFC 7677, and is written as it is read", async () => {
  const secret = parseSecret(pencil);
  assert.ok(secret !== undefined);
  assert.equal(secret.iterations, 4_096);
  assert.equal(formatSecret(secret), pencil);
  assert.equal(await isPassword("pencil", secret), true);
  assert.equal(await isPassword("pencils", secret), false);
});

test("a new secret takes its own password, in any of the ways to write it, and has a salt of its own", async () => {
  const [one, other] = [await makeSecret("Grüße\u00a0und mehr"), await makeSecret("Grüße\u00a0und mehr")];
  assert.ok(one !== undefined && other !== undefined);
  assert.equal(await isPassword("Grüße und mehr".normalize("NFKC"), one), true);
  assert.notDeepEqual(one.salt, other.salt);
  assert.deepEqual(await Promise.all([makeSecret(""), makeSecret("a\u0007b")]), [undefined, undefined]);
});

test("what is no secret is told from one", () => {
  const wrong = [
    "",
    "pencil",
    pencil.replace("SHA-256", "SHA-1"),
    pencil.replace("4096", "0"),
    pencil.replace("4096", "999999999"),
    pencil.slice(0, -8),
    `${pencil} `,
  ];
  for (const text of wrong) assert.equal(parseSecret(text), undefined, text);
});

test("passwords that are made are long, and never the same", () => {
  const made = new Set(Array.from({ length: 100 }, newPassword));
  assert.equal(made.size, 100);
  for (const password of made) assert.match(password, /^(?:[a-km-np-z2-9]{5}-){3}[a-km-np-z2-9]{5}$/);
});

test("names and senders in canonical form", () => {
  const names: [string, string | undefined][] = [
    ["Ann@EXAMPLE.org", "Ann@example.org"],
    ["ann@bücher.example", "ann@xn--bcher-kva.example"],
    ["shop", "shop"],
    ["123", "123"],
    ["two words", undefined],
    ["@example.org", undefined],
    ["*@example.org", undefined],
    ["*", undefined],
    ["", undefined],
    ["a\u0000b", undefined],
  ];
  for (const [text, name] of names) assert.equal(parseAccountName(text), name, text);
  assert.equal(accountKey("Ann@EXAMPLE.org"), accountKey("aNN@example.ORG"));
  const senders: [string, string | undefined][] = [
    ["Sales@Example.org", "Sales@example.org"],
    ["*@Example.org", "*@example.org"],
    ["example.org", "*@example.org"],
    ["*", "*"],
    ["*@*", undefined],
    ["*sales@example.org@", undefined],
    ["", undefined],
  ];
  for (const [text, sender] of senders) assert.equal(parseSender(text), sender, text);
});

test("a file is written as it is read, in its order", () => {
  const text = `[
  {
    "name": "ann@example.org",
    "password": "${pencil}",
    "may_send_as": [
      "*@example.org"
    ],
    "messages_per_day": 5
  },
  {
    "name": "7",
    "recipients_per_day": 0,
    "recipients_per_hour": 9
  }
]
`;
  const accounts = parseAccounts(text);
  assert.ok(typeof accounts !== "string");
  assert.deepEqual(
    accounts.map(({ name, maySendAs, limits }) => ({ name, maySendAs, limits })),
    [
      { name: "ann@example.org", maySendAs: ["*@example.org"], limits: { messagesPerDay: 5 } },
      { name: "7", maySendAs: [], limits: { recipientsPerDay: 0, recipientsPerHour: 9 } },
    ],
  );
  assert.equal(formatAccounts(accounts), text);
});

test("what is wrong in a file is told in words", () => {
  const files: [string, RegExp][] = [
    ["[", /^it is not JSON \(.+\); mend it, or put an older copy in its place$/],
    ["{}", /^it must be a list/],
    ["[7]", /^account 1: it is not an object/],
    ["[{}]", /^account 1: name is missing, or not text$/],
    ['[{"name": "a b"}]', /^account 1 \("a b"\): its name is neither an address nor a plain name/],
    [
      '[{"name": "a", "passwort": "x"}]',
      /^account 1 \("a"\): passwort is not known; known are name, password, may_send_as/,
    ],
    ['[{"name": "a", "password": "x"}]', /^account 1 \("a"\): its password is not .*waybill account passwd a$/],
    ['[{"name": "a", "may_send_as": ["b@"]}]', /^account 1 \("a"\): "b@" is no sender; write an address/],
    ['[{"name": "a", "may_send_as": "b"}]', /^account 1 \("a"\): may_send_as is not a list$/],
    ['[{"name": "a", "messages_per_day": 1.5}]', /^account 1 \("a"\): messages_per_day is not a whole number$/],
    ['[{"name": "a", "messages_per_day": -1}]', /^account 1 \("a"\): messages_per_day is less than 0$/],
    ['[{"name": "A@x.org"}, {"name": "a@X.org"}]', /^account 2 \("a@X.org"\): account 1 has this name, too/],
  ];
  for (const [text, words] of files) {
    const wrong = parseAccounts(text);
    assert.match(typeof wrong === "string" ? wrong : "nothing", words);
  }
});
