// The disk of data_dir: room, and how fast a write is on it. Every message waits for the disk before its 250.
import { dirname, resolve } from "node:path";
import { act, type Change } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { Disk } from "./ports.ts";
import { isAnotherUsers, quickCheck, type QuickTools, say, setting, sizeText } from "./question.ts";

/** Bodies of so many messages of the largest size should find room, so that a busy hour or a dead next hop does. */
const roomForMessages = 20;

/** With less than this the store takes nothing more: settling must go on. */
const storeNeedsBytes = 16 * 1_024 ** 2;

/** Messages are files of their own where they are large; a thousand at once is a small queue. */
const fewInodes = 10_000;

const syncCount = 20;

/** Ten syncs in a second: messages that come one by one wait longer than clients like, and many come together. */
const slowSyncMs = 30;

export const dataFolder = quickCheck({
  name: "data-folder",
  async run(asked) {
    await tellOfRoom(asked);
  },
});

/** And the speed of the disk, which takes some time to measure. */
export const dataFolderMeasured = quickCheck({
  name: "data-folder",
  async run(asked) {
    const folder = await tellOfRoom(asked);
    if (folder !== undefined) await tellOfSpeed(folder, asked);
  },
});

/** Answers the folder, if it is there and can be written to. */
async function tellOfRoom(asked: Asked<QuickTools>): Promise<string | undefined> {
  const { machine, question } = asked.tools;
  const about = resolve(question.config.data_dir);
  const seen = await machine.look(about);
  if (seen.kind === "absent") say(asked, "disk.no-folder", { about });
  const isThere = seen.kind === "folder";
  const isWritable = isThere && (await machine.mayWrite(about));
  if (seen.kind !== "absent" && !isWritable)
    say(asked, "disk.not-writable", {
      about,
      ...((await isAnotherUsers(asked.tools)) && { level: "unknown" }),
      values: { owner: isThere ? machine.userName(seen.uid) : undefined },
      changes: [act("own-folder", { dir: about })],
    });
  const place = isThere ? about : await nearest(dirname(about), asked);
  const disk = place === undefined ? undefined : await machine.disk(place);
  if (disk !== undefined) tellOfDisk(about, disk, asked);
  return isWritable ? about : undefined;
}

/** The folder above in which it will be made. */
async function nearest(folder: string, asked: Asked<QuickTools>): Promise<string | undefined> {
  const { kind } = await asked.tools.machine.look(folder);
  if (kind === "folder") return folder;
  return kind === "absent" && dirname(folder) !== folder ? nearest(dirname(folder), asked) : undefined;
}

function tellOfDisk(about: string, disk: Disk, asked: Asked<QuickTools>): void {
  const { question } = asked.tools;
  const { freeBytes, totalBytes, freeInodes, totalInodes } = disk;
  const { max_message_size: largest } = question.config.receive;
  const { driver } = question.config.storage;
  const moved: Change = setting(question, "data_dir", { from: `"${about}"`, to: "a folder on a disk of this machine" });
  const wanted = roomForMessages * largest;
  const values = {
    free: sizeText(freeBytes),
    total: sizeText(totalBytes),
    wanted: sizeText(wanted),
    inodes: freeInodes,
  };
  const freed = [act("free-disk", { dir: about })];
  if (freeBytes < storeNeedsBytes + largest) say(asked, "disk.full", { about, values, changes: freed });
  else if (freeBytes < wanted) say(asked, "disk.tight", { about, values, changes: freed });
  if (totalInodes > 0 && freeInodes < fewInodes && freeInodes < totalInodes / 20)
    say(asked, "disk.few-inodes", { about, values, changes: [act("free-inodes", { dir: about })] });
  if (driver !== "sqlite") return;
  if (disk.kind === "memory") say(asked, "disk.in-memory", { about, changes: [moved] });
  if (disk.kind === "network")
    say(asked, "disk.on-network", { about, changes: [moved, act("use-postgres", { section: "[storage]" })] });
}

async function tellOfSpeed(about: string, asked: Asked<QuickTools>): Promise<void> {
  const { machine } = asked.tools;
  const took = await machine.syncs(about, syncCount);
  const free = sizeText((await machine.disk(about))?.freeBytes ?? 0);
  if (typeof took === "string") {
    const changes = [act("see-disk", { dir: about })];
    return say(asked, "disk.fault", { about, values: { problem: took }, changes });
  }
  const sorted = took.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const values = { free, ms: msText(median), longest: msText(sorted.at(-1) ?? 0), count: took.length };
  const evidence = [sorted.map(msText).join(" ")];
  if (median >= slowSyncMs) say(asked, "disk.slow", { about, values, evidence, changes: [act("faster-disk")] });
  else say(asked, "disk.good", { about, values, evidence });
}

const msText = (ms: number): string => (ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : String(Math.round(ms)));
