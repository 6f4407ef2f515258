// What a seed stands for: how many nodes, whose mail, which sites with which characters, and how much goes wrong.
import { parseConfig } from "../src/config/load.ts";
import type { Config } from "../src/config/schema.ts";
import { Dice } from "./dice.ts";
import type { Domain, DomainKind, Internet } from "./internet.ts";
import type { LeaseRule } from "./shared-store.ts";
import type { Character } from "./site.ts";

export const [secondMs, minuteMs, hourMs] = [1_000, 60_000, 3_600_000] as const;

/** Mean times between faults of a kind; Infinity: never. */
export interface FaultRates {
  readonly crashMs: number;
  readonly stopMs: number;
  readonly freezeMs: number;
  readonly storeOutageMs: number;
  readonly dnsOutageMs: number;
  readonly siteOutageMs: number;
  /** The operator holds, releases, retries, bounces or drops something. */
  readonly operatorMs: number;
  /** Part of the connections that are cut, and of the calls of the store that fail. */
  readonly cut: number;
  readonly storeCall: number;
}

export interface Scenario {
  readonly seed: number;
  readonly nodes: number;
  readonly clients: number;
  readonly messages: number;
  readonly sites: number;
  readonly domains: number;
  /** Messages come, and faults happen, so long. */
  readonly busyMs: number;
  readonly leaseRule: LeaseRule;
  readonly faults: FaultRates;
  readonly config: Config;
}

export type Size = "small" | "big";

export function drawScenario(seed: number, size: Size): Scenario {
  const dice = new Dice(seed).split("scenario");
  const isBig = size === "big";
  const nodes = dice.pick(isBig ? [3, 4, 5] : [1, 1, 2, 3, 4]);
  const messages = isBig ? dice.integer(400, 800) : dice.integer(3, 25);
  const giveUpMs = dice.pick(isBig ? [12 * hourMs, 48 * hourMs] : [hourMs, 2 * hourMs, 4 * hourMs, 10 * hourMs]);
  return {
    seed,
    nodes,
    clients: isBig ? 40 : dice.integer(1, 4),
    messages,
    sites: isBig ? 600 : dice.integer(2, 8),
    domains: isBig ? 2_000 : dice.integer(3, 12),
    busyMs: dice.between(0.2, 2) * (isBig ? 6 * hourMs : hourMs),
    leaseRule: nodes === 1 ? "recover" : dice.pick(["expire", "heartbeat", "heartbeat"]),
    faults: drawFaults(dice),
    config: drawConfig(dice, giveUpMs),
  };
}

/** A quarter of the seeds has a quiet life: what fails there has a simple cause. */
function drawFaults(dice: Dice): FaultRates {
  const isQuiet = dice.chance(0.25);
  const every = (probability: number, meanMs: number): number =>
    !isQuiet && dice.chance(probability) ? meanMs * dice.between(0.3, 3) : Infinity;
  return {
    crashMs: every(0.6, 8 * minuteMs),
    stopMs: every(0.4, 20 * minuteMs),
    freezeMs: every(0.4, 20 * minuteMs),
    storeOutageMs: every(0.6, 8 * minuteMs),
    dnsOutageMs: every(0.4, 20 * minuteMs),
    siteOutageMs: every(0.6, 10 * minuteMs),
    operatorMs: every(0.3, 10 * minuteMs),
    cut: isQuiet ? 0 : dice.pick([0, 0.05, 0.2]),
    storeCall: isQuiet ? 0 : dice.pick([0, 0, 0.01, 0.05]),
  };
}

function drawConfig(dice: Dice, giveUpMs: number): Config {
  const perSite = dice.pick([1, 2, 5, 20]);
  const text = `
    [relay]
    networks = ["198.19.1.0/24"]
    [deliver]
    ip = "ipv4"
    max_connections = ${dice.pick([4, 50, 500])}
    max_connections_per_site = ${perSite}
    max_messages_per_connection = ${dice.pick([2, 100])}
    idle_timeout = "${dice.pick(["0s", "10s"])}"
    [retry]
    give_up_after = "${giveUpMs / secondMs}s"
    delay_notice_after = "${dice.chance(0.5) ? Math.floor(giveUpMs / secondMs / 4) : 0}s"
  `;
  return readConfig(text);
}

export function readConfig(text: string): Config {
  const parsed = parseConfig(text, "simulation");
  if (parsed.kind === "bad") throw new Error(parsed.problems.map(({ what }) => what).join("; "));
  return parsed.config;
}

/** Most sites are well; each of the others is ill in its own way. */
export function drawCharacter(dice: Dice): Character {
  const ordinary: Character = {
    latencyMs: dice.between(1, 150),
    thinkMs: dice.pick([0, 20, 300]),
    tls: dice.pick(["none", "works", "works", "works"]),
    idleMs: dice.pick([30 * secondMs, 5 * minuteMs]),
    unknownUsers: dice.pick([0, 0.1]),
    spamWords: dice.pick([0, 0, 0.1]),
  };
  return { ...ordinary, ...drawPeculiarity(dice) };
}

function drawPeculiarity(dice: Dice): Partial<Character> {
  switch (dice.integer(1, 14)) {
    case 1:
      return { greylistMs: dice.between(1, 10) * minuteMs };
    case 2:
      return { maxConnections: dice.integer(1, 3) };
    case 3:
      return { maxPerMinute: dice.integer(2, 20) };
    case 4:
      return { maxPerConnection: dice.integer(1, 3) };
    case 5:
      return { fullMailboxes: 0.5 };
    case 6:
      return { deadHosts: 9, deadHow: dice.pick(["refused", "silent", "no-route"]) };
    case 7:
      return { deadHosts: 1, deadHow: dice.pick(["refused", "silent", "no-route"]) };
    case 8:
      return { tls: dice.pick(["stalls", "fails"]) };
    case 9:
      return { thinkMs: dice.pick([30, 200, 700]) * secondMs };
    default:
      return {};
  }
}

const domainKinds: readonly DomainKind[] = ["no-such-domain", "null-mx", "server-failure", "timeout"];

/** Sites and domains of a scenario; answers the domains, the first of which are the senders'. */
export function populate(internet: Internet, scenario: Scenario): Domain[] {
  const dice = new Dice(scenario.seed).split("population");
  const home = { latencyMs: 10, thinkMs: 0, tls: "works", idleMs: minuteMs } as const;
  const sites = [internet.addSite("home.sim", home, 1)];
  for (let i = 1; i < scenario.sites; i += 1)
    sites.push(internet.addSite(`site${i}.sim`, drawCharacter(dice), dice.integer(1, 3)));
  const domains: Domain[] = [{ name: "d0.sim", kind: "mail", site: sites[0]! }];
  for (let i = 1; i < scenario.domains; i += 1) {
    const name = `d${i}.sim`;
    domains.push(
      dice.chance(0.12) ? { name, kind: dice.pick(domainKinds) } : { name, kind: "mail", site: dice.pick(sites) },
    );
  }
  for (const domain of domains) internet.addDomain(domain);
  return domains;
}
