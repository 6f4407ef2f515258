// One seed from beginning to end: builds the scenario, lets it happen, and checks that nothing was lost.
import type { Instant } from "../src/base/world.ts";
import { Client } from "./client.ts";
import { Clock, type Process } from "./clock.ts";
import { Dice } from "./dice.ts";
import { drawFate, planFaults } from "./faults.ts";
import { Internet, type Domain } from "./internet.ts";
import { Ledger, type Mail, type Tally } from "./ledger.ts";
import { type Fate, Network } from "./network.ts";
import { Node } from "./node.ts";
import { hourMs, minuteMs, populate, type Scenario } from "./scenario.ts";
import { SharedStore } from "./shared-store.ts";
import { installTimers } from "./timers.ts";

export interface Result {
  readonly seed: number;
  readonly hash: string;
  readonly events: number;
  /** Simulated. */
  readonly tookMs: number;
  readonly tally: Tally;
  readonly violations: readonly string[];
}

const start: Instant = Date.UTC(2026, 0, 1);

/** How often all that is queued is looked at. */
const lookEveryMs = 10 * minuteMs;
/** Work that is due is in somebody's hands after this, when nothing is broken. */
const overdueMs = 90 * minuteMs;
/** Nodes that are told to stop have done so. */
const stopMs = 5 * hourMs;

/** Never rejects: what goes wrong is a violation. `tell`: is told the story. */
export async function simulate(scenario: Scenario, tell?: (line: string) => void): Promise<Result> {
  const clock = new Clock(start);
  using _ = installTimers(clock);
  return await new Simulation(clock, scenario, tell).run();
}

class Simulation {
  readonly #clock: Clock;
  readonly #scenario: Scenario;
  readonly #tell: ((line: string) => void) | undefined;
  readonly #dice: Dice;
  readonly #ledger: Ledger;
  readonly #network: Network;
  readonly #internet: Internet;
  readonly #store: SharedStore;
  readonly #nodes: Node[];
  readonly #clients: Client[];
  readonly #violations: string[] = [];
  readonly #busyUntil: Instant;
  /** To each site, of each process. */
  readonly #connections = new Map<string, Map<Process, number>>();
  #unsent: number;
  /** Since then some node could have worked all the time. */
  #healthySince: Instant = start;

  constructor(clock: Clock, scenario: Scenario, tell: ((line: string) => void) | undefined) {
    const { seed, faults, leaseRule, busyMs } = scenario;
    this.#clock = clock;
    this.#scenario = scenario;
    this.#tell = tell;
    this.#unsent = scenario.messages;
    this.#busyUntil = start + busyMs;
    const dice = new Dice(seed);
    this.#dice = dice;
    this.#ledger = new Ledger({
      report: (violation) => this.#report(violation),
      say: (text) => this.#say(text),
      kindOf: (domain) => this.#internet.domains.get(domain)?.kind,
    });
    const fateDice = dice.split("fate");
    this.#network = new Network(clock, (call): Fate =>
      drawFate({ clock, dice: fateDice, internet: this.#internet }, faults, { until: this.#busyUntil, call }),
    );
    this.#internet = new Internet({
      clock,
      network: this.#network,
      dice: dice.split("internet"),
      onTaken: (taken) => {
        this.#say(() => `${taken.site.name} takes a message of ${taken.from?.name} for ${taken.to.join(", ")}`);
        return this.#ledger.taken(taken);
      },
    });
    const storeDice = dice.split("store");
    this.#store = new SharedStore({
      clock,
      dice: storeDice,
      ledger: this.#ledger,
      leaseRule,
      say: (text) => this.#say(text),
      faultRate: () => (clock.now < this.#busyUntil ? faults.storeCall : 0),
    });
    this.#nodes = Array.from({ length: scenario.nodes }, (_, i) => this.#node(i + 1));
    const servers = this.#nodes.map(({ address }) => address);
    this.#clients = Array.from(
      { length: scenario.clients },
      (_, i) =>
        new Client({
          clock,
          network: this.#network,
          ledger: this.#ledger,
          dice: dice.split(`client ${i}`),
          address: `198.19.1.${i + 1}`,
          servers,
        }),
    );
  }

  async run(): Promise<Result> {
    const domains = populate(this.#internet, this.#scenario);
    for (const node of this.#nodes) node.start();
    this.#planMail(domains);
    const { faults: rates } = this.#scenario;
    planFaults({
      clock: this.#clock,
      dice: this.#dice.split("faults"),
      rates,
      until: this.#busyUntil,
      nodes: this.#nodes,
      store: this.#store,
      internet: this.#internet,
      tell: (text) => this.#say(text),
    });
    this.#clock.planFor(undefined, lookEveryMs, () => void this.#look());
    await this.#clock.run(() => this.#violations.length > 0 || this.#isDone());
    if (this.#violations.length === 0) await this.#end();
    const { hash, events, now } = this.#clock;
    const { tally } = this.#ledger;
    return { seed: this.#scenario.seed, hash, events, tookMs: now - start, tally, violations: this.#violations };
  }

  #node(number: number): Node {
    return new Node(number, {
      clock: this.#clock,
      network: this.#network,
      internet: this.#internet,
      store: this.#store,
      ledger: this.#ledger,
      config: this.#scenario.config,
      dice: this.#dice.split(`node ${number}`),
      nodes: this.#scenario.nodes,
      say: (text) => this.#say(text),
      onBug: (text) => this.#report(`bug: ${text}`),
      onConnection: (address, process) => this.#count(address, process),
    });
  }

  #say(text: () => string): void {
    this.#tell?.(`${stamp(this.#clock.now - start)} ${text()}`);
  }

  #report(violation: string): void {
    this.#say(() => `VIOLATION: ${violation}`);
    this.#violations.push(violation);
  }

  #planMail(domains: readonly Domain[]): void {
    const dice = this.#dice.split("mail");
    const { messages, busyMs } = this.#scenario;
    for (let i = 1; i <= messages; i += 1) {
      const mail = drawMail(dice, `m${i}@client.sim`, domains);
      const client = dice.pick(this.#clients);
      this.#clock.planFor(undefined, dice.between(0, busyMs), () => {
        this.#unsent -= 1;
        this.#say(() => `a client has ${mail.token} from ${mail.from} for ${mail.to.join(", ")}`);
        client.send(mail);
      });
    }
  }

  #isDone(): boolean {
    return this.#unsent === 0 && this.#ledger.queued.size === 0 && this.#clients.every(({ isDone }) => isDone);
  }

  /** A connection of a node to a site: of one node, and of all together, never more at once than the config says. */
  #count(address: string, process: Process): () => void {
    const site = this.#internet.siteAt(address)?.name ?? address;
    const holders = this.#connections.get(site) ?? new Map<Process, number>();
    this.#connections.set(site, holders);
    const add = (by: 1 | -1): void => void holders.set(process, (holders.get(process) ?? 0) + by);
    add(1);
    const limit = this.#scenario.config.deliver.max_connections_per_site;
    const living = [...holders].filter(([{ isAlive }, count]) => isAlive && count > 0);
    const all = living.reduce((sum, [, count]) => sum + count, 0);
    const who = (): string => living.map(([{ name }, count]) => `${name} ${count}`).join(", ");
    if (holders.get(process)! > limit || (all > limit && !living.some(([holder]) => this.#isTroubled(holder))))
      this.#report(`${all} connections to ${site} (${who()}), the limit is ${limit}`);
    return () => add(-1);
  }

  /** It was away so long that its share of the connections may be another's, and it may not know yet. */
  #isTroubled({ frozenUntil, cutOffUntil }: Process): boolean {
    return Math.max(frozenUntil, cutOffUntil) > this.#clock.now - hourMs;
  }

  /** Everything that is queued has somebody who will see to it, in time. */
  async #look(): Promise<void> {
    const { now } = this.#clock;
    const healthy = this.#nodes.some(
      ({ process }) => process && process.frozenUntil <= now && this.#store.isReachable(process),
    );
    if (!healthy) this.#healthySince = now;
    const since = Math.max(this.#healthySince, this.#busyUntil);
    const queued = await this.#store.inner.list({}, 1_000_000);
    for (const { deliveryId, dueAt, state, message, recipient } of queued) {
      const parcel = this.#ledger.queued.get(deliveryId);
      const name = `${message.queueId} for ${recipient.address}`;
      if (parcel === undefined) this.#report(`${name} is in the store, but was settled`);
      const nextAt = parcel?.holder?.lease.until ?? dueAt;
      if (!Number.isFinite(nextAt)) this.#report(`${name} has no next event`);
      const isLate = now - Math.max(nextAt, since) > overdueMs;
      if (isLate && state !== "held") this.#report(`${name} (${state}) is due since ${stamp(nextAt - start)}`);
    }
    if (queued.length !== this.#ledger.queued.size)
      this.#report(`the store has ${queued.length} deliveries, the ledger ${this.#ledger.queued.size}`);
    const { give_up_after } = this.#scenario.config.retry;
    if (now > this.#busyUntil + 2 * give_up_after + 24 * hourMs)
      this.#report(`the queue does not drain: ${queued.length} deliveries are left`);
    this.#clock.planFor(undefined, lookEveryMs, () => void this.#look());
  }

  /** All is delivered: nodes stop, and leave nothing behind. */
  async #end(): Promise<void> {
    this.#say(() => "all is settled; the nodes are told to stop");
    const processes = this.#nodes.flatMap(({ process }) => process ?? []);
    const until = this.#clock.now + stopMs;
    for (const node of this.#nodes) node.retire();
    await this.#clock.run(() => this.#nodes.every(({ process }) => process === undefined) || this.#clock.now > until);
    for (const { process } of this.#nodes) if (process) this.#report(`${process.name} does not stop`);
    const quietAt = Math.max(this.#clock.now, ...processes.map(({ frozenUntil }) => frozenUntil)) + minuteMs; // what is on its way arrives
    await this.#clock.run(() => this.#clock.now >= quietAt);
    for (const process of processes.filter(({ isAlive }) => isAlive)) {
      if (process.planned > 0) this.#report(`${process.name} has stopped, and left ${process.planned} timers behind`);
      const open = this.#network.open(process);
      if (open > 0) this.#report(`${process.name} has stopped, and left ${open} connections open`);
    }
    this.#ledger.checkEnd();
  }
}

function drawMail(dice: Dice, token: string, domains: readonly Domain[]): Mail {
  const count = dice.pick([1, 1, 1, 2, 5, 12]);
  const to = new Set<string>();
  for (let i = 0; i < count; i += 1) to.add(`u${dice.integer(1, 30)}@${dice.pick(domains).name}`);
  // most senders can be written to; mail of some is itself a notice, or comes from nowhere
  const from = dice.chance(0.08)
    ? ""
    : `s${dice.integer(1, 9)}@${(dice.chance(0.8) ? domains[0]! : dice.pick(domains)).name}`;
  const lines = Array.from({ length: dice.pick([1, 3, 40]) }, (_, i) =>
    dice.chance(0.1) ? `.${token}` : `line ${i} of ${token} ${"x".repeat(dice.integer(0, 60))}`,
  );
  const notify = dice.pick(["unsaid", "unsaid", "unsaid", "NEVER", "FAILURE", "SUCCESS,FAILURE"] as const);
  return { token, from, to: [...to], notify, body: `${lines.join("\r\n")}\r\n` };
}

/** "1d 02:03:04.567" since the beginning. */
function stamp(ms: number): string {
  const days = Math.floor(ms / (24 * hourMs));
  return `${days}d ${new Date(ms).toISOString().slice(11, 23)}`;
}
