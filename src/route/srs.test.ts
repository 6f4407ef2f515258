import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { schema } from "../config/schema.ts";
import { type Address, type Domain, parseAddress } from "../mail/address.ts";
import { indexDomains, resolveRecipient } from "./aliases.ts";
import { expandRecipients } from "./expand.ts";
import { createSrs, type SrsParts, srsRefusal } from "./srs.ts";
import { loadSrsSecrets } from "./srs-secret.ts";

const dayMs = 86_400_000;
const world = fakeWorld();
const ours = "ours.lab" as Domain;
const config = schema.parse({
  domain: [
    { name: "ours.lab", deliver: "maildir:/mail/{user}", aliases: { sales: ["ann", "ben@far.example"] } },
    { name: "relayed.lab", deliver: "relay", aliases: { sales: ["ben@far.example"] } },
  ],
});
const make = (changes: Partial<SrsParts> = {}) =>
  createSrs({ config, secrets: ["a secret of the test"], hostname: "mx.our.lab", world, ...changes });
const srs = make();
const address = (text: string): Address => parseAddress(text) ?? assert.fail(text);
const rewrite = (sender: string, by = srs): Address => by.rewrite(address(sender), ours) ?? assert.fail(sender);

test("every sender that fits comes back as it was, however hosts on the way write it", () => {
  const character = fc.constantFrom(...Array.from("abcXYZ019=+-_!#$%&'*/?^`{|}~é"));
  const dotted = fc.array(fc.string({ unit: character, minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
  const start = fc.constantFrom("", "", "SRS0=", "srs0+ab=cd=", "SRS1=x=first.lab==", "SRS1=x==", "SRS0");
  let fitted = 0;
  fc.assert(
    fc.property(start, dotted, fc.boolean(), (start, parts, isLower) => {
      const sender = parseAddress(`${start}${parts.join(".")}@their.example`);
      const rewritten = sender && srs.rewrite(sender, ours);
      if (sender === undefined || rewritten === undefined) return;
      fitted += 1;
      assert.match(rewritten, /^SRS[01]=[A-Z2-7]{6}=\S+@ours\.lab$/);
      const back = srs.read(isLower ? (rewritten.toLowerCase() as Address) : rewritten);
      // what was rewritten twice goes to whoever rewrote it first
      const [, host, opaque] = /^SRS1[=+-][^=]*=([^=]+)=([=+-].+)@/i.exec(sender) ?? [];
      const expected = host === undefined ? sender : `SRS0${opaque}@${host}`;
      assert.equal(back?.kind === "valid" && back.sender.toLowerCase(), parseAddress(expected)?.toLowerCase() ?? false);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(fitted > 500);
});

test("the forms, as other programs know them", () => {
  assert.match(rewrite("Ann@their.example"), /^SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=their\.example=Ann@ours\.lab$/);
  const further = rewrite("SRS0=hash=AB=first.example=ann@second.example");
  assert.match(further, /^SRS1=[A-Z2-7]{6}=second\.example==hash=AB=first\.example=ann@ours\.lab$/);
  assert.deepEqual(srs.read(further), { kind: "valid", sender: "SRS0=hash=AB=first.example=ann@second.example" });
  const third = rewrite("SRS1=hash=second.example==hash=AB=first.example=ann@third.example");
  assert.match(
    third,
    /^SRS1=[A-Z2-7]{6}=second\.example==hash=AB=first\.example=ann@ours\.lab$/,
    "it goes back in one step",
  );
});

test("what we did not write is forged, what is old has expired; the refusal says so", () => {
  const good = rewrite("ann@their.example");
  const table: [string, string | undefined, RegExp?][] = [
    [good, "valid"],
    [good.replace("=ann@", "=eve@"), "forged", /^550 5\.7\.1 .*not by us/],
    [good.replace("their.example", "other.example"), "forged"],
    [good.replace("ours.lab", "mx.our.lab"), "valid"],
    [good.replace("SRS0=", "SRS1="), "forged"],
    [good.replace(/=.{6}=/, "=AAAAAA="), "forged"],
    [good.replace(/=.{6}=/, "=="), "forged"],
    ["SRS0=@ours.lab", "forged"],
    ["srs1-x@ours.lab", "forged"],
    [good.replace("ours.lab", "relayed.lab"), undefined],
    [good.replace("ours.lab", "far.example"), undefined],
    ["ann@ours.lab", undefined],
    ["srs0@ours.lab", undefined],
  ];
  const said = (text: string, by = srs): string => {
    const { code, enhanced, lines } = srsRefusal(by, address(text)) ?? { lines: [] };
    return [code, enhanced, ...lines].join(" ").trim();
  };
  for (const [text, kind, words] of table) {
    assert.equal(srs.read(address(text))?.kind, kind, text);
    if (words !== undefined) assert.match(said(text), words);
    else if (kind !== "forged") assert.equal(said(text), "");
  }
  const at = (days: number) => make({ world: { now: () => world.now() + days * dayMs } });
  for (const [days, kind] of [
    [-2, "expired"],
    [-1, "valid"],
    [21, "valid"],
    [22, "expired"],
    [1_000, "expired"],
    [1_024, "valid"],
  ] as const)
    assert.equal(at(days).read(good)?.kind, kind, `${days} days on`);
  assert.match(said(good, at(22)), /^550 5\.1\.1 .*more than 21 days ago/);
});

test("another secret's address is forged, unless it is on a further line", () => {
  const good = rewrite("ann@their.example");
  assert.equal(make({ secrets: ["another one of a test"] }).read(good)?.kind, "forged");
  assert.equal(make({ secrets: ["another one of a test", "a secret of the test"] }).read(good)?.kind, "valid");
});

test("what fits into no address of 64 octets, or needs quotes, is left as it is", () => {
  for (const sender of [`${"x".repeat(60)}@their.example`, '"a b"@their.example', "ann@[192.0.2.1]"])
    assert.equal(srs.rewrite(address(sender), ours), undefined, sender);
  const off = { ...config, forwarding: { srs: false } };
  assert.equal(make({ config: off }).rewrite(address("ann@their.example"), ours), undefined);
  assert.equal(make({ config: off }).read(rewrite("ann@their.example"))?.kind, "valid", "what was written comes back");
});

test("an alias that leads elsewhere gives the sender of strangers another name; nothing else does", () => {
  const senders = (from: string, to: string, by = srs): (string | undefined)[] =>
    expandRecipients(indexDomains(config, "mx.our.lab", { srs: by }), [{ address: address(to) }], {
      reversePath: from as Address,
    }).map(({ address, reversePath }) => `${address} ${reversePath?.replace(/=.{6}=..=/, "=") ?? "as it is"}`);
  const rewritten = "ben@far.example SRS0=their.example=eve@ours.lab";
  assert.deepEqual(senders("eve@their.example", "sales@ours.lab"), ["ann@ours.lab as it is", rewritten]);
  assert.deepEqual(senders("ann@ours.lab", "sales@ours.lab"), ["ann@ours.lab as it is", "ben@far.example as it is"]);
  assert.deepEqual(senders("", "sales@ours.lab"), ["ann@ours.lab as it is", "ben@far.example as it is"]);
  assert.deepEqual(
    senders("eve@their.example", "ben@far.example"),
    ["ben@far.example as it is"],
    "of a trusted client",
  );
  const atName = rewritten.replace("@ours.lab", "@mx.our.lab");
  assert.deepEqual(
    senders("eve@their.example", "sales@relayed.lab"),
    [atName],
    "the mailboxes of relayed.lab are not here",
  );
  const named = make({ config: { ...config, forwarding: { srs: true, srs_domain: "srs.lab" } } });
  assert.deepEqual(senders("eve@their.example", "sales@ours.lab", named)[1], rewritten.replace("ours.lab", "srs.lab"));
});

test("what is returned goes on to the sender; the domain for it has a postmaster", () => {
  const named = make({ config: { ...config, forwarding: { srs: true, srs_domain: "srs.lab" } } });
  const domains = indexDomains(config, "mx.our.lab", { srs: named });
  const deliverTo = (text: string): unknown => {
    const resolution = resolveRecipient(domains, address(text));
    return resolution.kind === "ours" ? resolution.deliverTo : resolution.kind;
  };
  assert.deepEqual(deliverTo(rewrite("eve@their.example", named)), ["eve@their.example"]);
  const inside = rewrite(rewrite("eve@their.example", named), named);
  assert.deepEqual(deliverTo(inside), ["eve@their.example"], "whatever was rewritten twice here");
  assert.equal(deliverTo("SRS0=AAAAAA=AA=their.example=eve@srs.lab"), "unknown");
  assert.deepEqual(deliverTo("postmaster@srs.lab"), ["postmaster@ours.lab"]);
  assert.equal(deliverTo("ann@srs.lab"), "elsewhere");
});

test("a secret is made once, for its owner only; a file of the operator's must have one", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  const settings = { data_dir: join(dir, "data"), forwarding: { srs: true } };
  const made = await Promise.all(Array.from({ length: 8 }, () => loadSrsSecrets(settings)));
  const path = join(settings.data_dir, "srs.secret");
  for (const secrets of made) assert.deepEqual(secrets, [(await readFile(path, "utf8")).trim()]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);

  const named = { data_dir: dir, forwarding: { srs: true, srs_secret_file: join(dir, "named") } };
  await assert.rejects(loadSrsSecrets(named), /cannot read the secret/);
  await writeFile(join(dir, "named"), "short\n");
  await assert.rejects(loadSrsSecrets(named), /16 characters or more.*openssl rand/);
  await writeFile(join(dir, "named"), "the new secret of today\nthe secret of yesterday\n");
  assert.deepEqual(await loadSrsSecrets(named), ["the new secret of today", "the secret of yesterday"]);
});
