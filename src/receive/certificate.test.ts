import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadCertificate } from "./certificate.ts";
import { selfSigned, selfSignedMs } from "./self-signed.ts";

const now = Date.UTC(2026, 0, 1);
const hostname = "mail.example.org";
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "waybill-certificate-"));
});
after(() => rm(folder, { recursive: true }));

const writeFiles = async (files: Record<string, string>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
};

/** Settings with PEM files, by their names in the folder. */
const pemFiles = (certificate: string, key: string) => ({
  certificate: join(folder, certificate),
  key: join(folder, key),
  hostname,
  dataDir: folder,
});

test("a certificate of our own is made once, for our name, and only we can read it", async () => {
  const dataDir = join(folder, "new", "data");
  const made = await loadCertificate({ hostname, dataDir }, now);
  assert.deepEqual([made.selfSigned, made.expiresAt], [true, now + selfSignedMs]);
  const file = join(dataDir, "self-signed.pem");
  const pem = await readFile(file, "utf8");
  assert.equal(new X509Certificate(pem).checkHost(hostname), hostname);
  assert.equal(new X509Certificate(pem).checkHost("other.example.org"), undefined);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await loadCertificate({ hostname, dataDir }, now + 86_400_000);
  assert.equal(await readFile(file, "utf8"), pem, "kept");
});

test("it is made anew near its end, for another name, and when the file is damaged", async () => {
  const dataDir = join(folder, "renewed");
  const file = join(dataDir, "self-signed.pem");
  const pem = async (name: string, at: number): Promise<string> => {
    await loadCertificate({ hostname: name, dataDir }, at);
    return readFile(file, "utf8");
  };
  const first = await pem(hostname, now);
  const renewed = await pem(hostname, now + selfSignedMs - 29 * 86_400_000);
  assert.notEqual(renewed, first);
  const renamed = await pem("mx.example.net", now);
  assert.equal(new X509Certificate(renamed).checkHost("mx.example.net"), "mx.example.net");
  await writeFile(file, renamed.slice(0, 300));
  assert.match(await pem("mx.example.net", now), /BEGIN CERTIFICATE[^]*END CERTIFICATE/);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test("a name longer than a common name may be", async () => {
  const long = `${"a".repeat(63)}.${"b".repeat(60)}.example.org`;
  assert.equal(new X509Certificate(await selfSigned(long, now)).checkHost(long), long);
});

test("the operator's files are used", async () => {
  const pem = await selfSigned(hostname, now);
  const [key, certificate] = pem.split(/(?=-----BEGIN CERTIFICATE)/);
  await writeFiles({ "chain.pem": certificate!, "key.pem": key! });
  const loaded = await loadCertificate(pemFiles("chain.pem", "key.pem"), now);
  assert.deepEqual([loaded.selfSigned, loaded.expiresAt], [false, now + selfSignedMs]);
});

test("files that cannot be used are named, with what to do", async () => {
  await writeFiles({ "one.pem": await selfSigned(hostname, now), "two.pem": await selfSigned(hostname, now) });
  await writeFiles({ "text.pem": "hello" });
  const rejects = (certificate: string, key: string, words: RegExp): Promise<void> =>
    assert.rejects(loadCertificate(pemFiles(certificate, key), now), { name: "CertificateError", message: words });
  await rejects("absent.pem", "one.pem", /cannot read .*absent\.pem: ENOENT.*check the path/);
  await rejects("text.pem", "one.pem", /text\.pem is not a certificate in PEM form/);
  await rejects("one.pem", "text.pem", /text\.pem is not a private key in PEM form/);
  await rejects("one.pem", "two.pem", /the key in .*two\.pem does not belong to the certificate in .*one\.pem/);
});

test("a data folder that cannot be written to is named", async () => {
  await writeFiles({ file: "" });
  const settings = { hostname, dataDir: join(folder, "file", "data") };
  await assert.rejects(loadCertificate(settings, now), { message: /cannot write .*self-signed\.pem.*data_dir/ });
});
