// The load of a day: who sends what to whom, on a realistic mix of destinations, many of them ill in their own way.
import { SessionFailure } from "../src/smtp/client-wire.ts";
import type { Clock } from "./clock.ts";
import type { Dice } from "./dice.ts";
import type { Domain, Internet } from "./internet.ts";
import type { Mail } from "./ledger.ts";
import type { Network } from "./network.ts";
import { minuteMs, secondMs } from "./scenario.ts";
import { connect } from "./sim-wire.ts";
import type { Character } from "./site.ts";

const site = (latencyMs: number, more: Partial<Character> = {}): Character => ({
  latencyMs,
  thinkMs: 20,
  tls: "works",
  idleMs: minuteMs,
  unknownUsers: 0.02,
  spamWords: 0.005,
  ...more,
});

/** Part of the recipients, on so many sites. */
const mix: readonly { readonly part: number; readonly sites: number; readonly character: Character }[] = [
  { part: 0.45, sites: 3, character: site(30) },
  { part: 0.1, sites: 1, character: site(40, { maxPerMinute: 60, penaltyMs: minuteMs }) },
  { part: 0.2, sites: 150, character: site(50) },
  { part: 0.06, sites: 40, character: site(60, { greylistMs: 5 * minuteMs }) },
  { part: 0.03, sites: 15, character: site(80, { maxConnections: 2 }) },
  { part: 0.03, sites: 15, character: site(80, { fullMailboxes: 0.5 }) },
  { part: 0.03, sites: 15, character: site(80, { maxPerMinute: 2 }) },
  { part: 0.02, sites: 10, character: site(100, { thinkMs: 20 * secondMs }) },
  { part: 0.02, sites: 10, character: site(60, { deadHosts: 1, deadHow: "silent" }) },
  { part: 0.01, sites: 5, character: site(60, { deadHosts: 9, deadHow: "silent" }) },
  { part: 0.01, sites: 5, character: site(60, { deadHosts: 9, deadHow: "refused" }) },
  { part: 0.01, sites: 5, character: site(60, { tls: "stalls" }) },
  { part: 0.01, sites: 5, character: site(60, { tls: "fails" }) },
  { part: 0.01, sites: 5, character: site(60, { maxPerConnection: 1 }) },
];
/** Of recipients whose domain was mistyped: each time another one. */
const mistyped = 0.01;

export interface Weighted {
  readonly domain: Domain;
  /** This one or one before it. */
  readonly upTo: number;
}

/** Destinations, and `home.sim`, to which most senders belong. */
export function populate(internet: Internet): Weighted[] {
  const home = internet.addSite("home.sim", site(10, { unknownUsers: 0, spamWords: 0 }), 1);
  internet.addDomain({ name: "home.sim", kind: "mail", site: home });
  const all: Weighted[] = [];
  let upTo = 0;
  const add = (domain: Domain, part: number): void => {
    internet.addDomain(domain);
    upTo += part;
    all.push({ domain, upTo });
  };
  for (const [kind, { part, sites, character }] of mix.entries())
    for (let i = 0; i < sites; i += 1) {
      const name = `s${kind}-${i}.sim`;
      const site = internet.addSite(name, character, 2);
      add({ name, kind: "mail", site }, part / sites / 2);
      add({ name: `other-${name}`, kind: "mail", site }, part / sites / 2);
    }
  for (const kind of ["null-mx", "server-failure", "timeout"] as const) add({ name: `${kind}.sim`, kind }, 0.002);
  return all.map(({ domain, upTo: at }) => ({ domain, upTo: at / upTo }));
}

export function drawMail(
  dice: Dice,
  token: string,
  { body, domains }: { readonly body: string; readonly domains: readonly Weighted[] },
): Mail {
  const count = dice.chance(0.9) ? 1 : dice.integer(2, 10);
  const to = new Set<string>();
  for (let i = 0; i < count; i += 1) {
    const drawn = dice.next();
    const { domain } = domains.find(({ upTo }) => drawn < upTo)!;
    const name = dice.chance(mistyped) ? `typo-${token.replace("@", ".")}` : domain.name;
    to.add(`u${dice.integer(1, 1_000)}@${name}`);
  }
  // most senders can be written to; some mail is a notice itself, and some senders' own site is dead
  const drawn = dice.next();
  const from = drawn < 0.05 ? "" : `s${dice.integer(1, 100)}@${drawn < 0.06 ? "s9-0.sim" : "home.sim"}`;
  return { token, from, to: [...to], notify: dice.pick(["unsaid", "unsaid", "FAILURE", "SUCCESS,FAILURE"]), body };
}

export function bodyOf(dice: Dice, kilobytes: number): string {
  const line = (): string => dice.next().toString(36).slice(2).padEnd(76, "abcdefghij").slice(0, 76);
  return Array.from({ length: Math.ceil((kilobytes * 1024) / 78) }, () => `${line()}\r\n`).join("");
}

/** Wants us to relay, and is refused. */
export async function stranger(clock: Clock, network: Network, server: string): Promise<void> {
  const dialling = { clock, network, from: undefined, fromAddress: "198.19.2.1" };
  const host = { name: server, address: server, port: 25 };
  try {
    const wire = await connect(dialling, { host, timeoutMs: minuteMs, signal: new AbortController().signal });
    const lines = ["EHLO stranger.sim", "MAIL FROM:<a@stranger.sim>", "RCPT TO:<b@victim.sim>", "QUIT"];
    try {
      await wire.reply("greeting", minuteMs);
      for (const line of lines) {
        wire.send(`${line}\r\n`);
        await wire.reply("mail", minuteMs);
      }
    } finally {
      wire.close();
    }
  } catch (error) {
    if (!(error instanceof SessionFailure)) throw error;
  }
}
