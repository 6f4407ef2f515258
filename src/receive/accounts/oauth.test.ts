// Tokens against a provider on loopback, with keys made here.
import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text as textOf } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { createTokenCheck, type TokenSettings } from "./oauth.ts";

const world = fakeWorld();
const now = world.now() / 1_000;

async function provider(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settings = (more: Partial<TokenSettings>): TokenSettings => ({
  accountClaim: "email",
  timeoutMs: 5_000,
  ...more,
});

const claims: JWTPayload = {
  iss: "https://login.example.org/",
  aud: ["mail", "other"],
  exp: now + 600,
  email: "ann@example.org",
};

test("signed tokens", async (t) => {
  const [good, foreign] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
  const jwk = { ...(await exportJWK(good.publicKey)), kid: "k1" };
  let asked = 0;
  const url = await provider(t, (_request, response) => {
    asked += 1;
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  const jwks = { url: `${url}/keys`, issuer: "https://login.example.org/", audience: "mail" };
  const check = createTokenCheck(settings({ jwks }), world);
  const signed = (payload: JWTPayload, key = good.privateKey, kid = "k1"): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid }).sign(key);
  const token = await signed(claims);
  const accepted = { kind: "accepted", name: "ann@example.org" };
  const refused = { kind: "refused" };
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`;
  const cases: [string, string, object][] = [
    ["good", token, accepted],
    ["a clock that is a little fast", await signed({ ...claims, exp: now - 30 }), accepted],
    ["expired", await signed({ ...claims, exp: now - 120 }), refused],
    ["without an end", await signed({ ...claims, exp: undefined }), refused],
    ["not yet", await signed({ ...claims, nbf: now + 120 }), refused],
    ["of another provider", await signed({ ...claims, iss: "https://evil.example/" }), refused],
    ["for another service", await signed({ ...claims, aud: "other" }), refused],
    ["with another key", await signed(claims, foreign.privateKey), refused],
    ["with a key that is not there", await signed(claims, good.privateKey, "k2"), refused],
    ["with an address that nobody verified", await signed({ ...claims, email_verified: false }), refused],
    ["changed", token.replace(/.\./, "A."), refused],
    ["unsigned", unsigned, refused],
    ["no token", "abc", refused],
    ["no token's characters", "a.b.c\u0000", refused],
    ["too long", `${token}${"A".repeat(20_000)}`, refused],
  ];
  for (const [name, token, result] of cases) assert.deepEqual(await check(token), result, name);
  assert.equal(asked, 1, "the keys are kept; an unknown name for a key does not fetch them at will");
  const nameless = await check(await signed({ ...claims, email: undefined }));
  assert.match(nameless.kind === "unavailable" ? nameless.because : nameless.kind, /no claim "email"/);
  const other = createTokenCheck(settings({ jwks, accountClaim: "preferred_username" }), world);
  assert.deepEqual(await other(await signed({ ...claims, preferred_username: "ann" })), {
    kind: "accepted",
    name: "ann",
  });
});

test("keys that cannot be had say nothing of the token", async (t) => {
  const { privateKey } = await generateKeyPair("ES256");
  const token = await new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
  const answers: ((response: ServerResponse) => unknown)[] = [
    (response) => response.writeHead(500).end(),
    (response) => response.writeHead(302, { location: "https://evil.example/" }).end(),
    (response) => response.end("no json"),
    (response) => response.end("{}"),
    (response) => response.destroy(),
  ];
  for (const answer of answers) {
    const url = await provider(t, (_request, response) => answer(response));
    const check = createTokenCheck(settings({ jwks: { url, issuer: "i", audience: "a" } }), world);
    const result = await check(token);
    assert.match(
      result.kind === "unavailable" ? result.because : result.kind,
      /keys of tokens cannot be had from http:/,
    );
  }
});

test("introspection", async (t) => {
  let answer: (response: ServerResponse) => unknown = () => {};
  const heard: { login: string | undefined; body: string }[] = [];
  const url = await provider(t, async (request, response) => {
    heard.push({ login: request.headers.authorization, body: await textOf(request) });
    answer(response);
  });
  const introspection = { url, clientId: "way:bill", clientSecret: "s ü", audience: "mail" };
  const check = createTokenCheck(settings({ introspection }), world);
  const says =
    (value: object) =>
    (response: ServerResponse): unknown =>
      response.end(JSON.stringify(value));
  const active = { active: true, aud: "mail", email: "ann@example.org" };
  const cases: [string, typeof answer, object | RegExp][] = [
    ["good", says(active), { kind: "accepted", name: "ann@example.org" }],
    ["inactive", says({ active: false }), { kind: "refused" }],
    ["active as text", says({ ...active, active: "true" }), { kind: "refused" }],
    ["expired all the same", says({ ...active, exp: now - 120 }), { kind: "refused" }],
    ["not yet", says({ ...active, nbf: now + 120 }), { kind: "refused" }],
    ["for another service", says({ ...active, aud: ["other"] }), { kind: "refused" }],
    ["for nobody knows what", says({ ...active, aud: undefined }), { kind: "refused" }],
    ["without a name", says({ ...active, email: undefined }), /no claim "email"/],
    ["a list", says([]), /no JSON object/],
    ["no JSON", (response) => response.end("<html>"), /no JSON object/],
    ["endless", (response) => response.end("x".repeat(100_000)), /answer is too long/],
    ["our secret is wrong", (response) => response.writeHead(401).end(), /refuses us \(401\); check client_id/],
    [
      "elsewhere",
      (response) => response.writeHead(307, { location: "http://evil.example/" }).end(),
      /sends us on to http:\/\/evil\.example\/ \(307\), which is not followed/,
    ],
    ["nothing there", (response) => response.writeHead(404).end(), /nothing there \(404\)/],
    ["broken", (response) => response.writeHead(503).end(), /answers 503/],
    ["hung up", (response) => response.destroy(), /tokens cannot be checked at http:/],
  ];
  for (const [name, given, expected] of cases) {
    answer = given;
    const result = await check("opaque-token");
    if (!(expected instanceof RegExp)) assert.deepEqual(result, expected, name);
    else assert.match(result.kind === "unavailable" ? result.because : result.kind, expected, name);
  }
  assert.deepEqual(await check("no token"), { kind: "refused" }, "not asked about");
  const login = Buffer.from("way%3Abill:s%20%C3%BC").toString("base64");
  assert.deepEqual(heard[0], { login: `Basic ${login}`, body: "token=opaque-token&token_type_hint=access_token" });
  assert.equal(heard.length, cases.length, "no redirect was followed");
  assert.equal(world.sleeping, 0);
});

test("a provider that is silent is not waited for", async (t) => {
  const world = fakeWorld();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const url = await provider(t, () => resolve());
  const check = createTokenCheck(settings({ introspection: { url, clientId: "a", clientSecret: "b" } }), world);
  const checked = check("opaque-token");
  await asked;
  await world.advance(5_000);
  const result = await checked;
  assert.match(result.kind === "unavailable" ? result.because : result.kind, /did not answer in time/);
});
