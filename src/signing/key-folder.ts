// The folder of a domain's keys: a PEM file for each selector, and keys.json, which says what has become of them.
import { chown, mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { lockFile, replaceFile } from "../base/shared-file.ts";
import { type Instant, realTime } from "../base/world.ts";
import type { Algorithm } from "./signature.ts";

/** new: made; published: DNS shows it; active: signs; retired: did, and its record is still needed for a while. */
export type KeyState = "new" | "published" | "active" | "retired";

export interface KeyRecord {
  readonly selector: string;
  readonly algorithm: Algorithm;
  readonly state: KeyState;
  /** When it came to each state. */
  readonly since: Readonly<Partial<Record<KeyState, Instant>>>;
}

/** A key or its folder cannot be used; the message says which, why, and what to do. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

const states = ["new", "published", "active", "retired"] as const satisfies readonly KeyState[];
const instant = z.iso.datetime().transform((text): Instant => Date.parse(text));
const fileSchema = z.strictObject({
  keys: z.array(
    z.strictObject({
      selector: z.string().regex(/^[\w.-]+$/),
      algorithm: z.enum(["rsa", "ed25519"]),
      state: z.enum(states),
      since: z.partialRecord(z.enum(states), instant),
    }),
  ),
});

export const pemPath = (folder: string, selector: string): string => join(folder, `${selector}.pem`);
export const statePath = (folder: string): string => join(folder, "keys.json");

/** In the order in which they were made; none when there is no such folder. */
export async function readFolder(folder: string): Promise<KeyRecord[]> {
  const path = statePath(folder);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new KeyError(`cannot read ${path}: ${error.message}; let the server's user read it`, { cause: error });
  });
  if (text === undefined) return [];
  try {
    return fileSchema.parse(JSON.parse(text)).keys;
  } catch (cause) {
    throw new KeyError(`${path} is damaged; restore it from a backup, or delete it and run waybill dkim keygen`, {
      cause,
    });
  }
}

/** For others who change it: some make keys meanwhile, which takes seconds. */
const lockWaitMs = 30_000;

/** One at a time, whichever process asks; written as a whole or not at all. Answers the new records. */
export async function changeFolder(
  folder: string,
  change: (records: readonly KeyRecord[]) => readonly KeyRecord[] | Promise<readonly KeyRecord[]>,
): Promise<readonly KeyRecord[]> {
  const path = statePath(folder);
  const lock = `${path}.lock`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await using held = await lockFile(lock, { world: realTime, waitMs: lockWaitMs }).catch((error: Error) => {
    throw new KeyError(`cannot write ${lock}: ${error.message}; run this as the server's user`, { cause: error });
  });
  if (held === undefined) throw new KeyError(`others are changing the keys (${lock} is there); try again later`);
  const after = await change(await readFolder(folder));
  const keys = after.map(({ since, ...record }) => ({ ...record, since: mapValues(since) }));
  await replaceFile(path, `${JSON.stringify({ keys }, undefined, 2)}\n`, (fresh) => giveToOwner(fresh, folder));
  return after;
}

const mapValues = (since: KeyRecord["since"]): Record<string, string> =>
  Object.fromEntries(Object.entries(since).map(([state, at]) => [state, new Date(at).toISOString()]));

/** Never overwrites: throws when the selector has a key file already. */
export async function writeKeyFile(folder: string, selector: string, pem: string): Promise<void> {
  const path = pemPath(folder, selector);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await using file = await open(path, "wx", 0o600);
    await file.writeFile(pem);
    await file.sync();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === "EEXIST"
      ? new KeyError(`${path} is there already, and keys are never overwritten; choose another name with --selector`)
      : new KeyError(`cannot write ${path}: ${message}; run this as the server's user`, { cause: error });
  }
  await giveToOwner(path, folder);
}

/** What root makes must be readable for the server's user, to whom the folder above belongs. */
async function giveToOwner(path: string, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await ownerAbove(folder);
  await chown(folder, uid, gid);
  await chown(path, uid, gid);
}

/** The first folder from here up that does not belong to root; root's own, if there is none. */
async function ownerAbove(folder: string): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await stat(folder);
  const above = dirname(folder);
  return uid !== 0 || above === folder ? { uid, gid } : ownerAbove(above);
}
