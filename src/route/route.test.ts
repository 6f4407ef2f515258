import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { schema } from "../config/schema.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import { isPermanent } from "../mail/failure.ts";
import type { Hop } from "../mail/hop.ts";
import type { RouterSettings } from "./route.ts";
import { createRouter } from "./route.ts";

const zone = `
  x.lab MX 10 b.lab
  x.lab MX 20 a.lab
  y.lab MX 10 a.lab
  y.lab MX 10 b.lab
  a.lab A 192.0.2.1
  b.lab A 192.0.2.2
  us.lab A 192.0.2.9
  our.lab MX 10 us.lab
  backup.lab MX 5 a.lab
  backup.lab MX 10 us.lab
  backup.lab MX 20 b.lab
  loop.lab A 127.0.0.77
  smart.lab A 192.0.2.50
  smart.lab AAAA 2001:db8::50
  smart.lab MX 10 wrong.lab
  smart2.lab SERVFAIL
`;

const router = (config: object, changes: Partial<RouterSettings> = {}) =>
  createRouter({
    postmasterMaildir: "/data/postmaster",
    config: schema.parse(config),
    resolver: fakeResolver(zone),
    world: fakeWorld(),
    hostname: "US.lab",
    ...changes,
  });

const route = (config: object, to: string, from = "ann@sender.lab") =>
  router(config).route(to as Address, from as ReversePath);

async function hop(...question: Parameters<typeof route>): Promise<Hop> {
  const routing = await route(...question);
  return routing.kind === "hop" ? routing.hop : assert.fail(JSON.stringify(routing));
}

async function failure(...question: Parameters<typeof route>) {
  const routing = await route(...question);
  return routing.kind === "failed" ? routing.because : assert.fail(JSON.stringify(routing));
}

const site = async (...question: Parameters<typeof route>): Promise<string> => (await hop(...question)).site;

test("elsewhere: the MX hosts, with the TLS and port of the setting", async () => {
  assert.deepEqual(await hop({ deliver: { tls: "never", port: 2525 } }, "eve@x.lab"), {
    kind: "smtp",
    site: "a.lab b.lab",
    hosts: [
      { name: "b.lab", addresses: ["192.0.2.2"], port: 2525 },
      { name: "a.lab", addresses: ["192.0.2.1"], port: 2525 },
    ],
    tls: "never",
    implicitTls: false,
  });
});

test("the same set of MX hosts is the same site, in whatever order", async () => {
  assert.equal(await site({}, "eve@x.lab"), await site({}, "eve@y.lab"));
  assert.notEqual(await site({}, "eve@x.lab"), await site({}, "eve@a.lab"));
});

test("our domain is handed over here, whatever its MX and the rules say", async () => {
  const config = {
    domain: [{ name: "our.lab", deliver: "maildir:/mail/{user}", mailboxes: ["ann", "ben"] }],
    route: [{ host: "smart.lab" }],
  };
  assert.deepEqual(await hop(config, "ann@our.lab"), { kind: "maildir", site: "maildir:/mail/ann", path: "/mail/ann" });
  assert.notEqual(await site(config, "ann@our.lab"), await site(config, "ben@our.lab"));
});

test("a mailbox that does not exist (any more) is a permanent failure, not a new folder", async () => {
  const because = await failure({ domain: [{ name: "our.lab", deliver: "maildir:/m", mailboxes: [] }] }, "a@our.lab");
  assert.deepEqual([because.kind, isPermanent(because)], ["local", true]);
});

test("a relayed domain goes to the MX hosts better than us, or by rule", async () => {
  const config = { domain: [{ name: "backup.lab", deliver: "relay" }] };
  assert.equal(await site(config, "eve@backup.lab"), "a.lab");
  const ruled = { ...config, route: [{ to: "backup.lab", host: "smart.lab" }] };
  assert.match(await site(ruled, "eve@backup.lab"), /^smarthost smart\.lab:25/);
});

test("a domain whose MX leads to our name or our listener loops", async () => {
  assert.deepEqual(await failure({}, "eve@our.lab"), { kind: "mx-is-us", domain: "our.lab" });
  const listen = [{ address: "127.0.0.77:2626" }];
  assert.equal((await failure({ listen, deliver: { port: 2626 } }, "eve@loop.lab")).kind, "mx-is-us");
  assert.equal(await site({ listen, deliver: { port: 25 } }, "eve@loop.lab"), "loop.lab");
});

test("a rule's host is used by its addresses, not its MX", async () => {
  assert.deepEqual(await hop({ route: [{ host: "smart.lab", port: 587, tls: "verify" }] }, "eve@x.lab"), {
    kind: "smtp",
    site: "smarthost smart.lab:587 verify",
    hosts: [{ name: "smart.lab", addresses: ["192.0.2.50", "2001:db8::50"], port: 587 }],
    tls: "verify",
    implicitTls: false,
  });
  const { site, ...direct } = await hop({ route: [{ host: "2001:db8::7" }], deliver: { ip: "ipv4" } }, "eve@x.lab");
  assert.equal(site, "smarthost [2001:db8::7]:25 opportunistic");
  assert.deepEqual(direct.kind === "smtp" && direct.hosts[0]?.addresses, ["2001:db8::7"]);
});

test("rules choose by recipient and sender; whom none fits goes by MX", async () => {
  const config = { route: [{ to: "*.lab", from: "sender.lab", host: "192.0.2.60" }] };
  assert.match(await site(config, "eve@x.lab"), /192\.0\.2\.60/);
  assert.equal(await site(config, "eve@x.lab", "ann@else.lab"), "a.lab b.lab");
  assert.equal(await site(config, "eve@x.lab", ""), "a.lab b.lab");
});

test("two ways to one smarthost are two sites: they share no connection", async () => {
  const ways = [
    { port: 25 },
    { port: 587 },
    { tls: "require" },
    { tls: "require", implicit_tls: true },
    { username: "a", password: "p" },
    { username: "b", password: "p" },
  ];
  const sites = await Promise.all(ways.map((way) => site({ route: [{ host: "smart.lab", ...way }] }, "eve@x.lab")));
  assert.equal(new Set(sites).size, ways.length, sites.join("; "));
});

test("a smarthost that cannot be found keeps mail waiting, whatever DNS says", async () => {
  const absent = await failure({ route: [{ host: "absent.lab" }] }, "eve@x.lab");
  assert.equal(isPermanent(absent), false);
  assert.match(absent.kind === "internal" ? absent.text : "", /absent\.lab has no address.*correct "host"/);
  assert.deepEqual(await failure({ route: [{ host: "smart2.lab" }] }, "eve@x.lab"), {
    kind: "dns",
    problem: "server-failure",
    name: "smart2.lab",
    query: "A/AAAA",
  });
});

test("passwords come from the setting or from the first line of a file, read once at the start", async () => {
  const read: string[] = [];
  const readSecret = (path: string): string => {
    read.push(path);
    return "s3cret\r\nignored\n";
  };
  const password_file = "/etc/secret";
  const config = {
    route: [
      { to: "x.lab", host: "smart.lab", username: "a", password_file },
      { host: "smart.lab", username: "b", password: "plain" },
    ],
  };
  const made = router(config, { readSecret });
  assert.deepEqual(read, ["/etc/secret"]);
  const credentials = async (to: string) => {
    const routing = await made.route(to as Address, "");
    return routing.kind === "hop" && routing.hop.kind === "smtp" ? routing.hop.credentials : undefined;
  };
  assert.deepEqual(await credentials("eve@x.lab"), { username: "a", password: "s3cret" });
  assert.deepEqual(await credentials("eve@y.lab"), { username: "b", password: "plain" });
  assert.equal(read.length, 1);
});

test("a password file that cannot be read stops the start with words", () => {
  const config = { route: [{ host: "smart.lab", username: "a", password_file: "/nowhere/secret" }] };
  assert.throws(
    () => router(config),
    /route with host = "smart\.lab" cannot be read \(ENOENT.*Correct "password_file"/,
  );
});

test("mail for postmaster of our name has a Maildir where nobody is named to read it", async () => {
  const routing = await router({}).route("postmaster@us.lab" as Address, "");
  assert.ok(routing.kind === "hop" && routing.hop.kind === "maildir");
  assert.equal(routing.hop.path, "/data/postmaster");
});
