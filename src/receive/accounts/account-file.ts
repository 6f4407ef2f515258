// The accounts file on the disk: read, and changed so that a reader never sees half of it, and two writers never undo each
// other's change.
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/schema.ts";
import { type Account, emptyFile, formatAccounts, parseAccounts } from "./account.ts";

/** The file cannot be used; the message says which, what is wrong and what to do. */
export class AccountFileError extends Error {
  override readonly name = "AccountFileError";
}

/** `accounts` of [submission], or its default. */
export const accountsPath = ({ submission, data_dir }: Pick<Config, "submission" | "data_dir">): string =>
  submission.accounts ?? join(data_dir, "accounts.json");

/** For another command that is changing the file. */
const lockLimits = { waitMs: 5_000, lookAgainMs: 50 } as const;

/** Undefined: there is no such file. */
export async function readAccounts(path: string): Promise<readonly Account[] | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AccountFileError(
      `cannot read the accounts file ${path} (${reason(error)}); it must belong to the user that Waybill runs as`,
      { cause: error },
    );
  }
  const accounts = parseAccounts(text);
  if (typeof accounts === "string") throw new AccountFileError(`the accounts file ${path} is wrong: ${accounts}`);
  return accounts;
}

/** `change` gets the accounts as they are, and answers them as they are to be; what it throws changes nothing. */
export async function changeAccounts(
  path: string,
  world: World,
  change: (accounts: readonly Account[]) => readonly Account[],
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => cannotWrite(path, error));
  const target = await realpath(path).catch(() => path); // a link stays one
  await using _lock = await lock(`${target}.lock`, world);
  const accounts = change((await readAccounts(target)) ?? []);
  const text = accounts.length === 0 ? emptyFile : formatAccounts(accounts);
  await replace(target, text).catch((error: unknown) => cannotWrite(target, error));
}

async function replace(target: string, text: string): Promise<void> {
  const fresh = `${target}.new`; // ours alone while we hold the lock
  await rm(fresh, { force: true });
  await using file = await open(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  await file.writeFile(text);
  await keepOwner(file, target);
  await file.sync();
  await rename(fresh, target);
  await using folder = await open(dirname(target), "r");
  await folder.sync();
}

/** What root writes is to be read by the server, which is not root. */
async function keepOwner(file: FileHandle, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(target).catch(() => stat(dirname(target)));
  await file.chown(uid, gid);
}

/** A file that only one can make. Whoever was killed while he held it left it there. */
async function lock(path: string, world: World): Promise<AsyncDisposable> {
  const until = world.now() + lockLimits.waitMs;
  for (;;) {
    try {
      await (await open(path, "wx", 0o600)).close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") return cannotWrite(path, error);
    }
    if (world.now() >= until)
      throw new AccountFileError(
        `another command is changing the accounts: ${path} is there; if none is running, one was killed: delete this file`,
      );
    await world.sleep(lockLimits.lookAgainMs);
  }
}

function cannotWrite(path: string, error: unknown): never {
  throw new AccountFileError(
    `cannot write ${path} (${reason(error)}); run this as the user that Waybill runs as, or as root`,
    { cause: error },
  );
}

const reason = (error: unknown): string =>
  String((error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : error));
