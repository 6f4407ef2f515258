import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bob, chunksOf, content, eve, message, summary } from "../../test/deliver/fixture.ts";
import type { Consignment } from "../smtp/client-transaction.ts";
import { deliverToMaildir, localFailure, withUnixLineEnds } from "./maildir.ts";

async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "waybill-maildir-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const mailbox = (path: string) => ({ path, hostname: "us.test", world: { now: () => 1_700_000_000_123 } });
const consignment: Consignment = { message, recipients: [bob], open: async () => chunksOf(content) };

test("a message becomes one file in new, with trace lines on top and LF line ends", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "b.test", "bob");
  const [outcome] = await deliverToMaildir(mailbox(path), consignment);
  assert.ok(outcome?.kind === "delivered" && outcome.final && !outcome.dsnHandedOn);
  const names = await readdir(join(path, "new"));
  assert.equal(names.length, 1);
  assert.match(names[0]!, /^1700000000\.M123000P\d+Q\d+\.us\.test$/);
  assert.equal(
    await readFile(join(path, "new", names[0]!), "utf8"),
    "Return-Path: <ann@a.test>\nDelivered-To: bob@b.test\nSubject: x\n\nhello\n",
  );
  assert.deepEqual(await readdir(join(path, "tmp")), []);
});

test("folders are made for the owner alone, all the way", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "b.test", "bob");
  await deliverToMaildir(mailbox(path), consignment);
  for (const made of [join(folder.path, "b.test"), path, join(path, "new"), join(path, "cur")]) {
    assert.equal((await stat(made)).mode & 0o777, 0o700, made);
  }
});

test("a Maildir that lost a folder gets it back", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "tmp"));
  assert.deepEqual((await deliverToMaildir(mailbox(folder.path), consignment)).map(summary), ["delivered 250"]);
});

test("each recipient has a file of its own; names never repeat", async () => {
  await using folder = await temporaryFolder();
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () =>
      deliverToMaildir(mailbox(folder.path), { ...consignment, recipients: [bob, eve] }),
    ),
  );
  assert.deepEqual(new Set(outcomes.flat().map(summary)), new Set(["delivered 250"]));
  assert.equal((await readdir(join(folder.path, "new"))).length, 20);
});

test("a folder that cannot be written to defers, and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "file"), "");
  const [outcome] = await deliverToMaildir(mailbox(join(folder.path, "file")), consignment);
  assert.ok(outcome?.kind === "deferred" && outcome.because.kind === "local" && outcome.because.problem === "other");
});

test("no permission is told as such", { skip: process.getuid?.() === 0 && "root may write everywhere" }, async () => {
  await using folder = await temporaryFolder();
  await chmod(folder.path, 0o500);
  const [outcome] = await deliverToMaildir(mailbox(join(folder.path, "bob")), consignment);
  assert.equal(outcome && summary(outcome), "deferred local not-writable");
});

test("each errno has its meaning", () => {
  const told = (code: string) => {
    const failure = localFailure(Object.assign(new Error("no"), { code }));
    return failure.kind === "local" ? failure.problem : failure.kind;
  };
  assert.deepEqual(["ENOSPC", "EDQUOT"].map(told), ["mailbox-full", "mailbox-full"]);
  assert.deepEqual(["EACCES", "EPERM", "EROFS"].map(told), ["not-writable", "not-writable", "not-writable"]);
  assert.equal(told("EIO"), "other");
});

test("content that cannot be read is our fault, whatever its errno; no file is left", async () => {
  await using folder = await temporaryFolder();
  // eslint-disable-next-line require-yield
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw Object.assign(new Error("no such body"), { code: "ENOENT" });
  }
  for (const open of [async () => broken(), () => Promise.reject(new Error("no such body"))]) {
    const [outcome] = await deliverToMaildir(mailbox(folder.path), { ...consignment, open });
    assert.ok(outcome?.kind === "deferred" && outcome.because.kind === "internal");
    assert.match(outcome.because.text, /no such body/);
  }
  assert.deepEqual(await readdir(join(folder.path, "tmp")), []);
  assert.deepEqual(await readdir(join(folder.path, "new")), []);
});

test("CRLF becomes LF however it is split; a lone CR and all other octets stay", async () => {
  const text = "a\r\nb\r\r\n\r\nc\r\xe9\0\r";
  for (let at = 0; at <= text.length; at += 1) {
    const parts = [text.slice(0, at), text.slice(at)].map((part) => Buffer.from(part, "latin1"));
    const written: Uint8Array[] = [];
    for await (const bytes of withUnixLineEnds(chunksOf(...parts))) written.push(bytes);
    assert.equal(Buffer.concat(written).toString("latin1"), "a\nb\r\n\nc\r\xe9\0\r", `split at ${at}`);
  }
});
