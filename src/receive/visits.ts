// What arrives from a network whose visitor of the help page has pressed "start": kinds of things, never what was typed. Of
// nobody else, and not for long. Bounded: whoever asks much gets no answer, and no mail waits for this.
import { createHmac, randomBytes } from "node:crypto";
import { hash } from "../base/hash.ts";
import type { Instant, World } from "../base/world.ts";
import { accountKey } from "./accounts/account.ts";
import { siteOf } from "./admission.ts";
import type { HandshakeFault } from "./handshake.ts";

/** Why nobody was logged in. `clear`: before TLS; `elsewhere`: this port is not for mail apps. */
export type LoginFault = "wrong" | "limited" | "unavailable" | "malformed" | "mechanism" | "clear" | "elsewhere";

export type Happening =
  /** `security`: what the port is for. */
  | { readonly kind: "connected"; readonly port: number; readonly security: "implicit" | "starttls" | "none" }
  /** A TLS handshake where clear text begins. */
  | { readonly kind: "early-tls" }
  | { readonly kind: "secured"; readonly version: string }
  | { readonly kind: "not-secured"; readonly fault: HandshakeFault }
  /** `name`: what was typed; it is compared, and not kept. */
  | { readonly kind: "login"; readonly mechanism: string; readonly name?: string; readonly fault?: LoginFault }
  | {
      readonly kind: "refused";
      readonly stage: "connect" | "login-first" | "sender" | "limit" | "recipient" | "message";
    }
  | { readonly kind: "accepted" };

export interface Sighting {
  readonly at: Instant;
  readonly client: { readonly address: string; readonly port: number };
  readonly happening: Happening;
}

/** `name` is a keyed hash: only `isName` can tell whose it is. */
export type SeenHappening = Happening & { readonly at: Instant };

/** One connection. */
export interface SeenSession {
  readonly clientPort: number;
  readonly happenings: readonly SeenHappening[];
}

export const visitLimits = {
  /** From the press of the button on. */
  watchMs: 2 * 60_000,
  /** Then it is forgotten. */
  keepMs: 15 * 60_000,
  networks: 1_000,
  /** From one /24 or /48: so that nobody takes all places. */
  networksOfBlock: 16,
  /** An app opens one or a few; of more, the last ones. */
  sessions: 20,
  happenings: 30,
} as const;

const places = 4_096;

/** Until which second the networks of each hash are watched: all threads look there before they tell. */
export const watchTable = (): SharedArrayBuffer => new SharedArrayBuffer((1 + places) * Int32Array.BYTES_PER_ELEMENT);

/** Seconds since 2020: they fit into 31 bits for the next 68 years. */
const second = (at: Instant): number => Math.floor((at - Date.UTC(2020)) / 1_000);

const placeOf = (site: string): number => 1 + (hash(site, 0) % places);

/** For who sees clients: tells of those that are watched. With nobody watching, it costs one look at a number. */
export function watcher(
  table: SharedArrayBuffer,
  world: Pick<World, "now">,
  tell: (sighting: Sighting) => void,
): (client: Sighting["client"], happening: Happening) => void {
  const until = new Int32Array(table);
  return (client, happening) => {
    const latest = Atomics.load(until, 0);
    if (latest === 0) return;
    const at = world.now();
    if (latest < second(at) || Atomics.load(until, placeOf(siteOf(client.address))) < second(at)) return;
    tell({ at, client: { address: client.address, port: client.port }, happening });
  };
}

interface Watched {
  until: Instant;
  readonly sessions: Map<number, SeenHappening[]>;
}

/** In the first thread, for the help page. */
export class RecentVisits {
  readonly #world: Pick<World, "now">;
  readonly #until: Int32Array;
  readonly #networks = new Map<string, Watched>();
  readonly #secret = randomBytes(32);

  constructor(world: Pick<World, "now">, table: SharedArrayBuffer = watchTable()) {
    this.#world = world;
    this.#until = new Int32Array(table);
  }

  /** From now on for `watchMs`; `busy`: too many are watched already. */
  watch(address: string): "watched" | "busy" {
    this.#forgetOld();
    const site = siteOf(address);
    const known = this.#networks.get(site);
    if (known === undefined && !this.#hasRoomFor(address)) return "busy";
    const until = this.#world.now() + visitLimits.watchMs;
    if (known === undefined) this.#networks.set(site, { until, sessions: new Map() });
    else known.until = until;
    for (const place of [0, placeOf(site)]) Atomics.store(this.#until, place, second(until));
    return "watched";
  }

  seen({ at, client, happening }: Sighting): void {
    const network = this.#networks.get(siteOf(client.address));
    if (network === undefined) return;
    const { sessions } = network;
    const session = sessions.get(client.port) ?? [];
    if (session.length >= visitLimits.happenings) return;
    session.push({ ...this.#withoutName(happening), at });
    sessions.set(client.port, session);
    const [oldest] = sessions.keys();
    if (sessions.size > visitLimits.sessions && oldest !== undefined) sessions.delete(oldest);
  }

  /** The oldest first. Undefined: this network is not, and was not lately, watched. */
  of(address: string): readonly SeenSession[] | undefined {
    this.#forgetOld();
    const network = this.#networks.get(siteOf(address));
    return network && Array.from(network.sessions, ([clientPort, happenings]) => ({ clientPort, happenings }));
  }

  /** Of the press of the button, now, for the page's address: without it, nobody of the same network sees what came before. */
  ticketFor(address: string): string {
    const at = String(this.#world.now());
    return `${at}.${this.#proofOf(address, at)}`;
  }

  /** When the button was pressed; undefined: the ticket is not ours, or of another network. */
  startOf(ticket: string, address: string): Instant | undefined {
    const [at = "", proof] = ticket.split(".", 2);
    return proof === this.#proofOf(address, at) ? Number(at) : undefined;
  }

  /** Whether the hash in a happening is of this name. */
  isName(seen: string | undefined, name: string): boolean {
    return seen !== undefined && seen === this.#keyOf(name);
  }

  #withoutName(happening: Happening): Happening {
    if (happening.kind !== "login" || happening.name === undefined) return happening;
    return { ...happening, name: this.#keyOf(happening.name) };
  }

  #proofOf(address: string, at: string): string {
    return createHmac("sha256", this.#secret)
      .update(`\nstart ${siteOf(address)} ${at}`)
      .digest("base64url");
  }

  #keyOf(name: string): string {
    return createHmac("sha256", this.#secret).update(accountKey(name)).digest("base64");
  }

  #hasRoomFor(address: string): boolean {
    if (this.#networks.size >= visitLimits.networks) return false;
    const block = blockOf(siteOf(address));
    const ofBlock = [...this.#networks.keys()].filter((site) => blockOf(site) === block);
    return ofBlock.length < visitLimits.networksOfBlock;
  }

  #forgetOld(): void {
    const now = this.#world.now();
    for (const [site, { until }] of this.#networks)
      if (until - visitLimits.watchMs + visitLimits.keepMs < now) this.#networks.delete(site);
  }
}

/** Its /24, or its /48. */
const blockOf = (site: string): string =>
  site.includes(":") ? site.split(":").slice(0, 3).join(":") : site.slice(0, site.lastIndexOf("."));
