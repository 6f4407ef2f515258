// The accounts file on the disk: read, and changed so that a reader never sees half of it, and two writers never undo each
// other's change.
import { chown, mkdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { lockFile, replaceFile } from "../../base/shared-file.ts";
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
const lockWaitMs = 5_000;

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
  const lock = `${target}.lock`;
  await using held = await lockFile(lock, { world, waitMs: lockWaitMs }).catch((error) => cannotWrite(lock, error));
  if (held === undefined)
    throw new AccountFileError(
      `another command is changing the accounts (${lock} is there); try again in some seconds`,
    );
  const accounts = change((await readAccounts(target)) ?? []);
  const text = accounts.length === 0 ? emptyFile : formatAccounts(accounts);
  await replaceFile(target, text, (fresh) => keepOwner(fresh, target)).catch((error: unknown) =>
    cannotWrite(target, error),
  );
}

/** What root writes is to be read by the server, which is not root. */
async function keepOwner(fresh: string, target: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(target).catch(() => stat(dirname(target)));
  await chown(fresh, uid, gid);
}

function cannotWrite(path: string, error: unknown): never {
  throw new AccountFileError(
    `cannot write ${path} (${reason(error)}); run this as the user that Waybill runs as, or as root`,
    { cause: error },
  );
}

const reason = (error: unknown): string =>
  String((error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : error));
