// Strangers are judged by who they really are: what they are told, what the recipient gets to see, and what the journal keeps.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { identityChecks } from "../../src/judge/identity/policy.ts";
import { decide } from "../../src/judge/judge.ts";
import { schema } from "../../src/config/schema.ts";
import type { Facts } from "../../src/judge/check.ts";
import { startGuarded, type Stranger, type Told } from "../support/guarded-server.ts";
import { makeKey, signed } from "../support/signed.ts";

const shop = makeKey("shop.example");
const list = makeKey("list.example");

const zone = `
  shop.example TXT "v=spf1 ip4:192.0.2.10 -all"
  _dmarc.shop.example TXT "v=DMARC1; p=quarantine"
  ${shop.record}
  strict.example TXT "v=spf1 ip4:192.0.2.10 exp=why.strict.example -all"
  why.strict.example TXT "%{i} is not ours"
  list.example TXT "v=spf1 ip4:198.51.100.7 -all"
  ${list.record}
  soft.example TXT "v=spf1 ~all"
  lost.example TXT SERVFAIL
  _dmarc.lost.example TXT SERVFAIL
  far.example A 198.51.100.7
  198.51.100.7 PTR far.example
  192.0.2.10 PTR mx.shop.example
  mx.shop.example A 192.0.2.10
`;

const far: Stranger = { ip: "198.51.100.7", helo: "far.example", from: "x@list.example" };
const ofShop: Stranger = { ip: "192.0.2.10", helo: "mx.shop.example", from: "news@shop.example" };

const letter = (from: string): string => `From: ${from}\r\nTo: ann@here.example\r\nSubject: News\r\n\r\nHello\r\n`;
const off = { greylist: { for: "off" }, reputation: { refuse_below: -100, mark_below: -100 } } as const;

test("a stranger that SPF rules out is refused, with the reason, and the domain's words as the domain's", async () => {
  await using guarded = await startGuarded(zone, off);
  const { reply, event } = await guarded.send({ ...far, from: "a@strict.example" }, letter("a@strict.example"));
  assert.match(reply, /^550[- ]5\.7\.23 /);
  assert.match(reply, /198\.51\.100\.7/);
  assert.match(reply, /"198\.51\.100\.7 is not ours"/);
  assert.ok(event.kind === "refused" && event.check === "spf");
  assert.equal(event.judged?.authentication?.spf[0]?.result, "fail");
});

test("what a domain wants to have marked is marked, for programs and for people", async () => {
  await using guarded = await startGuarded(zone, off);
  const { reply, arrived, event } = await guarded.send(far, letter("news@shop.example"));
  assert.match(reply, /^250 /);
  assert.match(arrived!, /^X-Spam-Flag: YES\r\nX-Waybill-Suspicious: dmarc;\r\n/m);
  assert.match(arrived!, /dmarc=fail[^;]*header\.from=shop\.example/);
  assert.deepEqual(
    event.judged?.findings.map(({ check, kind }) => [check, kind]),
    [["dmarc", "mark"]],
  );
});

test("a mailing list that leaves the signature whole is not punished for breaking SPF", async () => {
  await using guarded = await startGuarded(zone, off);
  const { reply, arrived, event } = await guarded.send(far, signed(letter("news@shop.example"), shop));
  assert.match(reply, /^250 /);
  assert.doesNotMatch(arrived!, /X-Spam-Flag/);
  assert.deepEqual(event.judged?.identity, { kind: "dmarc", name: "shop.example" });
});

test("no answer of DNS is no verdict: the mail is taken, or comes again where the config says so", async () => {
  for (const [temporary_failure, code] of [
    ["accept", "250"],
    ["defer", "451"],
  ] as const) {
    await using guarded = await startGuarded(zone, { ...off, authentication: { temporary_failure } });
    const { reply } = await guarded.send({ ...far, from: "a@lost.example" }, letter("a@lost.example"));
    assert.equal(reply.slice(0, 3), code);
  }
});

test("seals whose keys cannot be had take nothing from the other checks", async () => {
  await using guarded = await startGuarded(zone, { ...off, authentication: { dmarc_quarantine: "refuse" } });
  for (const domain of ["nowhere.example", "lost.example"]) {
    const seal = [
      `ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=${domain}; s=s1; b=AAAA`,
      `ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=s1; h=from; bh=AAAA; b=AAAA`,
      `ARC-Authentication-Results: i=1; ${domain}; dmarc=pass header.from=shop.example`,
    ];
    const { reply, event } = await guarded.send(far, `${seal.join("\r\n")}\r\n${letter("news@shop.example")}`);
    assert.match(reply, /^550[- ]5\.7\.1 /);
    assert.equal(event.judged?.authentication?.dmarc.result, "fail");
  }
});

test("the results stand above what we received, and claim no more than is so", async () => {
  await using guarded = await startGuarded(zone, off);
  const { arrived } = await guarded.send(ofShop, signed(letter("news@shop.example"), shop));
  const names = [...arrived!.matchAll(/^([\w-]+):/gm)].map(([, name]) => name);
  assert.deepEqual(names.slice(0, 4), ["Authentication-Results", "Received-SPF", "Received", "DKIM-Signature"]);
  const results = arrived!.slice(0, arrived!.indexOf("Received-SPF")).replaceAll(/\r\n\s+/g, " ");
  for (const part of [
    /spf=pass [^;]*smtp\.mailfrom=/,
    /dkim=pass [^;]*header\.d=shop\.example/,
    /dmarc=pass/,
    /iprev=pass/,
  ])
    assert.match(results, part);
});

test("who is trusted is not judged", async () => {
  await using guarded = await startGuarded(zone, {
    ...off,
    relay: { networks: ["198.51.100.0/24"], xclient_networks: ["127.0.0.0/8"] },
  });
  const { reply, arrived, event } = await guarded.send(far, letter("news@shop.example"));
  assert.match(reply, /^250 /);
  assert.match(arrived!, /^Received: /);
  assert.equal(event.judged, undefined);
});

/** The checks of identity, from what the journal kept. */
function replayed({ event }: Told): readonly unknown[] {
  const { authentication, identity } = event.judged!;
  const content: Facts["content"] = {
    sizeBytes: 0,
    hops: 0,
    header: [],
    recipients: [],
    identity,
    ...(authentication && { authentication }),
  };
  const ours = { hostname: "waybill.test", addresses: [], domains: [] };
  const checks = identityChecks(schema.parse({}).authentication, ours).filter(({ phase }) => phase === "content");
  const findings = checks.map((check) => check.judge({ client: event.client, trusted: false, content }));
  return decide(findings as never[]).findings.map(({ check, kind }) => ({ check, kind }));
}

test("the decision can be made again from the journal, and is the same", async () => {
  await using guarded = await startGuarded(zone, off);
  const letters: readonly [Stranger, string][] = [
    [far, letter("news@shop.example")],
    [{ ...far, from: "a@strict.example" }, letter("a@strict.example")],
    [far, signed(letter("news@shop.example"), shop)],
    [ofShop, `From: a@b.example\r\n${letter("news@shop.example")}`],
  ];
  const decisions: unknown[] = [];
  for (const [stranger, content] of letters) {
    const told = await guarded.send(stranger, content);
    const decision = told.event.judged!.findings.map(({ check, kind }) => ({ check, kind }));
    assert.deepEqual(replayed(told), decision);
    decisions.push(decision.map(({ check, kind }) => `${check} ${kind}`).join());
  }
  assert.deepEqual(decisions, ["dmarc mark", "spf refuse", "", "author refuse"]);
});

test("who is refused before the content comes leaves what was known of him", async () => {
  await using guarded = await startGuarded(zone);
  const { reply, event } = await guarded.send({ ...far, from: "a@soft.example" }, letter("a@soft.example"));
  assert.match(reply, /^451 4\.7\.1 greylisted/);
  assert.deepEqual(event.judged?.identity, { kind: "network", name: "198.51.100.0/24" });
  assert.equal(event.judged.sender?.spf[0]?.result, "softfail");
  assert.equal(event.judged.sender.iprev.result, "pass");
  assert.deepEqual(
    event.judged.findings.map(({ check, kind }) => `${check} ${kind}`),
    ["greylist defer"],
  );
});

test("what a check says of each recipient stands in the message once", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "waybill-hook-"));
  t.after(() => rm(dir, { recursive: true }));
  const file = join(dir, "odd.mjs");
  await writeFile(
    file,
    'export const checks = [{ name: "odd", phase: "rcpt", judge: () => ({ kind: "mark", check: "odd", because: "odd" }) }];',
  );
  await using guarded = await startGuarded(zone, { ...off, hooks: { modules: [file] } });
  const to = ["ann@here.example", "ben@here.example", "cleo@here.example"];
  const { arrived } = await guarded.send({ ...ofShop, to }, signed(letter("news@shop.example"), shop));
  assert.equal(arrived!.match(/^X-Waybill-Suspicious: hook:odd;/gm)?.length, 1);
});
