// Each page of the web server: what an app asks, what it reads in the answer, and what strangers are told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAutodiscover, readAutodiscoverV2, writeAutodiscoverRequest } from "../autoconfig/autodiscover.ts";
import { readAutoconfig } from "../autoconfig/mozilla.ts";
import type { AppSettings } from "../autoconfig/settings.ts";
import { ownSettings } from "../config/mail-app-settings.ts";
import { schema } from "../config/schema.ts";
import { createSite } from "./site.ts";

const hostname = "mail.shop.example";
const config = schema.parse({
  domain: [
    { name: "shop.example", deliver: "maildir:/var/mail/{user}", mailboxes: ["ann"] },
    { name: "club.example", deliver: "lmtp:127.0.0.1:24", mta_sts: "testing" },
    { name: "moved.example", deliver: "relay" },
  ],
  mail_apps: { imap: "imap.shop.example", pop3: "imap.shop.example:110", smtp: [`${hostname}:465`, `${hostname}:587`] },
  web: { listen: ["127.0.0.1:8443"] },
  mta_sts: { mode: "enforce", mx: [hostname, "*.backup.example"], max_age: "30d" },
});
const faults: unknown[] = [];
const site = createSite({ config, hostname, world: { now: () => 0 }, onFault: (fault) => faults.push(fault) });

interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly isSecure?: boolean;
}

async function ask(url: string, { isSecure = true, ...asked }: Asked = {}) {
  const answer = await site.request(`https://${url}`, asked, { visit: { address: "192.0.2.1", isSecure } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

const ann = { localPart: "ann", domain: "shop.example" };
const wanted: AppSettings = ownSettings(config, hostname, ann)!;
/** What a format has no place for is left out. */
const placesOf = ({ incoming, outgoing }: AppSettings) =>
  [...incoming, ...outgoing].map(({ protocol, host, port, security, username }) => ({
    protocol,
    host,
    port,
    security,
    username,
  }));

test("autoconfig, at every address where apps ask for it, says what the config says", async () => {
  for (const url of [
    "autoconfig.shop.example/mail/config-v1.1.xml?emailaddress=ann%40shop.example",
    "autoconfig.shop.example/mail/config-v1.1.xml",
    "AUTOCONFIG.Shop.example./mail/config-v1.1.xml",
    "shop.example/.well-known/autoconfig/mail/config-v1.1.xml",
    "shop.example/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=ann@shop.example",
    "autoconfig.club.example/mail/config-v1.1.xml?emailaddress=ann@shop.example",
    "mail.shop.example/mail/config-v1.1.xml?emailaddress=ann@SHOP.example",
    "autoconfig.shop.example/mail/config-v1.1.xml?emailaddress=ann+news@shop.example",
    "autoconfig.shop.example/mail/config-v1.1.xml?emailaddress=ann%2Bnews%40shop.example",
  ])
    for (const isSecure of [true, false]) {
      const { status, headers, body } = await ask(url, { isSecure });
      assert.equal(status, 200, url);
      assert.match(headers.get("content-type") ?? "", /^text\/xml/);
      const read = readAutoconfig(body, ann);
      assert.ok(read.kind === "settings", url);
      assert.deepEqual([placesOf(read.settings), read.skipped], [placesOf(wanted), []], url);
    }
});

test("Autodiscover answers in any case of its path, one server of each protocol, and errors in its own XML", async () => {
  const body = writeAutodiscoverRequest("ann@shop.example");
  for (const path of [
    "/autodiscover/autodiscover.xml",
    "/Autodiscover/Autodiscover.xml",
    "/AutoDiscover/AutoDiscover.xml",
  ]) {
    const answer = await ask(`autodiscover.shop.example${path}`, { method: "POST", body });
    const read = readAutodiscover(answer.body, ann);
    assert.ok(read.kind === "settings", answer.body);
    const [imap, pop3, smtp] = placesOf(wanted);
    assert.deepEqual(placesOf(read.settings), [imap, pop3, smtp]);
  }
  const bomb = `<!DOCTYPE x [<!ENTITY a "${"a".repeat(1_000)}">${`<!ENTITY b "&a;&a;&a;&a;">`.repeat(9)}]><Autodiscover>&b;</Autodiscover>`;
  const cases: readonly [string, number][] = [
    [writeAutodiscoverRequest("ann@other.example"), 500],
    [writeAutodiscoverRequest("ann@moved.example"), 500],
    [writeAutodiscoverRequest("ann"), 500],
    ["", 600],
    ["{}", 600],
    [bomb, 600],
    ["<a>".repeat(20_000), 600],
    [body.replace("outlook/responseschema", "mobilesync/responseschema"), 601],
  ];
  for (const [body, code] of cases) {
    const answer = await ask("autodiscover.shop.example/autodiscover/autodiscover.xml", { method: "POST", body });
    const read = readAutodiscover(answer.body, ann);
    assert.deepEqual([answer.status, read.kind === "error" && read.code], [200, code], body.slice(0, 200));
  }
  assert.deepEqual(faults, []);
});

test("Autodiscover 2 leads to version 1, in both of its forms, and has nothing else", async () => {
  const at = "autodiscover.shop.example/autodiscover/autodiscover.json";
  const url = "https://autodiscover.shop.example/autodiscover/autodiscover.xml";
  for (const query of [
    "?Email=ann@shop.example&Protocol=Autodiscoverv1&RedirectCount=1",
    "?email=ann%40shop.example&protocol=AutodiscoverV1",
    "/v1.0/ann@shop.example?Protocol=AutodiscoverV1",
    "/v1.0/Ann%40Shop.example?Protocol=AutodiscoverV1",
  ]) {
    const { status, body } = await ask(at + query);
    assert.deepEqual(
      [status, readAutodiscoverV2(body)],
      [200, { kind: "url", protocol: "AutodiscoverV1", url }],
      query,
    );
  }
  const fails: readonly [string, number, string][] = [
    ["?Email=ann@shop.example&Protocol=ActiveSync", 400, "ProtocolNotSupported"],
    ["?Email=ann@other.example&Protocol=AutodiscoverV1", 404, "UserNotFound"],
    ["?Protocol=AutodiscoverV1", 400, "InvalidEmail"],
  ];
  for (const [query, status, code] of fails) {
    const answer = await ask(at + query);
    const read = readAutodiscoverV2(answer.body);
    assert.deepEqual([answer.status, read.kind === "error" && read.code], [status, code], query);
  }
});

test("a profile for Apple's devices, as its type, and without a password", async () => {
  const { status, headers, body } = await ask("mail.shop.example/mail.mobileconfig?address=ann@shop.example");
  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/x-apple-aspen-config");
  assert.match(headers.get("content-disposition") ?? "", /^attachment; filename="shop\.example\.mobileconfig"$/);
  assert.match(body, /<string>imap\.shop\.example<\/string>/);
  assert.doesNotMatch(body, /<key>(?:Incoming|Outgoing)Password</);
});

test("a domain's policy of MTA-STS, at its own host only", async () => {
  const path = "/.well-known/mta-sts.txt";
  const lines = ["version: STSv1", "mode: enforce", `mx: ${hostname}`, "mx: *.backup.example", "max_age: 2592000", ""];
  assert.equal((await ask(`mta-sts.shop.example${path}`)).body, lines.join("\r\n"));
  assert.match((await ask(`mta-sts.club.example${path}`)).body, /mode: testing/);
  for (const host of ["shop.example", "autoconfig.shop.example", hostname])
    assert.equal((await ask(host + path)).status, 404, host);
  const clear = await ask(`mta-sts.shop.example${path}`, { isSecure: false });
  assert.deepEqual([clear.status, clear.headers.get("location")], [302, `https://mta-sts.shop.example:8443${path}`]);
});

test("nothing tells whether a mailbox exists", async () => {
  for (const [path, asked] of [
    ["autoconfig.shop.example/mail/config-v1.1.xml?emailaddress=WHO@shop.example", {}],
    ["autodiscover.shop.example/autodiscover/autodiscover.json?Email=WHO@shop.example&Protocol=AutodiscoverV1", {}],
    [
      "autodiscover.shop.example/autodiscover/autodiscover.xml",
      { method: "POST", body: writeAutodiscoverRequest("WHO@shop.example") },
    ],
  ] as const) {
    const as = async (who: string) => {
      const { status, body } = await ask(
        path.replace("WHO", who),
        "body" in asked ? { ...asked, body: asked.body.replace("WHO", who) } : {},
      );
      return [status, body.replaceAll(who, "WHO")];
    };
    assert.deepEqual(await as("nobody"), await as("ann"), path);
  }
});

test("what is not here is refused in words, with security headers", async () => {
  const cases: readonly [string, Asked, number, RegExp][] = [
    ["other.example/", {}, 404, /no such site/],
    ["autoconfig.moved.example/mail/config-v1.1.xml", {}, 404, /no such site/],
    ["autoconfig.shop.example/nothing", {}, 404, /nothing at this address/],
    ["mail.shop.example/mail/config-v1.1.xml", {}, 400, /\?emailaddress=/],
    ["mail.shop.example/mail/config-v1.1.xml?emailaddress=ann@other.example", {}, 404, /no settings/],
    ["mail.shop.example/mail/config-v1.1.xml?emailaddress=%00", {}, 400, /no mail address/],
    ["mail.shop.example/mail.mobileconfig?address=%22%3Cscript%3E%22@shop.example", {}, 200, /^(?!.*<script>)/s],
    ["mail.shop.example/mail.mobileconfig", {}, 400, /no mail address/],
    ["shop.example/mail.mobileconfig?address=ann@shop.example", { isSecure: false }, 302, /^$/],
    ["shop.example/autodiscover/autodiscover.xml", { isSecure: false }, 302, /^$/],
    [
      "shop.example/autodiscover/autodiscover.xml",
      { isSecure: false, method: "POST", body: "<a/>" },
      403,
      /HTTPS only/,
    ],
    ["shop.example/autodiscover/autodiscover.xml", {}, 405, /POST/],
    ["shop.example/mail/config-v1.1.xml", { method: "POST", body: "a" }, 405, /only be read/],
    ["shop.example/mail/config-v1.1.xml", { method: "HEAD" }, 200, /^$/],
    ["shop.example/robots.txt", {}, 200, /Disallow: \/\n/],
  ];
  for (const [url, asked, status, words] of cases) {
    const answer = await ask(url, asked);
    assert.equal(answer.status, status, url);
    assert.match(answer.body, words, url);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", url);
    assert.match(answer.headers.get("content-security-policy") ?? "", /default-src 'none'/, url);
  }
  assert.deepEqual(faults, []);
});
