// Guessing passwords is slowed down: pauses that grow with the failures of an account and of a client's network. Names that
// an attacker invents cost no memory, and one limit holds for all threads: failures are counted in shared counters.
import ipaddr from "ipaddr.js";
import { hash, randomBytes } from "node:crypto";
import type { Instant, World } from "../../base/world.ts";
import { networks } from "../../base/networks.ts";
import { accountKey } from "./account.ts";

export const loginLimits = {
  freeFailures: { account: 10, network: 20, site: 200, pair: 10 }, // before the first pause: people and their apps err
  firstPauseMs: 1_000, // doubles with each further failure
  longestPauseMs: 5 * 60_000, // whoever corrects his password does not wait longer
  forgetOneMs: 5 * 60_000, // so that an account bears 12 guesses an hour from strange networks, for ever
  knownForMs: 30 * 86_400_000, // a network that the account has logged in from
} as const;

export interface LoginLimits {
  /**
   * Counts an attempt as failed, until it `passed` or was `undone`. Answers 0; or, with nothing counted, how long to wait
   * for the next attempt. Without an account, only its network counts.
   */
  begin(attempt: LoginAttempt): number;
  /** How long to wait for the next attempt. */
  pauseMs(attempt: LoginAttempt): number;
  passed(attempt: LoginAttempt): void;
  /** Nothing was found out: it is as if it had not been. */
  undone(attempt: LoginAttempt): void;
}

export interface LoginAttempt {
  readonly account?: string | undefined;
  /** IP address of the client. */
  readonly address: string;
}

/** To be passed to other threads. */
export interface LoginCounts {
  readonly failures: SharedArrayBuffer;
  /** Of pairs that are known: no flood from elsewhere can fill it. */
  readonly knownFailures: SharedArrayBuffer;
  /** Pairs of account and network that have passed; only these are in it, so that no failure makes a network known. */
  readonly known: SharedArrayBuffer;
  /** How many passwords are checked at this moment: all threads have one thread pool. */
  readonly checking: SharedArrayBuffer;
  /** Of the hashes: nobody outside knows whose counters are his. */
  readonly seed: string;
}

const rows = 4;
const rowCells = 2 ** 14;
/** A score, and the second of its last change. */
const cellWords = 2;
const tableBytes = rows * rowCells * cellWords * Uint32Array.BYTES_PER_ELEMENT;

export const loginCounts = (): LoginCounts => ({
  failures: new SharedArrayBuffer(tableBytes),
  knownFailures: new SharedArrayBuffer(tableBytes),
  known: new SharedArrayBuffer(tableBytes),
  checking: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  seed: randomBytes(16).toString("hex"),
});

interface Options {
  readonly world: World;
  readonly counts?: LoginCounts;
  /** Where many people come from at once, as a webmail's: no limit of its own. */
  readonly sharedNetworks?: readonly string[];
}

export function createLoginLimits({ world, counts = loginCounts(), sharedNetworks = [] }: Options): LoginLimits {
  const { failures, knownFailures, known, seed } = counts;
  const shared = networks(sharedNetworks);
  const fades = ({ score, at }: Cell, now: Instant): number =>
    Math.max(0, score - Math.floor((now - at) / loginLimits.forgetOneMs));
  const failedAnywhere = table(failures, fades);
  const failedKnown = table(knownFailures, fades);
  const failedOf = ({ kind }: Pick<CountedKey, "kind">) => (kind === "pair" ? failedKnown : failedAnywhere);
  const passed = table(known, ({ score, at }, now) => (now - at > loginLimits.knownForMs ? 0 : score));

  /** What counts for this attempt. An attacker elsewhere, or a wrong password on another device, does not lock it out. */
  const keysOf = ({ account, address }: LoginAttempt): CountedKey[] => {
    const network = networkOf(address);
    const site = shared.has(address) ? undefined : siteOf(address);
    const name = account === undefined ? undefined : accountKey(account);
    const pair = cellsOf(seed, `pair ${network} ${name}`);
    if (name !== undefined && passed.at(pair, world.now()).score > 0) return [{ cells: pair, kind: "pair" }];
    return [
      ...(name === undefined ? [] : [{ cells: cellsOf(seed, `account ${name}`), kind: "account" } as const]),
      ...(shared.has(address) ? [] : [{ cells: cellsOf(seed, `network ${network}`), kind: "network" } as const]),
      ...(site === undefined ? [] : [{ cells: cellsOf(seed, `site ${site}`), kind: "site" } as const]),
    ];
  };
  const pauseOf = ({ cells, kind }: CountedKey): number => {
    const { score, at } = failedOf({ kind }).at(cells, world.now());
    const over = score - loginLimits.freeFailures[kind];
    if (over < 0) return 0;
    const pauseMs = Math.min(loginLimits.firstPauseMs * 2 ** over, loginLimits.longestPauseMs);
    return Math.max(0, at + pauseMs - world.now());
  };
  const forgetAttempt = (attempt: LoginAttempt): void => {
    for (const { cells, kind } of keysOf(attempt)) failedOf({ kind }).add(cells, world.now(), -1);
  };
  return {
    begin(attempt) {
      const keys = keysOf(attempt);
      const pauseMs = Math.max(0, ...keys.map(pauseOf));
      if (pauseMs === 0) for (const { cells, kind } of keys) failedOf({ kind }).add(cells, world.now(), 1);
      return pauseMs;
    },
    pauseMs: (attempt) => Math.max(0, ...keysOf(attempt).map(pauseOf)),
    passed(attempt) {
      forgetAttempt(attempt);
      if (attempt.account === undefined) return;
      const pair = cellsOf(seed, `pair ${networkOf(attempt.address)} ${accountKey(attempt.account)}`);
      const now = world.now();
      failedKnown.add(pair, now, -failedKnown.at(pair, now).score);
      passed.add(pair, now, 1 - passed.at(pair, now).score);
    },
    undone: forgetAttempt,
  };
}

interface CountedKey {
  readonly cells: readonly number[];
  readonly kind: keyof typeof loginLimits.freeFailures;
}

/** An IPv4 address, or an IPv6 network, all of which may be one host's. RFC 4291 §2.5.4 */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 4).join(":") : ip.toString();
}

/** What one owner of many IPv6 networks has, at most: a /48. RFC 6177 §2 */
function siteOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const ip = ipaddr.process(address);
  return ip instanceof ipaddr.IPv6 ? ip.parts.slice(0, 3).join(":") : undefined;
}

/** One cell in each row. */
function cellsOf(seed: string, key: string): number[] {
  const bits = hash("sha256", `${seed} ${key}`, "buffer");
  return Array.from(
    { length: rows },
    (_, row) => cellWords * (row * rowCells + (bits.readUInt32LE(row * 4) % rowCells)),
  );
}

interface Cell {
  readonly score: number;
  readonly at: Instant;
}

/**
 * A count-min sketch whose counts fade: the smallest of a key's cells is the least disturbed by others. Cells change in
 * two steps, so that threads at the same cell at the same moment may lose one failure.
 */
function table(memory: SharedArrayBuffer, faded: (cell: Cell, now: Instant) => number) {
  const words = new Uint32Array(memory);
  const read = (cell: number, now: Instant): Cell => {
    const at = Atomics.load(words, cell + 1) * 1_000;
    return { score: faded({ score: Atomics.load(words, cell), at }, now), at };
  };
  const at = (cells: readonly number[], now: Instant): Cell =>
    cells.map((cell) => read(cell, now)).reduce((least, one) => (one.score < least.score ? one : least));
  return {
    at,
    /** Only the smallest cells change: those of others stay as small as they can. */
    add(cells: readonly number[], now: Instant, by: number): void {
      const { score } = at(cells, now);
      for (const cell of cells) {
        if (read(cell, now).score !== score) continue;
        Atomics.store(words, cell, Math.max(0, score + by));
        Atomics.store(words, cell + 1, Math.floor(now / 1_000));
      }
    },
  };
}
