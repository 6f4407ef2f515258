// `node sim/mailing.ts`: one large mailing to a realistic mix of sites, with fixed limits and with the pacer. How long
// until most of it is delivered, and how many refusals it provokes.
import { parseArgs } from "node:util";
import type { World } from "../src/base/world.ts";
import type { Config } from "../src/config/schema.ts";
import { Pacer } from "../src/deliver/pacing/pacer.ts";
import { Client } from "./client.ts";
import { Clock } from "./clock.ts";
import { Dice } from "./dice.ts";
import type { Taken } from "./host.ts";
import { Internet } from "./internet.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { Node } from "./node.ts";
import { hourMs, minuteMs, readConfig, secondMs } from "./scenario.ts";
import { SharedStore } from "./shared-store.ts";
import type { Character, Site } from "./site.ts";
import { installTimers } from "./timers.ts";

/** Deals with each delivery's answer as if it said nothing of our pace; a site that cannot be reached is still left alone. */
class FixedPacer extends Pacer {
  override learn(...[site, visit, answer]: Parameters<Pacer["learn"]>): void {
    const isDead = answer.kind === "bad" && answer.signal === "unreachable";
    super.learn(site, visit, answer.kind === "bad" && !isDead ? { kind: "reached" } : answer);
  }
}

interface Setup {
  readonly name: string;
  readonly connections: number;
  readonly pacing: "fixed" | "learnt";
}

const setups: readonly Setup[] = [
  { name: "fixed, 5 connections", connections: 5, pacing: "fixed" },
  { name: "fixed, 20 connections", connections: 20, pacing: "fixed" },
  { name: "fixed, 50 connections", connections: 50, pacing: "fixed" },
  { name: "pacer, up to 20", connections: 20, pacing: "learnt" },
  { name: "pacer, up to 50", connections: 50, pacing: "learnt" },
];

interface Kind {
  readonly name: string;
  readonly character: Character;
  readonly sites: number;
  /** Part of all recipients, of all these sites together. */
  readonly part: number;
}

const site = (latencyMs: number, more: Partial<Character> = {}): Character => ({
  latencyMs,
  thinkMs: 30,
  tls: "works",
  idleMs: minuteMs,
  ...more,
});

/** Three large providers that watch our pace each in its way, some middling ones, and many small sites. */
const mix: readonly Kind[] = [
  {
    name: "a provider: 600 a minute, or 2 minutes of refusals",
    part: 0.3,
    sites: 1,
    character: site(30, { maxPerMinute: 600, penaltyMs: 2 * minuteMs }),
  },
  {
    name: "a provider: 10 connections, 300 a minute",
    part: 0.15,
    sites: 1,
    character: site(40, { maxConnections: 10, maxPerMinute: 300 }),
  },
  {
    name: "a provider: 60 a minute, or 5 minutes of refusals",
    part: 0.1,
    sites: 1,
    character: site(60, { maxPerMinute: 60, penaltyMs: 5 * minuteMs, maxPerConnection: 20 }),
  },
  { name: "15 middling: 5 connections", part: 0.12, sites: 15, character: site(40, { maxConnections: 5 }) },
  { name: "10 middling: 60 a minute", part: 0.08, sites: 10, character: site(50, { maxPerMinute: 60 }) },
  { name: "600 small", part: 0.14, sites: 600, character: site(50) },
  { name: "150 small: 2 connections", part: 0.04, sites: 150, character: site(80, { maxConnections: 2 }) },
  { name: "120 small: greylisting", part: 0.03, sites: 120, character: site(60, { greylistMs: 5 * minuteMs }) },
  { name: "60 small: 20 s for each answer", part: 0.02, sites: 60, character: site(100, { thinkMs: 20 * secondMs }) },
  { name: "60 small: dead", part: 0.02, sites: 60, character: site(100, { deadHosts: 9, deadHow: "silent" }) },
];

interface Report {
  /** Of each kind of site, in the order of the mix. */
  readonly kinds: readonly { readonly takenAfterMs: readonly number[]; readonly throttled: number }[];
  /** Of what could be delivered at all: milliseconds after the first message came in, sorted. */
  readonly takenAfterMs: readonly number[];
  readonly deliverable: number;
  readonly throttled: number;
  readonly attempts: number;
  readonly connections: number;
}

const { values } = parseArgs({
  options: {
    recipients: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    hours: { type: "string", default: "24" },
    only: { type: "string" },
    kinds: { type: "boolean", default: false },
  },
});

console.log("setup                    50 %      95 %      99 %   not yet   refusals   attempts   connections");
for (const setup of setups) {
  if (values.only !== undefined && !setup.name.startsWith(values.only)) continue;
  const report = await mail(setup, new Dice(Number(values.seed)), Number(values.recipients));
  const { deliverable, takenAfterMs } = report;
  const at = (part: number): string => {
    const ms = takenAfterMs[Math.ceil(part * deliverable) - 1];
    return (ms === undefined ? "never" : timeText(ms)).padStart(10);
  };
  const count = (number: number, width: number): string => String(number).padStart(width);
  console.log(
    setup.name.padEnd(19) + at(0.5) + at(0.95) + at(0.99) + count(deliverable - takenAfterMs.length, 10),
    count(report.throttled, 10) + count(report.attempts, 11) + count(report.connections, 14),
  );
  if (!values.kinds) continue;
  for (const [i, { takenAfterMs, throttled }] of report.kinds.entries()) {
    const { name, sites, character } = mix[i]!;
    const bestMs = (takenAfterMs.length / sites / (character.maxPerMinute ?? Infinity)) * minuteMs;
    const half = timeText(takenAfterMs[takenAfterMs.length >> 1] ?? 0);
    const all = timeText(takenAfterMs.at(-1) ?? 0);
    const times = `half after ${half}, all after ${all} (best possible ${timeText(bestMs)})`;
    console.log(`  ${name}: ${takenAfterMs.length} taken, ${times}, ${throttled} refusals`);
  }
}

function configOf({ connections }: Setup): Config {
  return readConfig(`
    [relay]
    networks = ["198.19.1.0/24"]
    [receive]
    max_connections_per_address = 1000
    [deliver]
    ip = "ipv4"
    max_connections_per_site = ${connections}
  `);
}

function createFixedPacer({ deliver }: Config, world: World): Pacer {
  const { max_connections_per_site: maxConnections, max_messages_per_connection } = deliver;
  return new FixedPacer({
    world,
    defaults: {
      maxConnections,
      maxMessagesPerConnection: max_messages_per_connection,
      maxMessagesPerMinute: Infinity,
    },
  });
}

/** One mailing, one message for each recipient, from its beginning until all is delivered or the time is up. */
async function mail(setup: Setup, dice: Dice, recipients: number): Promise<Report> {
  const clock = new Clock(Date.UTC(2026, 0, 1));
  using _ = installTimers(clock);
  const start = clock.now;
  const world = createMailWorld(clock, setup, dice);
  const { internet, ledger, clients, taken } = world;
  const { addresses, deliverable } = drawRecipients(dice.split("recipients"), build(internet), recipients);
  clock.planFor(undefined, secondMs, () => {
    for (const [i, to] of addresses.entries()) {
      const mail = { token: `m${i}@client.sim`, from: "news@sender.sim", to: [to], notify: "NEVER" } as const;
      clients[i % clients.length]!.send({ ...mail, body: `Hello ${to}\r\n` });
    }
  });
  const until = start + Number(values.hours) * hourMs;
  await clock.run(() => clock.now > until || taken.size >= deliverable);
  const sorted = (belongs: (to: string) => boolean): number[] =>
    [...taken].flatMap(([to, at]) => (belongs(to) ? at - start : [])).toSorted((a, b) => a - b);
  return {
    takenAfterMs: sorted(() => true),
    kinds: mix.map((_, kind) => ({
      takenAfterMs: sorted((to) => to.includes(`@s${kind}-`)),
      throttled: sum(internet.sites.filter(({ name }) => name.startsWith(`s${kind}-`))),
    })),
    deliverable,
    throttled: sum(internet.sites),
    attempts: ledger.tally.deferred + ledger.tally.delivered,
    connections: world.connections(),
  };
}

/** One node, forty clients that send as fast as they can, and nothing that fails but the sites. */
function createMailWorld(clock: Clock, setup: Setup, dice: Dice) {
  /** When, by recipient. */
  const taken = new Map<string, number>();
  let connections = 0;
  const say = (): void => {};
  const onBug = (text: string): void => {
    throw new Error(text);
  };
  const ledger = new Ledger({ report: onBug, say, kindOf: () => "mail" });
  const network = new Network(clock, ({ toAddress }) => {
    const site = internet.siteAt(toAddress);
    const latencyMs = site?.character.latencyMs ?? 2;
    return site?.isDead(toAddress, clock.now) ? { latencyMs, dial: "silent" } : { latencyMs };
  });
  const onTaken = (message: Taken): (() => void) => {
    for (const to of message.to) taken.set(to, clock.now);
    return ledger.taken(message);
  };
  const internet = new Internet({ clock, network, dice: dice.split("internet"), onTaken });
  const storeParts = { clock, dice: dice.split("store"), ledger, leaseRule: "recover", say } as const;
  const store = new SharedStore({ ...storeParts, faultRate: () => 0 });
  const config = configOf(setup);
  const onConnection = () => {
    connections += 1;
    return () => {};
  };
  const parts = { clock, network, internet, store, ledger, config, dice: dice.split("node"), say, onBug, onConnection };
  const createPacer = (world: World): Pacer => createFixedPacer(config, world);
  const node = new Node(1, { ...parts, nodes: 1, ...(setup.pacing === "fixed" && { createPacer }) });
  node.start();
  const clients = Array.from({ length: 40 }, (_, i) => {
    const own = { dice: dice.split(`client ${i}`), address: "198.19.1.1", servers: [node.address] };
    return new Client({ clock, network, ledger, ...own, isProgram: true });
  });
  return { internet, ledger, clients, taken, connections: () => connections };
}

function sum(sites: readonly Site[]): number {
  return sites.reduce((sum, { throttled }) => sum + throttled, 0);
}

function build(internet: Internet): { readonly site: Site; readonly weight: number }[] {
  return mix.flatMap(({ character, sites, part }, kind) =>
    Array.from({ length: sites }, (_, i) => {
      const name = `s${kind}-${i}.sim`;
      const site = internet.addSite(name, character, 1);
      internet.addDomain({ name, kind: "mail", site });
      return { site, weight: part / sites };
    }),
  );
}

/** Each address once; `deliverable`: those whose site is not dead. */
function drawRecipients(dice: Dice, sites: ReturnType<typeof build>, count: number) {
  let deliverable = 0;
  const addresses = Array.from({ length: count }, (_, i) => {
    let rest = dice.next() * sites.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = sites.find(({ weight }) => (rest -= weight) < 0) ?? sites[0]!;
    if (drawn.site.character.deadHosts === undefined) deliverable += 1;
    return `u${i}@${drawn.site.name}`;
  });
  return { addresses, deliverable };
}

/** "1:02:03" */
function timeText(ms: number): string {
  const [hours, rest] = [Math.floor(ms / hourMs), ms % hourMs];
  return `${hours}:${new Date(rest).toISOString().slice(14, 19)}`;
}
