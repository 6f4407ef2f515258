// The life of a key: made, seen in DNS, in use, replaced; while the signer goes on.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { parseZone } from "../dns/zone.ts";
import { type SigningConfig, signingDomain } from "./domains.ts";
import { dropKey } from "./drop-key.ts";
import { changeFolder, pemPath, readFolder, statePath } from "./key-folder.ts";
import { lookAtKeys, watchKeys } from "./key-watch.ts";
import { Keyring, readKeyFile } from "./keyring.ts";
import { newKey, recordText } from "./keys.ts";
import { makeKeys } from "./new-keys.ts";
import { openSigner } from "./signer.ts";

const hourMs = 3_600_000;

async function desk(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  const config: SigningConfig = { dkim: [], data_dir: dir };
  const own = signingDomain(config, "ours.lab");
  const zone = parseZone("ours.lab A 192.0.2.1");
  const world = fakeWorld();
  const publish = async (selector: string): Promise<void> => {
    const text = recordText(await readKeyFile(pemPath(own.folder, selector)));
    parseZone(`${selector}._domainkey.ours.lab TXT "${text}"`, zone);
  };
  /** Time passes, and who woke has done what it woke for. */
  const pass = async (ms: number): Promise<void> => {
    await rested();
    await world.advance(ms);
    await rested();
  };
  const rested = async (): Promise<void> => {
    for (let waits = 0; world.sleeping === 0 && waits < 1_000; waits += 1)
      await new Promise((done) => setTimeout(done, 2));
  };
  const look = (settleMs = hourMs) => lookAtKeys(own, { resolver: fakeResolver(zone), world, settleMs });
  const states = async (): Promise<string[]> =>
    (await readFolder(own.folder)).map(({ selector, state }) => `${selector} ${state}`);
  return { dir, config, own, zone, world, publish, pass, look, states };
}

test("from the first key to the next: each look takes a step, and the signer follows without a restart", async (t) => {
  const { config, own, world, publish, pass, look, states } = await desk(t);
  await makeKeys(own, [{ algorithm: "rsa" }, { algorithm: "ed25519", selector: "mine" }], world.now());
  await using keyring = await Keyring.open({ config, world, onFault: (error) => assert.fail(String(error)) });
  const signing = async (domain = "ours.lab"): Promise<string[] | undefined> => {
    await pass(3_000); // the first question after a change is answered as all others are
    return keyring.keysFor(domain)?.keys.map(({ selector }) => selector);
  };
  await look();
  assert.deepEqual(await states(), ["20260101-rsa new", "mine new"]);
  assert.deepEqual(await signing(), []);

  await publish("20260101-rsa");
  await look();
  assert.deepEqual(await signing(), ["20260101-rsa"]);
  await publish("mine");
  await look();
  assert.deepEqual(await signing(), ["20260101-rsa", "mine"]);

  await makeKeys(own, [{ algorithm: "rsa" }], world.now());
  await publish("20260101-2-rsa");
  await look();
  assert.deepEqual(await states(), ["20260101-rsa active", "mine active", "20260101-2-rsa published"]);
  assert.deepEqual(await signing(), ["20260101-rsa", "mine"]);
  await world.advance(hourMs);
  await look();
  assert.deepEqual(await states(), ["20260101-rsa retired", "mine active", "20260101-2-rsa active"]);
  assert.deepEqual(await signing(), ["mine", "20260101-2-rsa"]);
  assert.equal(await signing("sub.ours.lab"), undefined, "not without subdomains = true");

  await rm(pemPath(own.folder, "20260101-rsa"));
  assert.equal((await look()).length, 2, "a key that is over may be deleted");
  await keyring[Symbol.asyncDispose]();
  assert.equal(world.sleeping, 0, "it looks no more");
});

test("a folder that is damaged is told once, and holds up no other", async (t) => {
  const { dir, config, own, world, pass } = await desk(t);
  const other = signingDomain(config, "other.lab");
  const use = async (domain: typeof own, selector: string): Promise<void> => {
    await makeKeys(domain, [{ algorithm: "ed25519", selector }], world.now());
    await changeFolder(domain.folder, (keys) => keys.map((key) => ({ ...key, state: "active" })));
  };
  await use(own, "a");
  const faults: string[] = [];
  await using keyring = await Keyring.open({ config, world, onFault: (error) => faults.push(String(error)) });
  await writeFile(statePath(own.folder), "{");
  await use(other, "b");
  for (let looks = 0; looks < 3; looks += 1) await pass(3_000);
  const signing = (domain: string) => keyring.keysFor(domain)?.keys.map(({ selector }) => selector);
  assert.deepEqual([signing("ours.lab"), signing("other.lab")], [["a"], ["b"]]);
  assert.deepEqual(
    faults.map((text) => text.replace(dir, "")),
    [
      "KeyError: /dkim/ours.lab/keys.json is damaged; restore it from a backup, or delete it and run waybill dkim keygen",
    ],
  );
});

test("the server looks by itself, and tells of changes and of lost records", async (t) => {
  const { config, own, zone, world, publish, pass: passFor } = await desk(t);
  await makeKeys(own, [{ algorithm: "ed25519", selector: "a" }], world.now());
  const news: string[] = [];
  const stop = new AbortController();
  const parts = {
    config,
    world,
    onNews: (text: string) => news.push(text),
    onFault: (e: unknown) => assert.fail(String(e)),
  };
  const watched = watchKeys({ ...parts, resolver: fakeResolver(zone) }, stop.signal);
  const pass = (): Promise<void> => passFor(5 * 60_000);
  await pass();
  await publish("a");
  await pass();
  zone.delete("a._domainkey.ours.lab");
  await pass();
  await pass();
  stop.abort();
  await watched;
  assert.deepEqual(news, [
    "the key a._domainkey.ours.lab is active now",
    "the key a._domainkey.ours.lab signs, but its record in DNS is missing: see waybill dkim list ours.lab",
  ]);
});

test("keys made elsewhere are in use as they are; a parent may sign for what is below it", async (t) => {
  const { dir, world } = await desk(t);
  const path = join(dir, "old.pem");
  await writeFile(path, await newKey("rsa"));
  const section = { domain: "ours.lab", subdomains: true, algorithm: "rsa", key_files: { old: path } } as const;
  const config: SigningConfig = { dkim: [section], data_dir: dir };
  await using keyring = await Keyring.open({ config, world, onFault: () => {} });
  for (const domain of ["ours.lab", "a.ours.lab", "b.a.ours.lab"])
    assert.deepEqual(
      keyring.keysFor(domain)?.keys.map(({ domain, selector }) => [domain, selector]),
      [["ours.lab", "old"]],
    );
  for (const domain of ["lab", "theirs.lab", "notours.lab"]) assert.equal(keyring.keysFor(domain), undefined);
  const strict = { dkim: [{ ...section, subdomains: false }], data_dir: dir };
  await using other = await Keyring.open({ config: strict, world, onFault: () => {} });
  assert.equal(other.keysFor("mx.ours.lab"), undefined);
  assert.equal(other.keysForOurs("mx.ours.lab")?.domain, "ours.lab", "a name of our own needs no leave");
  assert.equal(other.keysForOurs("mx.theirs.lab"), undefined);
  await writeFile(path, "damaged");
  await assert.rejects(
    Keyring.open({ config, world, onFault: () => {} }),
    /old\.pem is not an unencrypted private key/,
  );
});

test("only a key that never signed is dropped, with its file", async (t) => {
  const { own, world } = await desk(t);
  const states = ["new", "published", "active", "retired"] as const;
  assert.deepEqual(await dropKey(own, "new"), { kind: "unknown" });
  await assert.rejects(stat(own.folder), "and no folder is made for it");
  await makeKeys(
    own,
    states.map((selector) => ({ algorithm: "ed25519", selector })),
    world.now(),
  );
  await changeFolder(own.folder, (keys) => keys.map((key, i) => ({ ...key, state: states[i]! })));
  const answers = [];
  for (const selector of [...states, "other", "new"]) answers.push(await dropKey(own, selector));
  assert.deepEqual(answers, [
    { kind: "dropped" },
    { kind: "dropped" },
    { kind: "kept", state: "active" },
    { kind: "kept", state: "retired" },
    { kind: "unknown" },
    { kind: "unknown" },
  ]);
  assert.deepEqual((await readdir(own.folder)).sort(), ["active.pem", "keys.json", "retired.pem"]);
  assert.deepEqual(
    (await readFolder(own.folder)).map(({ selector }) => selector),
    ["active", "retired"],
  );
});

test("in a world whose days pass in seconds, files are not looked at more often", async (t) => {
  const { config, world } = await desk(t);
  const outside = fakeWorld();
  const onFault = (error: unknown): void => assert.fail(String(error));
  await using _signer = await openSigner({ config, world: { ...world, outside }, onFault });
  assert.deepEqual([world.sleeping, outside.sleeping], [0, 1]);
});

test("key files are private and never overwritten; writers wait for one another; a damaged state is named", async (t) => {
  const { own, world, states } = await desk(t);
  const wanted = Array.from("abcdefgh", (selector) => ({ algorithm: "ed25519", selector }) as const);
  await Promise.all(wanted.map((one) => makeKeys(own, [one], world.now())));
  assert.deepEqual(
    (await states()).sort(),
    wanted.map(({ selector }) => `${selector} new`),
  );
  assert.equal((await stat(pemPath(own.folder, "a"))).mode & 0o777, 0o600);
  assert.equal((await stat(own.folder)).mode & 0o777, 0o700);

  const before = await readFile(pemPath(own.folder, "a"), "utf8");
  await assert.rejects(
    makeKeys(own, [{ algorithm: "rsa", selector: "a" }], world.now()),
    /never overwritten.*--selector/,
  );
  assert.equal(await readFile(pemPath(own.folder, "a"), "utf8"), before);
  assert.equal((await states()).length, wanted.length);
  assert.deepEqual(
    (await readdir(own.folder)).filter((name) => /\.(?:new|lock)$/.test(name)),
    [],
  );

  await writeFile(statePath(own.folder), "{");
  await assert.rejects(readFolder(own.folder), /keys\.json is damaged/);
  await assert.rejects(
    changeFolder(own.folder, () => []),
    /keys\.json is damaged/,
  );
});
