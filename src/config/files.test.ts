import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { selfSigned } from "../receive/self-signed.ts";
import { fileFaults } from "./files.ts";
import { loadConfig } from "./load.ts";
import { formatPath } from "./problem.ts";

let folder = "";
const inFolder = (name: string): string => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-config-"));
  for (const name of ["a", "b"]) {
    const pem = await selfSigned("mail.example.org", Date.now());
    const [key = "", certificate = ""] = pem.split(/(?=-----BEGIN CERTIFICATE)/);
    await writeFile(inFolder(`${name}.crt`), certificate);
    await writeFile(inFolder(`${name}.key`), key);
  }
  await writeFile(inFolder("password"), "secret\nsecond line\n");
  await writeFile(inFolder("blank"), " \nsecret\n");
});
after(() => rm(folder, { recursive: true }));

/** A private key in PEM, of any kind that Node.js makes. */
function newPem(type: string, options: object = {}): string {
  const make = generateKeyPairSync as unknown as (type: string, options: object) => { privateKey: KeyObject };
  return make(type, options).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

const tlsFaults = async (certificate: string, key: string): Promise<string[]> => {
  const faults = await fileFaults({ tls: { certificate: inFolder(certificate), key: inFolder(key) } });
  return faults.map(({ path, what }) => `${path.join(".")}: ${what.replaceAll(folder, "")}`);
};

test("a certificate and its key", async () => {
  assert.deepEqual(await tlsFaults("a.crt", "a.key"), []);
  assert.deepEqual(await tlsFaults("a.crt", "b.key"), ["tls.key: the key does not belong to the certificate"]);
  assert.deepEqual(await tlsFaults("a.key", "a.crt"), [
    'tls.certificate: "/a.key" does not contain a certificate',
    'tls.key: "/a.crt" does not contain an unencrypted private key',
  ]);
  assert.deepEqual(await tlsFaults("none", "a.key"), ['tls.certificate: the file "/none" does not exist']);
});

test("keys for DKIM are looked into, each under its own name", async () => {
  await writeFile(inFolder("ec.pem"), newPem("ec", { namedCurve: "P-256" }));
  await writeFile(inFolder("short.pem"), newPem("rsa", { modulusLength: 512 }));
  await writeFile(inFolder("good.pem"), newPem("ed25519"));
  const names = { a: "password", b: "none", c: "ec.pem", d: "short.pem", e: "good.pem" };
  const key_files = Object.fromEntries(Object.entries(names).map(([selector, name]) => [selector, inFolder(name)]));
  const section = { domain: "example.org", subdomains: false, algorithm: "both", key_files } as const;
  const faults = await fileFaults({ dkim: [section] });
  assert.deepEqual(
    faults.map(({ path, what }) => `${formatPath(path)}: ${what.replaceAll(folder, "")}`),
    [
      'dkim[0].key_files.a: "/password" is not an unencrypted private key in PEM form',
      'dkim[0].key_files.b: the file "/none" does not exist',
      'dkim[0].key_files.c: "/ec.pem" has a key of type ec: DKIM knows RSA and Ed25519 keys',
      'dkim[0].key_files.d: "/short.pem" has an RSA key of 512 bits: verifiers take those of 1,024 and more only',
    ],
  );
});

test("a password is on the first line", async () => {
  const file = inFolder("waybill.toml");
  const load = (name: string) =>
    writeFile(file, `[[route]]\nhost = "a.example"\nusername = "ann"\npassword_file = '${inFolder(name)}'\n`).then(() =>
      loadConfig(file),
    );
  assert.equal((await load("password")).kind, "ok");
  const loaded = await load("blank");
  assert.ok(loaded.kind === "bad");
  assert.deepEqual(
    loaded.problems.map(({ line, key }) => [line, key]),
    [[4, "route[0].password_file"]],
  );
  assert.match(loaded.problems[0]?.what ?? "", /^the first line of .* is empty$/);
});
