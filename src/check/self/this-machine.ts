// The machine that this runs on: its files, disk, sockets and limits.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, open, readdir, readFile, stat, statfs, unlink } from "node:fs/promises";
import { networkInterfaces, totalmem, userInfo } from "node:os";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { firstLine } from "./first-line.ts";
import type { Disk, ListeningSocket, Machine, Seen } from "./ports.ts";
import { holdersOf, listeningSockets } from "./sockets.ts";

export function thisMachine(): Machine {
  const userId = process.getuid?.();
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    userId,
    addresses: Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
    memory: {
      totalBytes: Math.min(totalmem(), process.constrainedMemory() || Infinity),
      availableBytes: process.availableMemory(),
    },
    authorities: () => getCACertificates(),
    look,
    read: (path) => readFile(path).catch(() => undefined),
    list: (folder) => readdir(folder).catch(() => []),
    mayWrite: (path) =>
      access(path, constants.W_OK).then(
        () => true,
        () => false,
      ),
    userName: nameOf,
    disk: diskOf,
    syncs,
    listeners: listenersAt,
    lowestPort,
    openFiles,
    firstLine,
    clock,
  };
}

async function look(path: string): Promise<Seen> {
  try {
    const seen = await stat(path);
    const kind = seen.isFile() ? "file" : seen.isDirectory() ? "folder" : "other";
    return { kind, mode: seen.mode & 0o777, uid: seen.uid, changedAt: seen.mtimeMs };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? { kind: "absent" } : { kind: "failed", text: message };
  }
}

/** Of the user that we run as it is known; of others, their number. */
function nameOf(uid: number): string {
  if (uid === 0) return "root";
  try {
    const { uid: own, username } = userInfo();
    if (uid === own) return username;
  } catch {
    // a number without a name, as in containers
  }
  return `user ${uid}`;
}

/** Magic numbers of statfs(2): tmpfs, ramfs; NFS, SMB in three kinds, Ceph, 9P. */
const inMemory = new Set([0x01021994, 0x858458f6]);
const onNetwork = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x01021997]);

async function diskOf(path: string): Promise<Disk | undefined> {
  const seen = await statfs(path).catch(() => undefined);
  if (seen === undefined) return undefined;
  const { bsize, bavail, blocks, ffree, files, type } = seen;
  const isLinux = process.platform === "linux";
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeInodes: ffree,
    totalInodes: files,
    kind: isLinux && inMemory.has(type) ? "memory" : isLinux && onNetwork.has(type) ? "network" : "disk",
  };
}

/** A block, as the smallest write of the spool is. */
const blockBytes = 4_096;

async function syncs(folder: string, count: number): Promise<readonly number[] | string> {
  const path = join(folder, `.waybill-check-${process.pid}`);
  try {
    const file = await open(path, "wx", 0o600);
    try {
      const block = Buffer.alloc(blockBytes, 1);
      const took: number[] = [];
      for (let i = 0; i < count; i++) {
        const startedAt = performance.now();
        await file.write(block);
        await file.datasync();
        took.push(performance.now() - startedAt);
      }
      return took;
    } finally {
      await file.close();
      await unlink(path);
    }
  } catch (error) {
    return (error as Error).message;
  }
}

async function listenersAt(ports: readonly number[]): Promise<readonly ListeningSocket[] | undefined> {
  const sockets = (await listeningSockets())?.filter(({ port }) => ports.includes(port));
  if (sockets === undefined || sockets.length === 0) return sockets === undefined ? undefined : [];
  const holders = await holdersOf(new Set(sockets.map(({ inode }) => inode)));
  return sockets.map(({ address, port, uid, inode }) => ({ address, port, user: nameOf(uid), ...holders.get(inode) }));
}

/** Linux lets each capability be given alone; this one is for ports below the usual limit. */
const bindCapability = 10n;

async function lowestPort(): Promise<number> {
  if (process.platform !== "linux") return process.getuid?.() === 0 ? 1 : 1_024;
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const effective = BigInt(`0x${/^CapEff:\s*([\da-f]+)/m.exec(status)?.[1] ?? "0"}`);
  if (((effective >> bindCapability) & 1n) === 1n) return 1;
  const text = await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8").catch(() => "1024");
  return Number(text);
}

async function openFiles(pid?: number): Promise<number | undefined> {
  const limits = await readFile(`/proc/${pid ?? "self"}/limits`, "utf8").catch(() => "");
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** systemd knows what the kernel says of it; where there is none, nobody was asked. */
const clock = (): Promise<"kept" | "free" | "unknown"> =>
  new Promise((resolve) => {
    execFile("timedatectl", ["show", "--property=NTPSynchronized", "--value"], { timeout: 2_000 }, (error, stdout) => {
      const said = error === null ? stdout.trim() : "";
      resolve(said === "yes" ? "kept" : said === "no" ? "free" : "unknown");
    });
  });
