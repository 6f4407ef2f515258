import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { testAccounts } from "../../../test/support/accounts.ts";
import { ScramClient } from "../../../test/support/scram-client.ts";
import type { Client } from "../../mail/client.ts";
import { replyText } from "../../mail/reply.ts";
import type { Credentials, LoginResult } from "./credentials.ts";
import type { ChannelBindingData, SaslExchange, SaslOutcome } from "./exchange.ts";
import { createLogins } from "./logins.ts";

const inClear: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP" };
const inTls: Client = { ...inClear, tls: { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" } };
const exporter = Buffer.alloc(32, 7);
const binding: ChannelBindingData = new Map([["tls-exporter", exporter]]);
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"; // RFC 7677 §3

const loginsFor = (accounts: Credentials) => createLogins(accounts, Buffer.alloc(32, 1), () => serverNonce);
const begin = (mechanism: string, accounts: Credentials = testAccounts(), client = inTls): SaslExchange =>
  loginsFor(accounts).begin(mechanism, client, binding);

/** Text for an assertion: `+ account`, `? challenge`, or the reply. */
function shown(outcome: SaslOutcome): string {
  switch (outcome.kind) {
    case "accepted":
      return `+ ${outcome.account}`;
    case "challenge":
      return `? ${Buffer.from(outcome.bytes).toString()}`;
    case "refused":
      return replyText(outcome.reply);
  }
}

/** The last outcome; `undefined` in `responses` is AUTH without an initial response. */
async function say(exchange: SaslExchange, ...responses: (string | Uint8Array | undefined)[]): Promise<string> {
  let last = "nothing was said";
  for (const response of responses)
    last = shown(await exchange.step(typeof response === "string" ? Buffer.from(response) : response));
  return last;
}

const wrong = /^535 5\.7\.8 the login failed; check the user name and the password/;

test("what is offered depends on what can be checked, and on TLS", () => {
  const offered = (kinds: Credentials["kinds"], client: Client): string =>
    loginsFor(testAccounts({ kinds })).mechanisms(client).join(" ");
  assert.equal(
    offered(["password", "scram", "token"], inTls),
    "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2",
  );
  assert.equal(offered(["password", "scram"], inClear), "SCRAM-SHA-256 PLAIN LOGIN");
  assert.equal(offered(["scram"], { ...inTls, tls: { version: "TLSv1.2", cipher: "x" } }), "SCRAM-SHA-256");
  assert.equal(offered(["password"], inTls), "PLAIN LOGIN");
  assert.equal(offered(["token"], inTls), "OAUTHBEARER XOAUTH2");
});

describe("PLAIN and LOGIN", () => {
  for (const [mechanism, responses, expected] of [
    ["PLAIN", ["\0ann@home.lab\0pencil"], /^\+ ann@home\.lab$/],
    ["PLAIN", [undefined], /^\? $/],
    ["PLAIN", [undefined, "ann@home.lab\0ann@home.lab\0pencil"], /^\+ ann@home\.lab$/],
    ["PLAIN", ["bob@home.lab\0ann@home.lab\0pencil"], /^535 5\.7\.8 .* act as another user/],
    ["PLAIN", ["\0ann@home.lab\0crayon"], wrong],
    ["PLAIN", ["\0nobody@home.lab\0pencil"], wrong],
    ["PLAIN", ["\0\0pencil"], wrong],
    ["PLAIN", ["\0ann@home.lab\0"], wrong],
    ["PLAIN", ["\0ann@home.lab\0pen\ncil"], wrong], // RFC 4013 §2.3
    ["PLAIN", ["\0ann@home.lab\0pen\u00adcil"], /^\+ ann@home\.lab$/], // a soft hyphen says nothing, §2.1
    ["PLAIN", ["\0ann@home.lab\0\uff50encil"], /^\+ ann@home\.lab$/], // a full-width p, §2.2
    ["PLAIN", ["ann@home.lab pencil"], /^501 5\.5\.2 this is not a PLAIN message/],
    ["PLAIN", ["\0ann@home.lab\0pen\0cil"], /^501 5\.5\.2/],
    ["PLAIN", [Buffer.from("\0ann@home.lab\0p\xe9ncil", "latin1")], /^501 5\.5\.2/],
    ["LOGIN", [undefined], /^\? Username:$/],
    ["LOGIN", [undefined, "ann@home.lab"], /^\? Password:$/],
    ["LOGIN", ["ann@home.lab"], /^\? Password:$/],
    ["LOGIN", [undefined, "ann@home.lab", "pencil"], /^\+ ann@home\.lab$/],
    ["LOGIN", [undefined, "ann@home.lab", "crayon"], wrong],
    ["LOGIN", [undefined, "nobody@home.lab", "pencil"], wrong],
    ["LOGIN", [undefined, "", ""], wrong],
    ["LOGIN", [undefined, "ann@home.lab", Buffer.from([0xff])], wrong],
  ] as const)
    test(`${mechanism} ${JSON.stringify(responses)}`, async () =>
      assert.match(await say(begin(mechanism), ...responses), expected));
});

describe("tokens", () => {
  const oauth = (name: string, auth = "Bearer good-token"): string => `n,a=${name},\x01host=mx\x01auth=${auth}\x01\x01`;
  const google = (name: string, auth = "Bearer good-token"): string => `user=${name}\x01auth=${auth}\x01\x01`;
  const noToken = /^535 5\.7\.8 the login failed: the access token is not valid here/;
  for (const [mechanism, responses, expected] of [
    ["OAUTHBEARER", [oauth("ann@home.lab")], /^\+ ann@home\.lab$/],
    ["OAUTHBEARER", [undefined, oauth("ann@home.lab", "bearer good-token")], /^\+ ann@home\.lab$/],
    ["OAUTHBEARER", ["n,,\x01auth=Bearer good-token\x01\x01"], /^\+ ann@home\.lab$/],
    ["OAUTHBEARER", ["y,,\x01auth=Bearer good-token\x01\x01"], /^\+ ann@home\.lab$/],
    ["OAUTHBEARER", [oauth("ann@home.lab", "Bearer old-token")], /^\? {"status":"invalid_token","schemes":"bearer"}$/],
    ["OAUTHBEARER", [oauth("ann@home.lab", "Bearer old-token"), "\x01"], noToken],
    ["OAUTHBEARER", [oauth("bob@home.lab"), "\x01"], noToken],
    ["OAUTHBEARER", ["p=tls-exporter,,\x01auth=Bearer good-token\x01\x01"], /^501 5\.5\.2/], // RFC 7628 §3.1
    ["OAUTHBEARER", ["n,,\x01auth=Bearer good-token\x01"], /^501 5\.5\.2/],
    ["OAUTHBEARER", ["n,,\x01auth=Basic abc\x01\x01"], /^501 5\.5\.2/],
    ["OAUTHBEARER", ["n,,\x01auth=Bearer good-token\x01auth=Bearer other\x01\x01"], /^501 5\.5\.2/],
    ["XOAUTH2", [google("ann@home.lab")], /^\+ ann@home\.lab$/],
    ["XOAUTH2", [undefined, google("ann@home.lab")], /^\+ ann@home\.lab$/],
    ["XOAUTH2", [google("ann@home.lab", "Bearer old-token")], /^\? {"status":"401","schemes":"bearer"}$/],
    ["XOAUTH2", [google("ann@home.lab", "Bearer old-token"), ""], noToken],
    ["XOAUTH2", ["ann@home.lab good-token"], /^501 5\.5\.2 this is not a XOAUTH2 message/],
  ] as const)
    test(`${mechanism} ${JSON.stringify(responses)}`, async () =>
      assert.match(await say(begin(mechanism), ...responses), expected));
});

describe("SCRAM-SHA-256", () => {
  const first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
  const nonce = `rOprNGfwEbeRWgbNEkqO${serverNonce}`;
  const proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const final = `c=biws,r=${nonce},p=${proof}`;

  test("the example of RFC 7677 §3, word for word", async () => {
    const accounts = testAccounts();
    const exchange = begin("SCRAM-SHA-256", accounts);
    assert.equal(await say(exchange, undefined), "? ");
    assert.equal(await say(exchange, first), `? r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
    assert.equal(await say(exchange, final), "? v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert.equal(await say(exchange, ""), "+ user");
    assert.deepEqual(accounts.asked, ["secret user", "ended user true"]);
  });

  for (const [name, responses, expected] of [
    ["a wrong proof", [first, final.replace("p=dH", "p=eH")], wrong],
    ["a proof of another length", [first, final.replace(proof, "dHzb")], wrong],
    ["another nonce", [first, final.replace("rOprNGfw", "rOprNGfx")], wrong],
    ["a nonce that is only the client's", [first, final.replace(serverNonce, "")], wrong],
    ["another channel binding than at first", [first, final.replace("biws", "eSws")], wrong],
    ["no proof", [first, `c=biws,r=${nonce}`], /^501 5\.5\.2 this is not a SCRAM-SHA-256 message/],
    ["an extension that must be understood", ["n,,m=x,n=user,r=abc"], /^501/],
    ["a bad escape in the name", ["n,,n=us=2Der,r=abc"], /^501/],
    ["no name", ["n,,n=,r=abc"], /^501/],
    ["no header", ["n=user,r=abc"], /^501/],
    ["a comma's octet in the nonce", ["n,,n=user,r=a\tb"], /^501/],
    ["another identity", ["n,a=bob,n=user,r=abc"], /^535 5\.7\.8 .* act as another user/],
    ["an empty identity", ["n,a=,n=user,r=abc"], /^\? r=abc/],
    ["the own identity", ["n,a=user,n=user,r=abc"], /^\? r=abc/],
    ["words behind the server's proof", [first, final, "x"], /^501/],
    ["what PLUS is for", ["p=tls-exporter,,n=user,r=abc"], /^501/],
    [
      "a client to which PLUS was not shown",
      ["y,,n=user,r=abc"],
      /^535 5\.7\.8 .* someone between you and this server/,
    ],
  ] as const)
    test(name, async () => assert.match(await say(begin("SCRAM-SHA-256"), ...responses), expected));

  test("a client that can bind, where there is nothing to bind to", async () => {
    assert.match(await say(begin("SCRAM-SHA-256", testAccounts(), inClear), "y,,n=user,r=abc"), /^\? r=abc/);
  });

  const challengeFor = (name: string): Promise<string> => say(begin("SCRAM-SHA-256"), `n,,n=${name},r=abc`);

  test("names that nobody has get a salt of their own, and always the same one", async () => {
    const [one, other] = [await challengeFor("nobody@home.lab"), await challengeFor("noone@home.lab")];
    assert.match(one, /^\? r=abc[^,]+,s=[A-Za-z\d+/]{22}==,i=200000$/);
    assert.notEqual(one, other);
    assert.equal(await challengeFor("nobody@home.lab"), one);
    assert.equal(await challengeFor("Nobody@HOME.lab"), one, "as it would be for an account");
    const anotherServer = createLogins(testAccounts(), Buffer.alloc(32, 2), () => serverNonce);
    assert.notEqual(await say(anotherServer.begin("SCRAM-SHA-256", inTls), "n,,n=nobody@home.lab,r=abc"), one);
  });

  test("such a name is refused in the end, with the words of a wrong password", async () => {
    const accounts = testAccounts();
    const refused = async (user: string, password: string): Promise<string> => {
      const exchange = begin("SCRAM-SHA-256", accounts);
      const client = new ScramClient({ user, password });
      const challenge = await say(exchange, client.first);
      return say(exchange, client.answer(challenge.slice(2)));
    };
    const reply = await refused("nobody@home.lab", "pencil");
    assert.match(reply, wrong);
    assert.equal(await refused("user", "crayon"), reply);
    assert.deepEqual(
      accounts.asked.filter((asked) => asked.startsWith("ended")),
      ["ended nobody@home.lab false", "ended user false"],
    );
  });

  test("a right proof over another nonce or header than was agreed: somebody changed or replays it", async () => {
    for (const forged of [{}, { nonce: "rOprNGfwEbeRWgbNEkqO" }, { nonce: "another" }, { gs2: "y,," }]) {
      const exchange = begin("SCRAM-SHA-256");
      const client = new ScramClient({ user: "user", password: "pencil" });
      const challenge = await say(exchange, client.first);
      const outcome = await say(exchange, client.answer(challenge.slice(2), forged));
      const isForged = Object.keys(forged).length > 0;
      assert.match(outcome, isForged ? wrong : /^\? v=/, JSON.stringify(forged));
    }
  });

  test("a check that says yes to a wrong proof changes nothing", async () => {
    const accounts = testAccounts({ result: { kind: "accepted", account: "user" } });
    assert.match(await say(begin("SCRAM-SHA-256", accounts), first, final.replace("p=dH", "p=eH")), wrong);
  });
});

describe("SCRAM-SHA-256-PLUS", () => {
  const login = async (gs2: string, octets: Uint8Array): Promise<string> => {
    const exchange = begin("SCRAM-SHA-256-PLUS");
    const client = new ScramClient({ user: "user", password: "pencil", gs2, binding: octets });
    const challenge = await say(exchange, client.first);
    if (!challenge.startsWith("? ")) return challenge;
    const outcome = await say(exchange, client.answer(challenge.slice(2)));
    return outcome === `? ${client.serverFinal}` ? say(exchange, "") : outcome;
  };
  const unbound = /^535 5\.7\.8 the login failed: this way to bind it/;
  for (const [name, gs2, octets, expected] of [
    ["bound to this TLS", "p=tls-exporter,,", exporter, /^\+ user$/],
    ["bound to another TLS: somebody sits in between", "p=tls-exporter,,", Buffer.alloc(32, 8), unbound],
    ["bound to what this TLS does not have", "p=tls-server-end-point,,", exporter, unbound],
    ["bound to what nobody knows", "p=constructor,,", exporter, unbound],
    ["bound to nothing", "n,,", Buffer.alloc(0), /^501/],
    ["bound to nothing, though the client can", "y,,", Buffer.alloc(0), /^501/],
  ] as const)
    test(name, async () => assert.match(await login(gs2, octets), expected));
});

describe("results that are neither yes nor no, by each mechanism", () => {
  const messages = {
    PLAIN: ["\0user\0pencil"],
    LOGIN: ["user", "pencil"],
    OAUTHBEARER: ["n,,\x01auth=Bearer good-token\x01\x01"],
    XOAUTH2: ["user=user\x01auth=Bearer good-token\x01\x01"],
  };
  const first = new ScramClient({ user: "user", password: "pencil" });
  for (const [result, expected] of [
    [
      { kind: "unavailable", because: "no Dovecot" },
      /^454 4\.7\.0 logins cannot be checked at the moment; .* try again/,
    ],
    [{ kind: "limited", retryAfterMs: 61_000 }, /^454 4\.7\.0 too many failed logins; try again in 2 minutes,/],
    [{ kind: "limited", retryAfterMs: 1 }, / try again in 1 minute,/],
    [{ kind: "limited", retryAfterMs: 3 * 3_600_000 - 1 }, / try again in 3 hours,/],
  ] satisfies [LoginResult, RegExp][])
    test(JSON.stringify(result), async () => {
      for (const [mechanism, responses] of Object.entries(messages))
        assert.match(await say(begin(mechanism, testAccounts({ result })), ...responses), expected, mechanism);
      const exchange = begin("SCRAM-SHA-256", testAccounts({ result }));
      const challenge = await say(exchange, first.first);
      assert.match(await say(exchange, first.answer(challenge.slice(2))), expected);
    });

  test("the operator's log hears why nothing could be checked; the client does not", async () => {
    const accounts = testAccounts({ result: { kind: "unavailable", because: "no Dovecot" } });
    const outcome = await begin("PLAIN", accounts).step(Buffer.from("\0user\0pencil"));
    assert.ok(outcome.kind === "refused" && outcome.trouble === "no Dovecot");
    assert.doesNotMatch(shown(outcome), /Dovecot/);
  });
});

test("a refusal tells the operator the account, by each mechanism, and the client nothing", async () => {
  const result = { kind: "refused", account: "ann@home.lab" } as const;
  const first = new ScramClient({ user: "user", password: "pencil" });
  for (const [mechanism, ...responses] of [
    ["PLAIN", "\0user\0crayon"],
    ["LOGIN", "user", "crayon"],
    ["OAUTHBEARER", "n,,\x01auth=Bearer bad-token\x01\x01", "\x01"],
    ["XOAUTH2", "user=user\x01auth=Bearer bad-token\x01\x01", ""],
    ["SCRAM-SHA-256", first.first, ""],
  ] as const) {
    const exchange = begin(mechanism, testAccounts({ result }));
    let outcome = await exchange.step(undefined);
    for (const response of responses) {
      const text = outcome.kind === "challenge" ? Buffer.from(outcome.bytes).toString() : "";
      const proof = mechanism === "SCRAM-SHA-256" && response === "" ? first.answer(text) : response;
      outcome = await exchange.step(Buffer.from(proof));
    }
    assert.ok(outcome.kind === "refused", mechanism);
    assert.equal(outcome.account, "ann@home.lab", mechanism);
    assert.doesNotMatch(JSON.stringify(outcome.reply), /ann/, mechanism);
  }
});

test("no message makes a mechanism throw, and none logs in by chance", async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "n,,",
      "y,,",
      "p=tls-exporter,,",
      "a=user,",
      "n=user",
      ",r=abc",
      ",m=x",
      "c=biws",
      ",p=",
      "\x01",
      "\0",
    ),
    fc.constantFrom("user=", "auth=Bearer ", "\x01\x01", "user", "=2C", "__proto__"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const message = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.from(pieces.join("")));
  const mechanism = fc.constantFrom(...loginsFor(testAccounts()).mechanisms(inTls));
  await fc.assert(
    fc.asyncProperty(mechanism, fc.array(message, { maxLength: 3 }), async (name, messages) => {
      const exchange = begin(name);
      for (const response of messages) {
        const outcome = await exchange.step(response);
        assert.notEqual(outcome.kind, "accepted");
        if (outcome.kind === "refused") return;
      }
    }),
    { numRuns: 2_000 },
  );
});
