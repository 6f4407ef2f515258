// Sites of the simulated internet: sets of mail hosts with a character, and what they think of a client.
import type { Instant } from "../src/base/world.ts";
import { type Reply, reply } from "../src/mail/reply.ts";
import type { Dice } from "./dice.ts";

/** How a site says that it gets too much from us. The code alone would not tell: the words do. */
export const throttleWords = {
  connections: [
    reply(421, "4.7.0", "too many concurrent SMTP connections from your address; please try again later"),
    reply(421, "4.3.2", "too many sessions from this host, closing transmission channel"),
    reply(421, "4.4.5", "too many connections; slow down"),
  ],
  rate: [
    reply(421, "4.7.28", "an unusual rate of mail comes from your address; it is temporarily rate limited"),
    reply(451, "4.7.650", "the mail server has been temporarily rate limited because of its reputation"),
    reply(421, "4.7.0", "[TSS04] messages temporarily deferred due to unexpected volume"),
    reply(450, "4.7.1", "rate limit exceeded; try again later"),
  ],
} as const satisfies Record<string, readonly Reply[]>;

export interface Character {
  /** One way. */
  readonly latencyMs: number;
  /** Before each answer that needs a look into a mailbox. */
  readonly thinkMs: number;
  readonly tls: "none" | "works" | "stalls" | "fails";
  /** Connections that it bears, of all our nodes together. */
  readonly maxConnections?: number;
  /** Messages that it takes in a minute. */
  readonly maxPerMinute?: number;
  /** Who was too fast gets nothing through for so long. */
  readonly penaltyMs?: number;
  /** Closes the session after so many. */
  readonly maxPerConnection?: number;
  readonly greylistMs?: number;
  /** Parts of the addresses and messages that it refuses for good, or for now. */
  readonly unknownUsers?: number;
  readonly fullMailboxes?: number;
  readonly spamWords?: number;
  /** Its hosts, from the first on, that do not answer. */
  readonly deadHosts?: number;
  readonly deadHow?: "refused" | "silent" | "no-route";
  /** An idle session is closed after this. */
  readonly idleMs: number;
}

export type Refusal = { readonly reply: Reply; readonly isThrottle: boolean };

const minuteMs = 60_000;
/** A triplet is remembered so long. */
const greylistedMs = 240 * minuteMs;
const no = (words: Reply): Refusal => ({ reply: words, isThrottle: false });
const slower = (words: Reply): Refusal => ({ reply: words, isThrottle: true });

export class Site {
  readonly name: string;
  readonly character: Character;
  /** Host name → address, in order of preference. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly #dice: Dice;
  readonly #connectionWords: Reply;
  readonly #rateWords: Reply;
  /** When messages were taken, of the last minute. */
  readonly #taken: Instant[] = [];
  #punishedUntil: Instant = 0;
  readonly #greylist = new Map<string, Instant>();
  /** Nobody answers until then. */
  downUntil: Instant = 0;
  /** Sessions now. */
  sessions = 0;
  throttled = 0;

  constructor(name: string, character: Character, { hosts, dice }: { hosts: Map<string, string>; dice: Dice }) {
    this.name = name;
    this.character = character;
    this.hosts = hosts;
    this.#dice = dice;
    this.#connectionWords = dice.pick(throttleWords.connections);
    this.#rateWords = dice.pick(throttleWords.rate);
  }

  isDead(address: string, now: Instant): boolean {
    const { deadHosts = 0 } = this.character;
    return now < this.downUntil || [...this.hosts.values()].indexOf(address) < deadHosts;
  }

  onConnect(): Refusal | undefined {
    const { maxConnections = Infinity } = this.character;
    return this.sessions > maxConnections ? this.#throttle(this.#connectionWords) : undefined;
  }

  onMail(now: Instant, transactions: number): Refusal | undefined {
    const { maxPerMinute = Infinity, maxPerConnection = Infinity } = this.character;
    if (transactions > maxPerConnection)
      return no(reply(421, "4.7.0", "too many messages in this connection; open another"));
    if (now < this.#punishedUntil) return this.#throttle(this.#rateWords);
    if (this.#takenAt(now) < maxPerMinute) return undefined;
    this.#punishedUntil = now + (this.character.penaltyMs ?? 0);
    return this.#throttle(this.#rateWords);
  }

  onRcpt(now: Instant, from: string, to: string): Refusal | undefined {
    const { greylistMs, unknownUsers = 0, fullMailboxes = 0 } = this.character;
    const fortune = this.#dice.split(to).next();
    if (fortune < unknownUsers) return no(reply(550, "5.1.1", `<${to}>: user unknown`));
    if (fortune > 1 - fullMailboxes) return no(reply(452, "4.2.2", `<${to}>: mailbox full`));
    if (greylistMs === undefined) return undefined;
    const triplet = `${from} ${to}`;
    const since = this.#greylist.get(triplet) ?? now;
    this.#greylist.set(triplet, since);
    for (const [old, at] of this.#greylist) {
      if (now - at < greylistedMs) break;
      this.#greylist.delete(old);
    }
    return now - since < greylistMs
      ? no(reply(451, "4.7.1", "greylisted, please try again in some minutes"))
      : undefined;
  }

  onMessage(now: Instant, token: string): Refusal | undefined {
    if (this.#dice.split(token).chance(this.character.spamWords ?? 0))
      return no(reply(554, "5.7.1", "message rejected because of its content"));
    this.#taken.push(now);
    return undefined;
  }

  /** In the last minute. */
  #takenAt(now: Instant): number {
    const first = this.#taken.findIndex((at) => at > now - minuteMs);
    this.#taken.splice(0, first < 0 ? this.#taken.length : first);
    return this.#taken.length;
  }

  #throttle(words: Reply): Refusal {
    this.throttled += 1;
    return slower(words);
  }
}
