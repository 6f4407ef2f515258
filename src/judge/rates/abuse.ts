// Clients that misbehave: each offence gives their network points, time and good recipients take them away. Who has many
// waits for our replies; who has more is not let in for a while.
import type { World } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { Listener } from "../../journal/journal.ts";
import type { Client } from "../../mail/client.ts";
import { reply } from "../../mail/reply.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import type { Debts } from "./debts.ts";
import { networkOf } from "../identity/identity.ts";
import { offenceOf, offencePoints } from "./offence.ts";
import { inWords } from "./rates.ts";

export interface AbuseSettings {
  /** Points; 0: never. */
  readonly slowAt: number;
  readonly refuseAt: number;
  readonly longestDelayMs: number;
  readonly refuseForMs: number;
  /** One point is forgiven in each such time. */
  readonly forgiveEveryMs: number;
}

export interface AbuseParts {
  readonly settings: AbuseSettings;
  readonly debts: Debts;
  readonly world: World;
  /** Trusted networks, whoever has logged in, and whoever speaks for others: proxies, mail filters in front of us. */
  readonly isExempt: (client: Client) => boolean;
  /** Mail was accepted from the client's network lately: it is slowed only. Never rejects. */
  readonly isUseful: (client: Client) => boolean | Promise<boolean>;
}

export const abuseLimits = {
  /** Each point beyond `slowAt` makes the wait longer by so much. */
  delayPerPointMs: 1_000,
  /** Replies that wait at once, of one thread: each is a socket that is held. Whoever comes beyond is disconnected. */
  waiting: 200,
  /** Taken away for each recipient of a message that was taken: one unknown in five is no list of guesses. */
  pointsPerGoodRecipient: 0.25,
  /** Of one message, so that it takes more than one to be forgiven. */
  goodRecipients: 10,
} as const;

const name = "abuse";

type Refused = Extract<Event, { kind: "refused" }>;
type Received = Extract<Event, { kind: "received" }>;

export class Abuse implements Disposable {
  readonly #parts: AbuseParts;
  readonly #ending = new AbortController();
  #waiting = 0;

  constructor(parts: AbuseParts) {
    this.#parts = parts;
  }

  /** To stand first: what they say ends the session, and must not be outdone by another refusal. */
  readonly checks: readonly Check[] = (["connect", "rcpt"] as const).map((phase) => ({
    name,
    phase,
    judge: (facts) => this.#judge(facts),
  }));

  /** Learns from what happened. */
  readonly listener: Listener = (event) => {
    if (event.kind === "refused") this.#blame(event);
    else if (event.kind === "received" && !this.#isKnown(event.client)) this.#forgive(event);
  };

  /** Of a trusted network, of which nothing is counted. */
  #isKnown(client: Client): boolean {
    return client.account === undefined && this.#parts.isExempt(client);
  }

  /** Ends the waits. */
  [Symbol.dispose](): void {
    this.#ending.abort();
  }

  #judge({ client, trusted }: Facts): Finding | Promise<Finding> {
    const { debts, settings, isExempt } = this.#parts;
    if (trusted || isExempt(client)) return nothing;
    const network = networkOf(client.address);
    const refusedMs = debts.of(keys.refused(network));
    if (refusedMs > 0) return disconnect(network, `please come again in ${inWords(refusedMs)}`);
    const beyond = debts.of(keys.points(network)) / settings.forgiveEveryMs - settings.slowAt;
    if (settings.slowAt === 0 || beyond < 0) return nothing;
    if (this.#waiting >= abuseLimits.waiting) return disconnect(network, "please come again in a few minutes");
    return this.#slow(Math.min(settings.longestDelayMs, (1 + Math.floor(beyond)) * abuseLimits.delayPerPointMs));
  }

  async #slow(delayMs: number): Promise<Finding> {
    this.#waiting += 1;
    await this.#parts.world.sleep(delayMs, this.#ending.signal);
    this.#waiting -= 1;
    return nothing;
  }

  #blame(event: Refused): void {
    const { debts, settings, isExempt } = this.#parts;
    const offence = offenceOf(event);
    if (offence === undefined || isExempt(event.client)) return;
    const { slowAt, refuseAt, refuseForMs, forgiveEveryMs } = settings;
    const network = networkOf(event.client.address);
    const most = 2 * Math.max(slowAt, refuseAt) * forgiveEveryMs; // however much was done, it is forgiven in a known time
    const owed = debts.add(keys.points(network), offencePoints[offence] * forgiveEveryMs, most);
    if (refuseAt === 0 || owed < (refuseAt - rounding) * forgiveEveryMs) return;
    // else others there share the address with whoever misbehaves
    const decide = (isUseful: boolean): void => void (isUseful || debts.raise(keys.refused(network), refuseForMs));
    const isUseful = this.#parts.isUseful(event.client);
    if (isUseful instanceof Promise) void isUseful.then(decide);
    else decide(isUseful);
  }

  #forgive({ client, to }: Received): void {
    const { debts, settings } = this.#parts;
    const network = networkOf(client.address);
    const points = Math.min(to.length, abuseLimits.goodRecipients) * abuseLimits.pointsPerGoodRecipient;
    debts.add(keys.points(network), -points * settings.forgiveEveryMs);
  }
}

/** Of a point: those of one instant add up to whole ones, what time has taken from them meanwhile does not count. */
const rounding = 0.5;

const keys = {
  points: (network: string): string => `abuse|${network}`,
  refused: (network: string): string => `refused|${network}`,
} as const;

/** RFC 5321 §3.8: 421 ends the session. Not 554: the next hour it is welcome again, with all its mail. */
function disconnect(network: string, whatToDo: string): Finding {
  const text = `too many unknown recipients, failed logins or errors came from ${network}; ${whatToDo}`;
  return { kind: "refuse", check: name, reply: reply(421, "4.7.0", text) };
}
