import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { selfSigned } from "../receive/self-signed.ts";
import { fileFaults } from "./files.ts";
import { loadConfig } from "./load.ts";

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
