// Suppression: mail to an address that is gone, or whose owner complained, is not tried for a time that grows. The sender is
// told at once. What is known is in the store; in memory there is only an index of it.
import type { Instant, World } from "../../base/world.ts";
import { explainFailure } from "../../explain/failure.ts";
import type { Event } from "../../journal/event.ts";
import type { Listener } from "../../journal/journal.ts";
import { type Address, type Domain, domainOf, isPostmaster, type ReversePath } from "../../mail/address.ts";
import { type Failure, isPermanent } from "../../mail/failure.ts";
import { replyText } from "../../mail/reply.ts";
import { shortLine } from "../../mail/printable.ts";
import { type Check, nothing } from "../check.ts";
import { AddressIndex } from "./address-index.ts";
import { isActive, keyText, strikeLimits } from "./strikes.ts";
import type { LiftedKey, Strike, Suppression, SuppressionStore } from "./suppression-store.ts";
import { suppressedReply } from "./words.ts";

const limits = {
  together: 500, // in one write, or one reading
  waiting: 20_000, // to be written; what is learnt of more is lost
  newsMs: 5_000, // what other nodes learnt is asked for
  pruneMs: 10 * 60_000,
  becauseChars: 400,
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
  #lifts = new Set<string>();
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
      const key = { address: event.to.toLowerCase(), sender: "" };
      if (this.#index.mayHave(keyText(key))) this.#lifts.add(key.address);
    } else {
      const strike = strikeOf(event);
      if (strike === undefined || this.#isSpared(strike.address, strike.address as Address)) return;
      if (this.#strikes.size >= limits.waiting) return;
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
    const { store, world } = this.#parts;
    while (this.#strikes.size + this.#lifts.size > 0) {
      const strikes = [...this.#strikes].slice(0, limits.together);
      const lifted = [...this.#lifts].slice(0, limits.together);
      for (const [key] of strikes) this.#strikes.delete(key);
      for (const address of lifted) this.#lifts.delete(address);
      try {
        if (strikes.length > 0) await store.strike(strikes.map(([, strike]) => strike));
        // what was on its way when mail was stopped says nothing new
        const keys = lifted.map((address) => ({ address, sender: "", ended: world.now() }));
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

/** Only what lies in the address itself, is said in so many words, and is no guess: anything else may pass. */
function strikeOf(event: Event): Strike | undefined {
  switch (event.kind) {
    case "bounced": {
      const { because, to, at } = event;
      // what we gave up on, or stopped ourselves, says nothing of the address
      if (because.kind === "expired" || because.kind === "operator" || !isPermanent(because)) return undefined;
      const { cause, permanence, confidence, summary, fact } = explainFailure(because, { recipient: to });
      return permanence === "permanent" && confidence !== "guess"
        ? { ...all(to), cause, because: told(summary, factOf(because, fact)), at }
        : undefined;
    }
    case "bounced-later": {
      const { to, at, cause, permanence, confidence, summary, text, reportedBy, final, isShared } = event;
      // where an alias of theirs leads to may be gone, the alias is not; nor may one recipient stop mail to another
      const isSure = final === undefined && !isShared && confidence !== "guess";
      return permanence === "permanent" && isSure
        ? { ...all(to), cause, because: told(summary, reportedBy === undefined ? text : `${reportedBy}: ${text}`), at }
        : undefined;
    }
    case "complained": {
      const { to, from, at, feedbackType, reportedBy, sender, isShared } = event;
      // no mail of ours; or one recipient may speak for another
      if (sender !== undefined || from === "" || isShared) return undefined;
      const key = { address: to.toLowerCase(), sender: from.toLowerCase() };
      const who = reportedBy === undefined ? "" : `, told by ${reportedBy}`;
      const because = told("The recipient complained about a message of this sender.", `${feedbackType}${who}`);
      return { ...key, cause: "complaint", because, at };
    }
    case "received":
    case "refused":
    case "delivered":
    case "deferred":
    case "notice":
    case "notice-suppressed":
    case "operator":
      return undefined;
  }
}

const all = (address: Address) => ({ address: address.toLowerCase(), sender: "" });

const told = (summary: string, words: string): string =>
  shortLine(words === "" ? summary : `${summary} (${words})`, limits.becauseChars, "…");

const factOf = (because: Failure, fact: string): string =>
  because.kind === "refused" ? `${because.host.name}: ${replyText(because.reply)}` : fact;
