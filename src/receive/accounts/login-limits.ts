// Guessing passwords is slowed down: pauses that grow with the failures of an account and of a client's network. Names that
// an attacker invents cost no memory, and one limit holds for all threads, and for all nodes of a store a moment later.
import ipaddr from "ipaddr.js";
import { hash } from "node:crypto";
import { networks } from "../../base/networks.ts";
import { accountKey } from "./account.ts";

export const loginLimits = {
  freeFailures: { account: 10, network: 20, site: 200, pair: 10 }, // before the first pause: people and their apps err
  firstPauseMs: 1_000, // doubles with each further failure
  longestPauseMs: 5 * 60_000, // whoever corrects his password does not wait longer
  forgetOneMs: 5 * 60_000, // so that an account bears 12 guesses an hour from strange networks, for ever
  knownForMs: 30 * 86_400_000, // a network that the account has logged in from
  knownAnewMs: 86_400_000, // written down no more often than this
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
  /** How many passwords are checked at this moment: all threads have one thread pool. */
  readonly checking: SharedArrayBuffer;
}

export const loginCounts = (): LoginCounts => ({ checking: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) });

/** Debts in ms, which time pays: of all threads, in bounded memory, where the least is forgotten first. */
export interface LoginDebts {
  of(key: string): number;
  add(key: string, ms: number): number;
  raise(key: string, ms: number): number;
}

interface Options {
  readonly debts: LoginDebts;
  /** Where many people come from at once, as a webmail's: no limit of its own. */
  readonly sharedNetworks?: readonly string[];
}

/** A failure is a debt, paid in the time after which it is forgotten. */
export function createLoginLimits({ debts, sharedNetworks = [] }: Options): LoginLimits {
  const { freeFailures, firstPauseMs, longestPauseMs, forgetOneMs, knownForMs, knownAnewMs } = loginLimits;
  const shared = networks(sharedNetworks);

  /** What counts for this attempt. An attacker elsewhere, or a wrong password on another device, does not lock it out. */
  const keysOf = ({ account, address }: LoginAttempt): CountedKey[] => {
    const pair = account === undefined ? undefined : pairOf(account, address);
    if (pair !== undefined && debts.of(pair.known) > 0) return [pair];
    const site = shared.has(address) ? undefined : siteOf(address);
    return [
      ...(account === undefined ? [] : [countedKey("account", accountKey(account))]),
      ...(shared.has(address) ? [] : [countedKey("network", networkOf(address))]),
      ...(site === undefined ? [] : [countedKey("site", site)]),
    ];
  };
  const pauseOf = ({ pause }: CountedKey): number => Math.max(0, debts.of(pause) - pauseKeptMs);
  const pauseFor = ({ kind, pause }: CountedKey, owedMs: number): void => {
    const over = Math.round(owedMs / forgetOneMs) - freeFailures[kind];
    if (over >= 0) debts.raise(pause, pauseKeptMs + Math.min(firstPauseMs * 2 ** over, longestPauseMs));
  };
  const forgetAttempt = (attempt: LoginAttempt): void => {
    for (const key of keysOf(attempt)) {
      debts.add(key.pause, -Infinity); // its own: without it, it may be shorter
      pauseFor(key, debts.add(key.failures, -forgetOneMs));
    }
  };
  return {
    begin(attempt) {
      const keys = keysOf(attempt);
      const pauseMs = Math.max(0, ...keys.map(pauseOf));
      if (pauseMs === 0) for (const key of keys) pauseFor(key, debts.add(key.failures, forgetOneMs));
      return pauseMs;
    },
    pauseMs: (attempt) => Math.max(0, ...keysOf(attempt).map(pauseOf)),
    passed(attempt) {
      forgetAttempt(attempt);
      if (attempt.account === undefined) return;
      const { failures, pause, known } = pairOf(attempt.account, attempt.address);
      for (const key of [failures, pause]) debts.add(key, -Infinity);
      if (debts.of(known) < knownForMs - knownAnewMs) debts.raise(known, knownForMs);
    },
    undone: forgetAttempt,
  };
}

/** So long a pause is kept longer than it lasts: a flood of single failures elsewhere must not make it forgotten. */
const pauseKeptMs = 3_600_000;

/** Names of debts. */
interface CountedKey {
  readonly kind: keyof typeof loginLimits.freeFailures;
  readonly failures: string;
  readonly pause: string;
}

/** Nobody reads in them who has tried to log in as whom. */
function countedKey(kind: CountedKey["kind"], name: string): CountedKey {
  const id = hash("sha256", `${kind} ${name}`, "base64url").slice(0, 22);
  return { kind, failures: `login|${id}`, pause: `pause|${id}` };
}

/** An account, and a network that it may have logged in from: only what has passed makes it known. */
function pairOf(account: string, address: string): CountedKey & { readonly known: string } {
  const key = countedKey("pair", `${networkOf(address)} ${accountKey(account)}`);
  return { ...key, known: `known ${key.failures}` };
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
