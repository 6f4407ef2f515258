// What a destination site bears, learnt from its answers: a window of connections, a rate of messages, and whether it
// answers at all. A state machine without timers: whoever asks says what time it is.
import type { Instant } from "../../base/world.ts";
import type { CauseName } from "../../explain/explanation.ts";
import type { Failure } from "../../mail/failure.ts";
import type { Postponement } from "../../mail/outcome.ts";
import { pacingLimits } from "./limits.ts";
import { Meter, TokenBucket } from "./rate.ts";
import type { Signal } from "./signal.ts";

/** What the config says of a site. */
export interface SiteRules {
  readonly maxConnections: number;
  readonly maxMessagesPerConnection: number;
  /** Infinity: no limit. */
  readonly maxMessagesPerMinute: number;
}

/** How long a site that does not answer is left alone: at first, and at most. */
export interface ClosedTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

interface Closure {
  readonly because: Failure;
  readonly since: Instant;
  readonly until: Instant;
  /** In a row. */
  readonly failures: number;
  /** Addresses that were tried: one that is new is worth a try. */
  readonly tried: readonly string[];
  /** It answers, and wants nothing from us for a while. */
  readonly isStop: boolean;
}

interface Trouble {
  readonly at: Instant;
  readonly because: Failure;
}

/** What is kept across restarts. */
export interface Learnt {
  readonly window: number;
  /** Below it the window grows quickly. */
  readonly threshold: number | null;
  /** Messages per minute. */
  readonly rate?: number;
  readonly messagesPerConnection?: number;
  readonly trouble?: Trouble;
  readonly closure?: Closure;
}

/** Why a delivery is not tried now. */
export interface NotNow extends Postponement {
  readonly because: Failure;
}

/** One delivery's stay at the site. */
export interface Visit {
  /** How often the site had been slowed down when it began: what it meets says nothing of slower times. */
  readonly epoch: number;
  readonly addresses: () => readonly string[];
}

/** How a visit went: with an answer from a session and what it signals, or without any news. */
export type Answer =
  | { readonly kind: "good" }
  /** It answers, and did not take the message: no reason to go faster. */
  | { readonly kind: "reached" }
  | { readonly kind: "no-news" }
  | { readonly kind: "bad"; readonly signal: Exclude<Signal, "none">; readonly because: Failure };

interface SiteParts {
  readonly rules: SiteRules;
  readonly closed: ClosedTimes;
  readonly random: () => number;
}

export class Site {
  readonly name: string;
  readonly domains = new Set<string>();
  /** Why recipients' deliveries failed or were put off since the start, and how often. */
  readonly causes = new Map<CauseName, number>();
  readonly #parts: Omit<SiteParts, "rules">;
  readonly #bucket = new TokenBucket();
  readonly #meter = new Meter();
  /** By the operator; since when is not kept across restarts. */
  suspended: { readonly words: string; readonly since?: Instant } | undefined;
  /** Connections that this node may hold, of those that all nodes may. */
  share = Infinity;
  /** Visits now. */
  inHand = 0;
  /** Visits that have a session now. */
  sessions = 0;
  rules: SiteRules;
  /** The rules are those of its hosts and domains. */
  isRuled = false;
  #learnt: Learnt;
  #epoch = 0;
  #probe: { readonly visit: Visit; readonly until: Instant } | undefined;
  /** It has taken no message since it last complained of our rate. */
  #isRefusing = false;
  /** Mail beyond the rate is booked until then. */
  #bookedUntil: Instant = 0;

  constructor(name: string, { rules, ...parts }: SiteParts) {
    this.name = name;
    this.rules = rules;
    this.#parts = parts;
    this.#learnt = freshFor(rules);
  }

  get learnt(): Learnt {
    return this.#learnt;
  }

  /** Something is known that others than the config told. */
  get isLearnt(): boolean {
    return this.#learnt.trouble !== undefined || this.#learnt.closure !== undefined;
  }

  restore(learnt: Learnt): void {
    this.#learnt = learnt;
  }

  /** Connections that it is given now; a site that is closed, one, as a probe. */
  get connections(): number {
    return Math.min(this.#learnt.closure === undefined ? this.window : 1, this.share);
  }

  /** Connections that it bears, as far as is known. */
  get window(): number {
    return Math.min(Math.max(1, Math.floor(this.#learnt.window)), this.rules.maxConnections);
  }

  /** It gets less than it could, for what it said. */
  get isSlowed(): boolean {
    const { trouble, rate, messagesPerConnection } = this.#learnt;
    const isBelow = this.window < Math.min(pacingLimits.firstWindow, this.rules.maxConnections);
    return trouble !== undefined && (isBelow || rate !== undefined || messagesPerConnection !== undefined);
  }

  get messagesPerConnection(): number {
    return Math.min(this.#learnt.messagesPerConnection ?? Infinity, this.rules.maxMessagesPerConnection);
  }

  /** Messages per minute; Infinity: no limit. */
  get rate(): number {
    const shared = Math.min(1, this.share / this.rules.maxConnections);
    return Math.min(this.#learnt.rate ?? Infinity, this.rules.maxMessagesPerMinute * shared);
  }

  /** More in hand than it can take soon. */
  get isSated(): boolean {
    return this.inHand >= pacingLimits.inHandPerSite;
  }

  /** Why nothing goes there now, whatever the rate; a visit under way asks again when it has got a connection. */
  notNow(now: Instant, visit: Visit): NotNow | undefined {
    if (this.suspended !== undefined) return suspension(this.suspended.words, now);
    const { closure } = this.#learnt;
    if (closure === undefined || visit === this.#probe?.visit) return undefined;
    const { because, until, since, tried, isStop } = closure;
    const spreadMs = until - since;
    if (this.#probe !== undefined && this.#probe.until > now)
      return { because, until: Math.max(until, now + pacingLimits.probeAgainMs), spreadMs, mayExpire: true };
    if (until <= now || (!isStop && visit.addresses().some((address) => !tried.includes(address)))) return undefined;
    return { because, until, spreadMs, mayExpire: true };
  }

  /** A delivery that may come. */
  visit(addresses: () => readonly string[]): Visit {
    return { epoch: this.#epoch, addresses };
  }

  /** It comes, for `notNow` did not turn it away; to a closed site it is the probe. */
  enter(visit: Visit, now: Instant): void {
    this.inHand += 1;
    if (this.#learnt.closure !== undefined) this.#probe = { visit, until: now + pacingLimits.probeMs };
  }

  /** How the visit went. */
  learn(visit: Visit, answer: Answer, now: Instant): void {
    if (answer.kind === "good" || answer.kind === "reached") this.#reached(visit);
    if (answer.kind === "good") {
      this.#isRefusing = false;
      this.#grow();
    }
    if (answer.kind === "bad" && visit.epoch === this.#epoch) this.#bad(visit, answer, now);
  }

  leave(visit: Visit): void {
    if (this.#probe?.visit === visit) this.#probe = undefined;
    this.inHand -= 1;
  }

  /** The rate lets a message go now. */
  take(now: Instant): boolean {
    const { rate } = this;
    if (rate !== Infinity && !this.#bucket.take(now, rate)) return false;
    this.#meter.count(now);
    return true;
  }

  /** When the rate lets the next message go. */
  nextAt(now: Instant): Instant {
    const { rate } = this;
    return rate === Infinity ? now : this.#bucket.nextAt(now, rate);
  }

  /** A place in time for a delivery that is beyond the rate. */
  book(now: Instant): NotNow {
    const { rate } = this;
    const first = now + pacingLimits.lineMs;
    const last = now + pacingLimits.bookedMs;
    this.#bookedUntil = Math.max(this.#bookedUntil, first) + 60_000 / rate;
    const isFull = this.#bookedUntil > last;
    if (isFull) this.#bookedUntil = last;
    const until = isFull ? first : this.#bookedUntil;
    const { trouble } = this.#learnt;
    const isLearnt = this.#learnt.rate !== undefined && this.#learnt.rate <= rate;
    const text = `no more than ${Math.ceil(rate)} messages a minute go to its mail servers, as the configuration says`;
    const because: Failure = isLearnt && trouble !== undefined ? trouble.because : { kind: "held-back", text };
    return { because, until, spreadMs: isFull ? last - first : 0, mayExpire: true };
  }

  /** It is tried again at once, by as many as its window lets. */
  reopen(): void {
    const { closure, ...learnt } = this.#learnt;
    this.#probe = undefined;
    if (closure !== undefined) this.#learnt = learnt;
  }

  /** Nothing was heard of trouble for so long that it is forgotten. */
  forget(now: Instant): void {
    const { trouble, closure } = this.#learnt;
    const latest = closure?.until ?? trouble?.at ?? Infinity;
    if (latest + pacingLimits.forgetMs < now && this.inHand === 0) this.#learnt = freshFor(this.rules);
  }

  #reached(visit: Visit): void {
    // that one got through before we were told to stop is no news
    if (!this.#learnt.closure?.isStop || visit.epoch === this.#epoch) this.reopen();
  }

  #grow(): void {
    const { window, threshold, rate } = this.#learnt;
    const isUsed = this.inHand >= Math.floor(window);
    const isQuick = threshold === null || window < threshold;
    if (isUsed && window < this.rules.maxConnections) {
      const grown = Math.min(window + (isQuick ? 1 : 1 / window), this.rules.maxConnections);
      this.#learnt = { ...this.#learnt, window: grown };
    }
    if (rate !== undefined && this.#bucket.isLow) this.#setRate(rate + pacingLimits.rateGrowth);
  }

  #setRate(perMinute: number): void {
    const { rate: _, ...learnt } = this.#learnt;
    const isLimit = perMinute < pacingLimits.fastestPerMinute;
    this.#learnt = { ...learnt, ...(isLimit && { rate: perMinute }) };
  }

  #bad(visit: Visit, { signal, because }: Answer & { kind: "bad" }, now: Instant): void {
    if (signal === "cold") return this.#reached(visit);
    this.#epoch += 1;
    this.#learnt = { ...this.#learnt, trouble: { at: now, because } };
    switch (signal) {
      case "unreachable":
        // with sessions open, it only takes no more of them
        if (this.sessions > 0) this.#halve(this.sessions);
        else this.#close(because, { now, visit, isStop: false });
        return;
      case "stop":
        this.#close(because, { now, visit, isStop: true });
        return;
      case "rate":
        // it takes nothing at all for a while, whatever the rate: slower still would be slow long after that
        if (this.#isRefusing) this.#close(because, { now, visit, isStop: false });
        else this.#slowDown(now);
        return;
      case "messages": {
        const messagesPerConnection = Math.max(1, Math.floor(this.messagesPerConnection / 2));
        this.#learnt = { ...this.#learnt, messagesPerConnection };
        return;
      }
      case "connections":
        this.#cut(because, now, visit);
        return;
      case "slow":
        if (this.#learnt.window < 2) this.#slowDown(now);
        this.#cut(because, now, visit);
        return;
    }
  }

  /** Fewer connections; a site that lets not even one in is left alone for a while. */
  #cut(because: Failure, now: Instant, visit: Visit): void {
    const isAtTheDoor = "stage" in because && (because.stage === "greeting" || because.stage === "hello");
    if (isAtTheDoor && this.sessions === 0) this.#close(because, { now, visit, isStop: false });
    else this.#halve(Infinity);
  }

  #halve(most: number): void {
    const window = Math.max(1, Math.min(this.#learnt.window / 2, most));
    this.#learnt = { ...this.#learnt, window, threshold: window };
  }

  #slowDown(now: Instant): void {
    const { rate = Infinity } = this.#learnt;
    const least = rate === Infinity ? pacingLimits.firstPerMinute : pacingLimits.slowestPerMinute;
    this.#setRate(Math.max(least, Math.min(rate, this.#meter.perMinute(now)) / 2));
    this.#bucket.empty(now);
    this.#isRefusing = true;
  }

  #close(because: Failure, { now, visit, isStop }: { now: Instant; visit: Visit; isStop: boolean }): void {
    const { firstMs, longestMs } = this.#parts.closed;
    const failures = (this.#learnt.closure?.failures ?? 0) + 1;
    const longMs = Math.min((isStop ? pacingLimits.stoppedMs : firstMs) * 2 ** (failures - 1), longestMs);
    const until = now + Math.round(longMs * (0.8 + 0.2 * this.#parts.random())); // not all sites of one outage at once
    const threshold = Math.max(1, Math.floor(this.#learnt.window / 2));
    const tried = [...new Set([...visit.addresses(), ...(this.#learnt.closure?.tried ?? [])])];
    const closure = { because, since: now, until, failures, tried: tried.slice(0, pacingLimits.triedKept), isStop };
    // back from an outage, it is as one of which nothing is known; told to stop, we begin anew
    const window = isStop ? 1 : Math.min(this.#learnt.window, pacingLimits.firstWindow);
    this.#learnt = { ...this.#learnt, window, threshold, closure };
  }
}

const freshFor = ({ maxConnections }: SiteRules): Learnt => ({
  window: Math.min(pacingLimits.firstWindow, maxConnections),
  threshold: null,
});

function suspension(words: string, now: Instant): NotNow {
  const text = `the operator suspended mail to this destination${words === "" ? "" : `: ${words}`}`;
  const { suspendedMs } = pacingLimits;
  return { because: { kind: "held-back", text }, until: now + suspendedMs, spreadMs: suspendedMs, mayExpire: false };
}
