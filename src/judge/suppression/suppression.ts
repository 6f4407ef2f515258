// Suppression: mail to an address that is gone, or whose owner complained, is not tried for a time that grows. The sender is
// told at once. What is known is in the store; in memory there is only an index of it.
import type { Instant, World } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { Listener } from "../../journal/journal.ts";
import { type Address, type Domain, domainOf, isPostmaster, type ReversePath } from "../../mail/address.ts";
import { type Check, nothing } from "../check.ts";
import { AddressIndex } from "./address-index.ts";
import { strikeOf } from "./strike-of.ts";
import { isActive, keyText, strikeLimits } from "./strikes.ts";
import type { LiftedKey, Strike, Suppression, SuppressionStore } from "./suppression-store.ts";
import { suppressedReply } from "./words.ts";

const limits = {
  together: 500, // in one write, or one reading
  waiting: 20_000, // to be written; what is learnt of more is lost
  newsMs: 5_000, // what other nodes learnt is asked for
  pruneMs: 10 * 60_000,
} as const;

export interface SuppressionParts {
  readonly store: SuppressionStore;
  readonly world: Pick<World, "now" | "sleep" | "random">;
  readonly settings: {
    readonly never: readonly string[];
    /** In the store. */
    readonly most: number;
  };
  /** In these domains we know ourselves who exists. */
  readonly isOurs: (domain: Domain) => boolean;
  /** Others use the store, too. */
  readonly isShared: boolean;
  /** Once in each stretch of trouble: mail goes on. */
  readonly onFault: (error: unknown) => void;
}

export class Suppressions implements AsyncDisposable {
  readonly checks: readonly Check[];
  readonly #parts: SuppressionParts;
  readonly #never: ReadonlySet<string>;
  readonly #index: AddressIndex;
  readonly #stop = new AbortController();
  #upTo = 0;
  #strikes = new Map<string, Strike>();
  /** By address; with the instant before which it must have ended. */
  #lifts = new Map<string, Instant>();
  /** Of addresses that were stopped once: when mail to them was delivered since, for the first time. */
  readonly #delivered = new Map<string, Instant>();
  #writing: Promise<void> | undefined;
  #keeping: Promise<void> | undefined;
  #hasFailed = false;

  private constructor(parts: SuppressionParts) {
    this.#parts = parts;
    this.#never = new Set(parts.settings.never.map((address) => address.toLowerCase()));
    this.#index = new AddressIndex(() => parts.world.random());
    this.checks = [this.#check()];
  }

  /** Rejects when the store cannot be read. */
  static async open(parts: SuppressionParts): Promise<Suppressions> {
    const suppressions = new Suppressions(parts);
    await suppressions.#hearNews();
    suppressions.#keeping = suppressions.#keep();
    return suppressions;
  }

  /** What stops mail of `sender` to `address` now; undefined at once, as nearly always: nothing does. Never rejects. */
  find(address: Address, sender: ReversePath): Promise<Suppression | undefined> | undefined {
    if (this.#index.isEmpty || sender === "") return undefined; // notices: whom they are for wrote from there
    const lower = address.toLowerCase();
    const keys = [
      { address: lower, sender: "" },
      { address: lower, sender: sender.toLowerCase() },
    ];
    if (!keys.some((key) => this.#index.mayHave(keyText(key)))) return undefined;
    return this.#isSpared(lower, address) ? undefined : this.#ask(keys.map(keyText), lower);
  }

  /** Learns from what happened. */
  readonly listener: Listener = (event) => {
    if (event.kind === "delivered") {
      this.#noteDelivered(event.to.toLowerCase());
    } else {
      const strike = this.#strikeOf(event);
      if (strike === undefined || this.#isSpared(strike.address, strike.address as Address)) return;
      if (this.#strikes.size >= limits.waiting) return;
      this.#delivered.delete(strike.address);
      this.#strikes.set(keyText(strike), strike);
      this.#index.add(keyText(strike)); // from now on
    }
    if (this.#strikes.size + this.#lifts.size > 0) void this.#write();
  };

  /** By the operator. Rejects when the store does. */
  async lift(key: LiftedKey): Promise<Suppression[]> {
    await this.#write();
    return this.#parts.store.liftSuppressions([key]);
  }

  /** By the operator, as if it had been seen. False: mail to this address is never stopped. */
  async add(strike: Strike): Promise<boolean> {
    if (this.#isSpared(strike.address, strike.address as Address)) return false;
    this.#strikes.set(keyText(strike), strike);
    this.#index.add(keyText(strike));
    await this.#write();
    return true;
  }

  /** The store has all that was learnt, if it can be written. */
  settled(): Promise<void> {
    return this.#write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
    await this.#write();
  }

  #check(): Check {
    return {
      name: "suppression",
      phase: "rcpt",
      judge: ({ trusted, recipient, recipientIs, reversePath = "" }) => {
        if (!trusted || recipient === undefined || recipientIs !== "elsewhere") return nothing;
        const found = this.find(recipient.address, reversePath);
        if (found === undefined) return nothing;
        return found.then((suppression) =>
          suppression === undefined
            ? nothing
            : { kind: "refuse", check: "suppression", reply: suppressedReply(suppression) },
        );
      },
    };
  }

  /** The host may bounce it yet: an address is as good as any when it takes mail again, and nothing came back of the first. */
  #noteDelivered(address: string): void {
    if (!this.#index.mayHave(keyText({ address, sender: "" }))) return;
    const now = this.#parts.world.now();
    const first = this.#delivered.get(address);
    if (first !== undefined && now - first < strikeLimits.lateMs) return;
    if (first !== undefined) this.#lifts.set(address, first);
    this.#delivered.delete(address);
    this.#delivered.set(address, now);
    if (this.#delivered.size > limits.waiting) this.#delivered.delete(this.#delivered.keys().next().value!);
  }

  /** A fault in what is known of failures must not hold up the mail that failed. */
  #strikeOf(event: Event): Strike | undefined {
    try {
      return strikeOf(event);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #isSpared(lower: string, address: Address): boolean {
    return isPostmaster(address) || this.#never.has(lower) || this.#parts.isOurs(domainOf(address));
  }

  async #ask(keys: readonly string[], address: string): Promise<Suppression | undefined> {
    const { store, world } = this.#parts;
    try {
      await this.#writing;
      const known = await store.suppressionsOf([address]);
      return known.find((suppression) => keys.includes(keyText(suppression)) && isActive(suppression, world.now()));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** What came meanwhile goes together. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { store } = this.#parts;
    while (this.#strikes.size + this.#lifts.size > 0) {
      const strikes = [...this.#strikes].slice(0, limits.together);
      const lifted = [...this.#lifts].slice(0, limits.together);
      for (const [key] of strikes) this.#strikes.delete(key);
      for (const [address] of lifted) this.#lifts.delete(address);
      try {
        if (strikes.length > 0) await store.strike(strikes.map(([, strike]) => strike));
        // what was on its way when mail was stopped says nothing new
        const keys = lifted.map(([address, ended]) => ({ address, sender: "", ended }));
        if (keys.length > 0) for (const gone of await store.liftSuppressions(keys)) this.#index.remove(keyText(gone));
        this.#hasFailed = false;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  async #keep(): Promise<void> {
    const { world, isShared, store, settings } = this.#parts;
    let prunedAt: Instant = world.now();
    while (!this.#stop.signal.aborted) {
      await world.sleep(isShared ? limits.newsMs : limits.pruneMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        if (isShared) await this.#hearNews();
        if (world.now() - prunedAt < limits.pruneMs) continue;
        prunedAt = world.now();
        while ((await store.pruneSuppressions(prunedAt - strikeLimits.rememberedMs, settings.most)) > 0)
          if (this.#stop.signal.aborted) return;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  async #hearNews(): Promise<void> {
    for (let isRest = true; isRest;) {
      const { suppressions, upTo } = await this.#parts.store.suppressionsAfter(this.#upTo, limits.together);
      for (const suppression of suppressions) this.#index.add(keyText(suppression));
      this.#upTo = upTo;
      isRest = suppressions.length === limits.together;
    }
  }

  #failed(error: unknown): void {
    if (!this.#hasFailed) this.#parts.onFault(error);
    this.#hasFailed = true;
  }
}
