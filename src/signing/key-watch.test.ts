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
import { changeFolder, pemPath, readFolder, statePath } from "./key-folder.ts";
import { lookAtKeys, watchKeys } from "./key-watch.ts";
import { Keyring, readKeyFile } from "./keyring.ts";
import { newKey, recordText } from "./keys.ts";
import { makeKeys } from "./new-keys.ts";

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
  const look = (settleMs = hourMs) => lookAtKeys(own, { resolver: fakeResolver(zone), world, settleMs });
  const states = async (): Promise<string[]> =>
    (await readFolder(own.folder)).map(({ selector, state }) => `${selector} ${state}`);
  return { dir, config, own, zone, world, publish, look, states };
}

test("from the first key to the next: each look takes a step, and the signer follows without a restart", async (t) => {
  const { config, own, world, publish, look, states } = await desk(t);
  await makeKeys(own, [{ algorithm: "rsa" }, { algorithm: "ed25519", selector: "mine" }], world.now());
  const keyring = await Keyring.open({ config, world, onFault: (error) => assert.fail(String(error)) });
  const signing = async (domain = "ours.lab"): Promise<string[] | undefined> => {
    await world.advance(3_000);
    keyring.keysFor(domain); // an old answer, and the wish for a new one
    await keyring.look();
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
});

test("the server looks by itself, and tells of changes and of lost records", async (t) => {
  const { config, own, zone, world, publish } = await desk(t);
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
  const pass = async (): Promise<void> => {
    for (let waits = 0; world.sleeping === 0 && waits < 1_000; waits += 1)
      await new Promise((done) => setTimeout(done, 2));
    await world.advance(5 * 60_000);
    for (let waits = 0; world.sleeping === 0 && waits < 1_000; waits += 1)
      await new Promise((done) => setTimeout(done, 2));
  };
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
  const keyring = await Keyring.open({ config, world, onFault: () => {} });
  for (const domain of ["ours.lab", "a.ours.lab", "b.a.ours.lab"])
    assert.deepEqual(
      keyring.keysFor(domain)?.keys.map(({ domain, selector }) => [domain, selector]),
      [["ours.lab", "old"]],
    );
  for (const domain of ["lab", "theirs.lab", "notours.lab"]) assert.equal(keyring.keysFor(domain), undefined);
  await writeFile(path, "damaged");
  await assert.rejects(
    Keyring.open({ config, world, onFault: () => {} }),
    /old\.pem is not an unencrypted private key/,
  );
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
    (await readdir(own.folder)).filter((name) => name.endsWith(".new")),
    [],
  );

  await writeFile(statePath(own.folder), "{");
  await assert.rejects(readFolder(own.folder), /keys\.json is damaged/);
  await assert.rejects(
    changeFolder(own.folder, () => []),
    /keys\.json is damaged/,
  );
});
