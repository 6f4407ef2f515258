// The web server over real sockets: certificates, limits, proxies, and what strangers try.
import assert from "node:assert/strict";
import { Hono } from "hono";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { writeFile } from "node:fs/promises";
import { eventually } from "../../src/receive/testing.ts";
import { networks } from "../../src/base/networks.ts";
import { webLimits } from "../../src/web/limits.ts";
import { visitOf, type WebEnvironment } from "../../src/web/visit.ts";
import { fakeWorld } from "../support/fake-world.ts";
import { absent, runProgram } from "../support/programs.ts";
import { ask } from "../support/web-request.ts";
import { startWeb } from "./web-lab.ts";

const policy = { host: "mta-sts.shop.example", path: "/.well-known/mta-sts.txt" } as const;
const withPolicy = { mta_sts: { mode: "enforce" } } as const;

test("the policy of MTA-STS goes over HTTPS, with a certificate for its name, and only from its own host", async () => {
  await using web = await startWeb({ settings: withPolicy });
  const [port = 0, plain = 0] = web.ports;
  const authority = web.authority.pem;
  const answer = await ask({ port, authority, ...policy });
  assert.equal(answer.status, 200);
  assert.equal(answer.body, "version: STSv1\r\nmode: enforce\r\nmx: mail.shop.example\r\nmax_age: 604800\r\n");
  assert.match(answer.headers["content-type"] ?? "", /^text\/plain/);
  assert.deepEqual([answer.headers.server, answer.headers["x-powered-by"]], [undefined, undefined]);
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
  assert.equal((await ask({ port, authority, ...policy, host: "shop.example" })).status, 404);
  const clear = await ask({ port: plain, ...policy });
  assert.deepEqual([clear.status, clear.body.includes("STSv1")], [302, false]);
  assert.match(clear.headers.location ?? "", /^https:\/\/mta-sts\.shop\.example(?::\d+)?\/\.well-known\/mta-sts\.txt$/);
});

test("the certificate is chosen by the name that is asked for", async () => {
  const certificates = [["mail.shop.example"], ["mta-sts.shop.example"], ["*.club.example"]];
  await using web = await startWeb({ settings: withPolicy, certificates });
  const [port = 0] = web.ports;
  const namesAt = async (host: string): Promise<string> =>
    (await ask({ port, authority: web.authority.pem, host, path: "/robots.txt" })).names;
  assert.equal(await namesAt("mta-sts.shop.example"), "DNS:mta-sts.shop.example");
  assert.equal(await namesAt("mta-sts.club.example"), "DNS:*.club.example");
  assert.equal(await namesAt("mail.shop.example"), "DNS:mail.shop.example");
  await assert.rejects(namesAt("autoconfig.shop.example"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  const nameless = { port, authority: web.authority.pem, host: "mail.shop.example", path: "/robots.txt" };
  assert.equal((await ask({ ...nameless, isNameless: true })).names, "DNS:mail.shop.example");
  const warning = web.log.find((line) => line.includes("has no certificate")) ?? "";
  assert.match(warning, /certificate for autoconfig\.shop\.example, autodiscover\.shop\.example: /);
});

test("changed certificates count without a restart; a broken file leaves the old ones", async () => {
  const world = fakeWorld({ now: Date.now() });
  await using web = await startWeb({ certificates: [["mail.shop.example"]], world });
  const [port = 0] = web.ports;
  const names = async (isNameless?: true): Promise<string> =>
    (
      await ask({
        port,
        authority: web.authority.pem,
        host: "mail.shop.example",
        path: "/robots.txt",
        ...(isNameless && { isNameless }),
      })
    ).names;
  await web.issue(["mail.shop.example", "more.shop.example"], web.files[0]);
  assert.equal(await names(), "DNS:mail.shop.example", "not yet");
  await world.advance(webLimits.certificateLookMs);
  await eventually(() => web.log.some((line) => line.includes("has new certificates")));
  assert.equal(await names(), "DNS:mail.shop.example, DNS:more.shop.example");
  assert.equal(await names(true), "DNS:mail.shop.example, DNS:more.shop.example");
  await writeFile(web.files[0]!, "half a file");
  await world.advance(webLimits.certificateLookMs);
  await eventually(() => web.log.some((line) => line.includes("keeps its old certificates")));
  assert.equal(await names(), "DNS:mail.shop.example, DNS:more.shop.example");
});

test("names of others get 404 in words, over both protocols", async () => {
  await using web = await startWeb({ settings: { web: { tls: "none" } } });
  for (const port of web.ports)
    for (const host of ["other.example", "127.0.0.1", "autoconfig.other.example", "autoconfig.moved.example"]) {
      const { status, body } = await ask({ port, host, path: "/mail/config-v1.1.xml" });
      assert.equal(status, 404, host);
      assert.match(body, /^There is no such site here\. .*\.\n$/);
    }
});

test("hostile requests are refused, and the server goes on", async () => {
  await using web = await startWeb({ settings: withPolicy });
  const [port = 0] = web.ports;
  const at = { port, authority: web.authority.pem, host: "autodiscover.shop.example" };
  const path = "/autodiscover/autodiscover.xml";
  const long = await ask({ ...at, path: `/${"a".repeat(webLimits.headerBytes)}` });
  assert.equal(long.status, 431);
  const heavy = await ask({ ...at, path, method: "POST", body: "x".repeat(webLimits.bodyBytes + 1) });
  assert.equal(heavy.status, 413);
  const chunked = { "transfer-encoding": "chunked" };
  const unsized = await ask({
    ...at,
    path,
    method: "POST",
    headers: chunked,
    body: "x".repeat(webLimits.bodyBytes * 4),
  });
  assert.equal(unsized.status, 413);
  for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const answer = await ask({ ...at, path, method });
    assert.deepEqual([answer.status, answer.headers.allow], [405, "POST"], method);
  }
  for (const odd of ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%00", "/%ff%fe", "//", "/mail/", "*"])
    assert.ok([400, 404].includes((await ask({ ...at, path: odd })).status), odd);
  assert.equal((await ask({ ...at, ...policy })).status, 200);
});

/** Bytes as they are, on a connection of their own; resolves with all that came back. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  socket.on("data", (part) => (got += part.toString())).on("error", () => {});
  socket.write(bytes);
  await once(socket, "close");
  return got;
}

test("requests that are none, or of two lengths, are refused and the connection closed", async () => {
  await using web = await startWeb({ settings: { web: { tls: "none" } } });
  const [port = 0] = web.ports;
  const head = "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: shop.example\r\n";
  for (const bytes of [
    "EHLO client.example\r\n\r\n",
    `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
    "GET / HTTP/1.1\r\n\r\n",
    "GET /robots.txt HTTP/1.1\r\nHost: shop.example\r\nHost: other.example\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
  ])
    assert.match(await raw(port, bytes), /^HTTP\/1\.1 400 /, bytes);
});

test("who says nothing, or half of a request, or half of a handshake, is closed in time", async () => {
  const limits = { ...webLimits, headerMs: 60, requestMs: 60, handshakeMs: 60, lookEveryMs: 20 };
  await using secured = await startWeb({ more: { limits } });
  await using plain = await startWeb({ settings: { web: { tls: "none" } }, more: { limits } });
  const head = "POST /autodiscover/autodiscover.xml HTTP/1.1\r\nHost: shop.example\r\n";
  const [port = 0] = plain.ports;
  const startedAt = performance.now();
  const answers = await Promise.all([
    raw(port, ""),
    raw(port, head),
    raw(port, `${head}Content-Length: 10\r\n\r\nhalf`),
    raw(secured.ports[0]!, ""),
    raw(secured.ports[0]!, "\u0016\u0003\u0001"),
  ]);
  assert.deepEqual(
    answers.map((text) => text.split(" ", 2)[1]),
    ["408", "408", "408", undefined, undefined],
  );
  assert.ok(performance.now() - startedAt < 5_000);
  assert.deepEqual(
    [...secured.log, ...plain.log].filter((line) => line.includes('"level":50')),
    [],
  );
});

test("who asks, and takes no answer, is closed in time", async () => {
  const limits = { ...webLimits, answerMs: 60 };
  const settings = { web: { tls: "none", max_connections_per_address: 1 } } as const;
  await using web = await startWeb({ settings, more: { limits, help: longPage() } });
  const [port = 0] = web.ports;
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.write("GET /help HTTP/1.1\r\nHost: shop.example\r\n\r\n"); // and nothing is read
  await eventually(() => web.log.some((line) => line.includes("asked for")));
  let status = 0;
  const asked = { port, host: "shop.example", path: "/robots.txt" };
  for (const end = performance.now() + 5_000; status === 0 && performance.now() < end;)
    status = await ask(asked).then(
      (answer) => answer.status,
      () => 0,
    );
  assert.equal(status, 200, "its place is free again");
  socket.destroy();
});

/** Longer than what the system keeps for a client that does not read. */
const longPage = () => new Hono<WebEnvironment>().get("/", (c) => c.text("long ".repeat(8_000_000)));

test("a thousand idle connections leave room for those who ask", async () => {
  const settings = { web: { max_connections: 100, max_connections_per_address: 80, proxy_networks: ["127.0.0.9"] } };
  await using web = await startWeb({ settings: { ...withPolicy, ...settings } });
  const [port = 0] = web.ports;
  const idle = Array.from({ length: 1_000 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  const isOver = (socket: Socket): boolean => socket.closed || socket.readyState === "closed";
  await eventually(() => idle.filter(isOver).length >= 920);
  assert.equal(idle.filter((socket) => !isOver(socket)).length, 80);
  const elsewhere = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.2" });
  await once(elsewhere, "connect");
  const answer = await ask({ port, authority: web.authority.pem, localAddress: "127.0.0.2", ...policy });
  assert.equal(answer.status, 200, "another address is let in");
  for (const socket of [...idle, elsewhere]) socket.destroy();
  const statusNow = (): Promise<number> =>
    ask({ port, authority: web.authority.pem, ...policy }).then(
      ({ status }) => status,
      () => 0,
    );
  let status = 0;
  for (let i = 0; i < 50 && status === 0; i += 1) status = await statusNow(); // the server hears of each close by itself
  assert.equal(status, 200, "who left makes room");
});

test("a port that is taken is a sentence with what to do", async () => {
  await using first = await startWeb();
  const listen = [`127.0.0.1:${first.ports[0]}`];
  await assert.rejects(startWeb({ settings: { web: { listen } } }), {
    message:
      /^the web server cannot listen on 127\.0\.0\.1:\d+: another program listens there .*; see listen and http_listen in \[web\]$/,
  });
});

test("close: connections that are kept alive end at once, requests and handshakes under way after the grace", async () => {
  const limits = { ...webLimits, closeGraceMs: 50 };
  const plain = await startWeb({ settings: { web: { tls: "none" } } });
  const kept = connect(plain.ports[0]!, "127.0.0.1");
  kept.write("GET /robots.txt HTTP/1.1\r\nHost: shop.example\r\n\r\n");
  await once(kept, "data");
  await Promise.all([plain[Symbol.asyncDispose](), once(kept, "close")]);
  const secured = await startWeb({ more: { limits } });
  const [handshake, half] = secured.ports.map((port) => connect(port, "127.0.0.1").on("error", () => {}));
  handshake!.write("\u0016\u0003\u0001");
  half!.write("GET / HTTP/1.1\r\nHost:");
  await Promise.all([once(handshake!, "connect"), once(half!, "connect")]);
  await Promise.all([secured[Symbol.asyncDispose](), once(handshake!, "close"), once(half!, "close")]);
});

test("only known proxies are believed, and of what they pass on only what they saw", () => {
  const proxies = networks(["10.0.0.1", "10.0.0.2", "::1"]);
  type Peer = Parameters<typeof visitOf>[0];
  const from = (
    address: string,
    [forwardedFor, forwardedProto]: string[] = [],
    listener: Peer["listener"] = "behind-proxy",
  ) => visitOf({ address, listener, forwardedFor, forwardedProto }, proxies);
  const cases: readonly [ReturnType<typeof visitOf>, string, boolean][] = [
    [from("198.51.100.7", ["192.0.2.1", "https"]), "198.51.100.7", false],
    [from("10.0.0.1", ["192.0.2.1", "https"]), "192.0.2.1", true],
    [from("::ffff:10.0.0.1", ["192.0.2.1"]), "192.0.2.1", true],
    [from("10.0.0.1", ["1.1.1.1, 192.0.2.1", "https"]), "192.0.2.1", true],
    [from("10.0.0.1", ["192.0.2.1, 10.0.0.2", "http"]), "192.0.2.1", false],
    [from("10.0.0.1", ["[2001:db8::7]:4711"]), "2001:db8::7", true],
    [from("10.0.0.1", ["192.0.2.1:4711"]), "192.0.2.1", true],
    [from("10.0.0.1", ["1.1.1.1, nonsense"]), "10.0.0.1", true],
    [from("10.0.0.1"), "10.0.0.1", true],
    [from("10.0.0.1", ["192.0.2.1"], "http"), "192.0.2.1", false],
    [from("10.0.0.1", ["192.0.2.1", "https"], "http"), "192.0.2.1", true],
    [from("127.0.0.1", ["192.0.2.1"]), "127.0.0.1", true],
    [from("127.0.0.1", [], "http"), "127.0.0.1", false],
    [from("192.0.2.1", [], "https"), "192.0.2.1", true],
  ];
  for (const [i, [visit, address, isSecure]] of cases.entries())
    assert.deepEqual(visit, { address, isSecure }, `case ${i}`);
});

test("behind a proxy, the log has the client that the proxy saw, and no address of a person", async () => {
  await using web = await startWeb({ settings: { web: { tls: "none", proxy_networks: ["127.0.0.1"] } } });
  const headers = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https" };
  await ask({ port: web.ports[0]!, host: "shop.example", path: "/robots.txt?emailaddress=ann@shop.example", headers });
  const line = web.log.find((line) => line.includes("asked for")) ?? "";
  assert.match(line, /192\.0\.2\.1 asked for GET shop\.example\/robots\.txt: 200/);
  assert.doesNotMatch(line, /ann@/);
});

test("curl gets the policy", { skip: absent("curl") }, async () => {
  await using web = await startWeb({ settings: withPolicy });
  const [port = 0] = web.ports;
  const to = `${policy.host}:${port}`;
  const authority = await web.authorityFile();
  const to127 = ["--connect-to", `${to}:127.0.0.1:${port}`, "--noproxy", "*", "--cacert", authority];
  const url = `https://${to}${policy.path}`;
  const { code, stdout } = await runProgram("curl", ["-s", "-w", "%{http_code} %{http_version}", ...to127, url]);

  assert.equal(code, 0);
  assert.match(stdout, /^version: STSv1\r\n.*200 1\.1$/s);
});
