// Which program listens where, as Linux tells in /proc: sockets by their number, and the process that has it open.
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import ipaddr from "ipaddr.js";

export interface OpenSocket {
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

/** Of /proc/net/tcp. */
const listening = "0A";

/** Undefined: this system has no such table. */
export async function listeningSockets(): Promise<readonly OpenSocket[] | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "latin1").catch(() => undefined)),
  );
  if (tables.every((table) => table === undefined)) return undefined;
  return tables.flatMap((table) => parseSockets(table ?? ""));
}

/** `table`: a heading, then a line for each socket: number, local address, remote one, state, …, uid, …, inode. */
export const parseSockets = (table: string): OpenSocket[] =>
  table.split("\n").flatMap((line) => {
    const [, local = "", , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    if (state !== listening || inode === undefined) return [];
    return [{ address: addressOf(address), port: Number.parseInt(port, 16), uid: Number(uid), inode }];
  });

/** Words of 32 bits, each in the order of this machine, which is the reverse on nearly all. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [...Buffer.from(word, "hex")].toReversed());
  return ipaddr.fromByteArray(bytes).toString();
}

export interface Holder {
  readonly pid: number;
  readonly program: string;
}

/** The processes that have these sockets open, by inode; of those we may not look into, nothing. */
export async function holdersOf(inodes: ReadonlySet<string>): Promise<ReadonlyMap<string, Holder>> {
  const holders = new Map<string, Holder>();
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (holders.size === inodes.size) break;
    const folder = `/proc/${pid}/fd`;
    const names = await readdir(folder).catch((): string[] => []);
    const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
    const found = links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? "").filter((inode) => inodes.has(inode));
    if (found.length === 0) continue;
    const program = await programOf(pid);
    // several processes may have one: the first has made it, its children have got it
    for (const inode of found) if (!holders.has(inode)) holders.set(inode, { pid: Number(pid), program });
  }
  return holders;
}

/** Programs that run others, as "node server.js", are called so. */
async function programOf(pid: string): Promise<string> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const [first = "", ...rest] = command.split("\0");
  const script = rest.find((word) => !word.startsWith("-"));
  const runs = /^(?:node|python[\d.]*|perl|java|ruby)$/.test(basename(first));
  if (runs && script) return `${basename(first)} ${basename(script)}`;
  return (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim();
}
