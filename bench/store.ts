// Full cycles (compose, keep under a lease, read, settle) per second of a storage driver, and bytes written to the disk
// per byte of mail. The disk of the system's folder for temporary files: set TMPDIR for another.
// node bench/store.ts [sqlite|memory] [sizeBytes] [inFlight] [seconds]
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Event } from "../src/journal/event.ts";
import type { Address } from "../src/mail/address.ts";
import type { QueueId } from "../src/mail/message.ts";
import type { Delivery, QueueStore } from "../src/queue/store.ts";
import { openMemory } from "../src/storage/memory/store.ts";
import { openSqlite } from "../src/storage/sqlite/store.ts";

const [driver = "sqlite", size = "1024", inFlight = "50", seconds = "5"] = process.argv.slice(2);
const content = new Uint8Array(Number(size)).fill(97);
const dir = await mkdtemp(join(tmpdir(), "waybill-bench-"));
const store: QueueStore = driver === "memory" ? openMemory() : await openSqlite({ dir });

const by = "bench";
let last = 0;
let done = 0;
const endsAt = performance.now() + Number(seconds) * 1_000;
const goesOn = (): boolean => performance.now() < endsAt;

async function cycle(): Promise<void> {
  const writer = store.compose();
  await writer.write(content);
  const body = await writer.finish();
  const queueId = String(++last).padStart(14, "0") as QueueId;
  const now = Date.now();
  const to = `user${last % 1_000}@example${last % 50}.org` as Address;
  const from = "sender@example.com" as Address;
  const messageId = `<${last}@example.com>`;
  const facts = { sizeBytes: body.sizeBytes, messageId };
  const client = { address: "192.0.2.1", port: 40_000, helloName: "client.example", protocol: "ESMTP" } as const;
  const event: Event = { kind: "received", at: now, queueId, from, to: [to], client, ...facts };
  const origin = { reversePath: from, bodyType: "8bitmime", smtpUtf8: false, eightBit: body.eightBit } as const;
  const message = { queueId, receivedAt: now, ...origin, ...facts };
  const lease = { by, until: now + 3_600_000 };
  const newMessage = { message, body, recipients: [{ address: to }], expiresAt: now + 432_000_000, events: [event] };
  for (const delivery of await store.keep(newMessage, lease)) await deliver(delivery);
}

async function deliver({ deliveryId, message, recipient }: Delivery): Promise<void> {
  let bytes = 0;
  for await (const chunk of await store.read(message.queueId)) bytes += chunk.length;
  if (bytes !== content.length) throw new Error(`${bytes} bytes read`);
  const host = { name: "mx.example.org", address: "192.0.2.25", port: 25 };
  const reply = { code: 250, lines: ["2.0.0 taken"] };
  const about = { at: Date.now(), queueId: message.queueId, to: recipient.address };
  const event: Event = { kind: "delivered", ...about, host, reply, attempt: 1, steps: [] };
  await store.settle([{ deliveryId, by, next: { kind: "done" } }], [event], []);
  done++;
}

async function sender(): Promise<void> {
  while (goesOn()) await cycle();
}

/** Written to the disk of the data folder so far, by all programs: what a process is charged with is whole folios. Linux only. */
async function diskBytes(): Promise<number> {
  const { dev } = await stat(dir);
  const disks = await readFile("/proc/diskstats", "utf8").catch(() => "");
  const fields = disks.split("\n").map((line) => line.trim().split(/\s+/));
  const disk = fields.find(([major, minor]) => Number(major) === dev >> 8 && Number(minor) === (dev & 0xff));
  return Number(disk?.[9]) * 512; // sectors
}

const writtenBefore = await diskBytes();
const startedAt = performance.now();
const cpu = process.cpuUsage();
await Promise.all(Array.from({ length: Number(inFlight) }, sender));
const elapsed = (performance.now() - startedAt) / 1_000;
const { user, system } = process.cpuUsage(cpu);
console.log(
  `${driver} ${size} B, ${inFlight} in flight: ${Math.round(done / elapsed)} cycles/s, ` +
    `${((user + system) / 1e6 / elapsed).toFixed(2)} cores, ${Math.round((user + system) / done)} µs CPU per cycle`,
);
const mailBytes = done * content.length;
await store[Symbol.asyncDispose]();
console.log(`${(((await diskBytes()) - writtenBefore) / mailBytes).toFixed(2)} bytes written per byte of mail`);
await rm(dir, { recursive: true });
