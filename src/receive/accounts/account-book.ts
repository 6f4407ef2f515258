// The accounts as the running server knows them: the file is looked at when a login comes, at most once a second, and the
// last good state counts while it is broken.
import { stat } from "node:fs/promises";
import type { Instant, World } from "../../base/world.ts";
import { type Account, accountKey } from "./account.ts";
import { AccountFileError, readAccounts } from "./account-file.ts";

const lookAgainMs = 1_000;

interface AccountBookParts {
  readonly path: string;
  readonly world: World;
  /** Words for the operator; once for each state of the file. */
  readonly onTrouble: (text: string) => void;
}

export class AccountBook {
  readonly #parts: AccountBookParts;
  #byKey: ReadonlyMap<string, Account> = new Map();
  /** Of the file as it was read last: another one has another. */
  #mark: string | undefined;
  #lookedAt: Instant = -Infinity;
  #looking: Promise<void> | undefined;

  private constructor(parts: AccountBookParts) {
    this.#parts = parts;
  }

  /** Rejects with an AccountFileError when the file is wrong: there is no good state yet. A missing file has no accounts. */
  static async open(parts: AccountBookParts): Promise<AccountBook> {
    const book = new AccountBook(parts);
    await book.#read(await markOf(parts.path));
    book.#lookedAt = parts.world.now();
    return book;
  }

  /** As the file is now, give or take a second. Never rejects. */
  async find(name: string): Promise<Account | undefined> {
    await this.#look();
    return this.known(name);
  }

  /** As it was when last looked at. */
  known(name: string): Account | undefined {
    void this.#look();
    return this.#byKey.get(accountKey(name));
  }

  get size(): number {
    return this.#byKey.size;
  }

  #look(): Promise<void> | undefined {
    const now = this.#parts.world.now();
    if (now >= this.#lookedAt && now - this.#lookedAt < lookAgainMs) return this.#looking;
    this.#lookedAt = now;
    this.#looking = this.#refresh().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #refresh(): Promise<void> {
    const mark = await markOf(this.#parts.path);
    if (mark === this.#mark) return;
    try {
      await this.#read(mark);
    } catch (error) {
      this.#mark = mark;
      const text = error instanceof AccountFileError ? error.message : String(error);
      this.#parts.onTrouble(`${text}; until then, the accounts stay as they were`);
    }
  }

  async #read(mark: string | undefined): Promise<void> {
    const { path } = this.#parts;
    const accounts = await readAccounts(path);
    if (accounts === undefined && this.#mark !== undefined)
      throw new AccountFileError(`the accounts file ${path} is gone; put it back, or make a new one`);
    this.#byKey = new Map((accounts ?? []).map((account) => [accountKey(account.name), account]));
    this.#mark = mark;
  }
}

/** Undefined: there is no file. */
async function markOf(path: string): Promise<string | undefined> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}
