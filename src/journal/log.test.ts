import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { lineLimits } from "../base/waiting-lines.ts";
import { type LogSettings, openLog } from "./log.ts";

async function place(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-log-"));
  after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const open = (file: string, settings: Partial<LogSettings> = {}) =>
  openLog({ level: "info", format: "json", file, now: () => 0, ...settings });

/** A pipe with a reader that the test moves. */
async function pipe() {
  const path = join(await place(), "pipe");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(64 * 1024);
  /** What is there, until a line has `text`. */
  const readUntil = async (text: string): Promise<string> => {
    for (let read = ""; ; await new Promise((resolve) => setImmediate(resolve)))
      try {
        read += buffer.toString("latin1", 0, readSync(fd, buffer));
        if (read.includes(text)) return read;
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
      }
  };
  return { path, readUntil, close: () => closeSync(fd) };
}

test("lines are in the file once the log is closed, in order; folders are made", async () => {
  const file = join(await place(), "logs", "waybill.log");
  const log = open(file);
  for (let n = 0; n < 1_000; n++) log.logger.info(`line ${n}`);
  await log.close();
  await log.close();
  log.logger.info("too late");
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    Array.from({ length: 1_000 }, (_, n) => `line ${n}`),
  );
  assert.equal((JSON.parse(lines[0]!) as { time: string }).time, "1970-01-01T00:00:00.000Z");
});

test("pretty: a line for people", async () => {
  const file = join(await place(), "waybill.log");
  const log = open(file, { format: "pretty" });
  log.logger.info({ queueId: "q1" }, "kept");
  await log.close();
  assert.match(await readFile(file, "utf8"), /^\[\d\d:\d\d:\d\d\] INFO: kept\n$/);
});

test("a file that cannot be written is told of at the start, in words", async () => {
  const dir = await place();
  assert.throws(() => open(dir), /^Error: cannot write the log .*EISDIR.*: make it writable .*\[log\]/);
  await rm(dir, { recursive: true });
  const file = join(await place(), "file");
  await open(file).close();
  assert.throws(() => open(join(file, "waybill.log")), /^Error: cannot write the log /);
});

test(
  "a full disk loses lines, and nothing else",
  { skip: process.platform !== "linux" && "needs /dev/full" },
  async () => {
    const log = open("/dev/full");
    for (let n = 0; n < 3; n++) {
      log.logger.info("lost");
      await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
  },
);

test("a reader that stops holds up nobody: lines wait, further ones are lost, and their number is told", async () => {
  const reader = await pipe();
  const log = open(reader.path);
  const text = "x".repeat(1_000);
  for (let round = 0; round < 4; round++) {
    for (let sent = 0; sent < lineLimits.waitingBytes; sent += text.length) log.logger.info(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const read = await reader.readUntil("were lost");
  const whole = read.split("\n").filter((line) => line.includes(text)).length;
  const [, lost] = /"lost":(\d+)/.exec(read)!;
  const sent = 4 * Math.ceil(lineLimits.waitingBytes / text.length);
  assert.equal(whole + Number(lost), sent);
  await log.close();
  reader.close();
});

test("a reader that has gone loses lines, and nothing else", async () => {
  const first = await pipe();
  const log = open(first.path);
  log.logger.info("for the first");
  await first.readUntil("for the first");
  first.close();
  log.logger.info("for nobody");
  await log.close();
  log.logger.info("too late, and harmless");
});
