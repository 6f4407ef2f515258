// One DNS list: asked, and tested, so that a list that is dead, lists everybody or does not answer us counts for nothing.
// RFC 5782.
import { inTime } from "../../base/in-time.ts";
import type { Instant, World } from "../../base/world.ts";
import type { Answer, Resolver } from "../../dns/resolver.ts";
import { reverseName } from "../../dns/reverse-name.ts";
import { type AnswerRules, isRefusalText, type Meaning, meaningOf } from "./answers.ts";
import { type Listed, listText } from "./words.ts";

export interface DnsListSettings extends AnswerRules {
  readonly name: string;
  readonly of: "address" | "domain";
  readonly timeoutMs: number;
}

export interface DnsListParts {
  readonly resolver: Pick<Resolver, "a" | "txt">;
  readonly world: World;
  /** For the operator: what is wrong with a list and what to do. Once a day for each kind of trouble. */
  readonly onTrouble: (text: string) => void;
}

export const dnsListLimits = {
  testEveryMs: 3_600_000,
  /** Of a list that does not count now. */
  retestEveryMs: 5 * 60_000,
  /** Answers in a row that did not come in time; then mail does not wait for the list any more. */
  silences: 10,
  tellAgainMs: 24 * 3_600_000,
  /** RFC 1035 §2.3.4 */
  nameBytes: 253,
} as const;

/** RFC 5782 §5. IPv4-mapped addresses stand in the IPv6 tree here. */
const mustBeListed = { address: ["2.0.0.127"], domain: ["test", "2.0.0.127"] } as const;
const mustNotBeListed = {
  address: ["1.0.0.127", `1.0.0.0.0.0.f.7.f.f.f.f${".0".repeat(20)}`],
  domain: ["invalid"],
} as const;

type Trouble = "refused" | "dead" | "everything" | "silent";

/** Of a single answer. */
type Odd = "odd";

type Reading =
  | { readonly kind: "listed"; readonly answer: string; readonly weight: number; readonly text?: string }
  | { readonly kind: "not-listed" }
  | Extract<Meaning, { kind: "refused" }>
  | { readonly kind: "silent" };

export class DnsList implements Disposable {
  readonly settings: DnsListSettings;
  readonly #parts: DnsListParts;
  readonly #ending = new AbortController();
  readonly #told = new Map<Trouble | Odd, Instant>();
  readonly #tested: Promise<void>;
  /** Why it does not count now. */
  #trouble: Trouble | undefined;
  #testedAt: Instant = 0;
  #silences = 0;

  /** The first test begins. */
  constructor(settings: DnsListSettings, parts: DnsListParts) {
    this.settings = settings;
    this.#parts = parts;
    this.#tested = this.#test();
    void this.#keepTesting();
  }

  /** Undefined: not listed, or the list does not count now. Never rejects, and takes no longer than the time limit. */
  async look(what: string): Promise<Listed | undefined> {
    await this.#tested;
    const entry = this.settings.of === "address" ? reverseName(what)?.replace(/\.(?:in-addr|ip6)\.arpa$/, "") : what;
    if (entry === undefined || this.#trouble !== undefined) return undefined;
    if (entry.length + 1 + this.settings.name.length > dnsListLimits.nameBytes) return undefined;
    const reading = await this.#read(entry);
    this.#silences = reading.kind === "silent" ? this.#silences + 1 : 0;
    switch (reading.kind) {
      case "listed": {
        const { kind: _, ...listing } = reading;
        return { list: this.settings.name, what, ...listing };
      }
      case "refused":
        if (reading.isOfAll) this.#suspend("refused", reading.because);
        else this.#doubt(what, reading.because);
        return undefined;
      case "silent":
        if (this.#silences >= dnsListLimits.silences) this.#suspend("silent", isSilent);
        return undefined;
      case "not-listed":
        return undefined;
    }
  }

  [Symbol.dispose](): void {
    this.#ending.abort();
  }

  async #keepTesting(): Promise<void> {
    const { signal } = this.#ending;
    const { testEveryMs, retestEveryMs } = dnsListLimits;
    await this.#tested;
    while (!signal.aborted) {
      await this.#parts.world.sleep(retestEveryMs, signal);
      const isDue = this.#trouble !== undefined || this.#parts.world.now() - this.#testedAt >= testEveryMs;
      if (isDue && !signal.aborted) await this.#test();
    }
  }

  async #test(): Promise<void> {
    const { of } = this.settings;
    this.#testedAt = this.#parts.world.now();
    const [there, absent] = await Promise.all(
      [mustBeListed[of], mustNotBeListed[of]].map((entries) => Promise.all(entries.map((entry) => this.#read(entry)))),
    );
    if (this.#ending.signal.aborted) return;
    this.#silences = 0;
    const is = (readings: readonly Reading[], kind: Reading["kind"]) =>
      readings.find((reading) => reading.kind === kind);
    const refused = [...there!, ...absent!].find((reading) => reading.kind === "refused");
    if (is(absent!, "listed")) this.#suspend("everything", listsEverything);
    else if (is(there!, "listed")) this.#trouble = undefined;
    else if (refused) this.#suspend("refused", refused.because);
    else if (is(there!, "silent")) this.#suspend("silent", isSilent);
    else this.#suspend("dead", isDead);
  }

  #suspend(trouble: Trouble, because: string): void {
    this.#trouble = trouble;
    this.#tell(trouble, `the DNS list ${this.settings.name} does not count until this is mended: ${because}`);
  }

  /** One entry may be odd by mistake, or by what stands in it: the test decides on the list. */
  #doubt(what: string, because: string): void {
    const answer = `the answer of the DNS list ${this.settings.name} on ${what} does not count, as others of its kind`;
    this.#tell("odd", `${answer}: ${because}`);
    if (this.#parts.world.now() - this.#testedAt >= dnsListLimits.retestEveryMs) void this.#test();
  }

  #tell(trouble: Trouble | Odd, text: string): void {
    const now = this.#parts.world.now();
    if (now - (this.#told.get(trouble) ?? -Infinity) < dnsListLimits.tellAgainMs) return;
    this.#told.set(trouble, now);
    this.#parts.onTrouble(text);
  }

  async #read(entry: string): Promise<Reading> {
    const { resolver } = this.#parts;
    const name = `${entry}.${this.settings.name}`;
    const startedAt = this.#parts.world.now();
    const found = await this.#inTime(resolver.a(name), this.settings.timeoutMs);
    if (found.kind === "no-such-domain" || found.kind === "no-data") return { kind: "not-listed" };
    if (found.kind !== "found") return { kind: "silent" };
    const meaning = meaningOf(this.settings, found.records);
    if (meaning.kind === "refused") return meaning;
    const leftMs = this.settings.timeoutMs - (this.#parts.world.now() - startedAt);
    const words = await this.#inTime(resolver.txt(name), leftMs);
    const text = words.kind === "found" ? listText(words.records[0] ?? "") : "";
    if (isRefusalText(text))
      return { kind: "refused", because: `it refuses our questions, with these words: ${text}`, isOfAll: false };
    return { ...meaning, ...(text !== "" && { text }) };
  }

  #inTime(asked: Promise<Answer<string>>, limitMs: number): Promise<Answer<string>> {
    const late = (): Answer<string> => ({ kind: "timeout" });
    return inTime(asked, { limitMs, world: this.#parts.world, late, signal: this.#ending.signal });
  }
}

const isSilent = "it does not answer in time; check that dns.servers reach it, or delete the list";
const isDead =
  "it lacks the entry that each list has for tests (RFC 5782 section 5); check `name`, or delete the list if it has ended";
const listsEverything =
  "it lists what no list may list (RFC 5782 section 5), as ended lists do to be noticed; check `name` and `of`, or delete the list";
