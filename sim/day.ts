// `node sim/day.ts`: a day of steady load on the embedded driver, with faults. Nothing may grow: memory, files, tables.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Store } from "../src/storage/open.ts";
import { openSqlite } from "../src/storage/sqlite/store.ts";
import { Client } from "./client.ts";
import { Clock } from "./clock.ts";
import { bodyOf, drawMail, populate, stranger, type Weighted } from "./day-load.ts";
import { Dice } from "./dice.ts";
import { drawFate, planFaults } from "./faults.ts";
import { average, growths, leftovers, measureMemory, measureStore, openFiles, round, type Sample } from "./growth.ts";
import { Internet } from "./internet.ts";
import { Ledger } from "./ledger.ts";
import { Network } from "./network.ts";
import { Node } from "./node.ts";
import { RealStore } from "./real-store.ts";
import { type FaultRates, hourMs, minuteMs, readConfig, secondMs } from "./scenario.ts";
import { SharedStore } from "./shared-store.ts";
import { installTimers } from "./timers.ts";

export interface DayOptions {
  readonly seed: number;
  readonly hours: number;
  readonly messagesPerSecond: number;
  /** How long the history is kept. */
  readonly keepMs: number;
  readonly giveUpMs: number;
  /** Between samples; a day is compared from the last restart on. */
  readonly sampleMs: number;
  readonly restarts: readonly { readonly atMs: number; readonly how: "stop" | "kill" }[];
  readonly open?: (dir: string) => Promise<Store>;
  readonly tell?: (sample: Sample) => void;
}

export interface DayReport {
  readonly samples: readonly Sample[];
  /** In words; none: nothing has grown, nothing was lost. */
  readonly problems: readonly string[];
  readonly tally: Ledger["tally"];
}

const start = Date.UTC(2026, 0, 1);

const faults: FaultRates = {
  crashMs: Infinity, // see `restarts`
  stopMs: Infinity,
  freezeMs: Infinity,
  storeOutageMs: Infinity,
  dnsOutageMs: 30 * minuteMs,
  siteOutageMs: 2 * minuteMs,
  operatorMs: Infinity,
  cut: 0.03,
  storeCall: 0.001,
};

const clientCount = 20;
/** Between two strangers who want us to relay. */
const strangerMs = 20 * secondMs;
const restMs = 10 * secondMs;

/** A day, or less. Rejects when the server meets a bug. */
export async function liveDay(options: DayOptions): Promise<DayReport> {
  const dir = mkdtempSync(join(tmpdir(), "waybill-day-"));
  const clock = new Clock(start);
  using _ = installTimers(clock);
  const { open = (dir) => openSqlite({ dir }) } = options;
  const store = new RealStore({ clock, dir, open });
  try {
    return await new Day(clock, store, options).live();
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

class Day {
  readonly #clock: Clock;
  readonly #options: DayOptions;
  readonly #dice: Dice;
  readonly #ledger: Ledger;
  readonly #network: Network;
  readonly #internet: Internet;
  readonly #store: RealStore;
  readonly #shared: SharedStore;
  readonly #node: Node;
  readonly #clients: readonly Client[];
  readonly #problems: string[] = [];
  readonly #samples: { readonly at: number; readonly sample: Sample }[] = [];
  #minutes: Sample[] = [];
  /** To destinations. */
  #connections = 0;
  readonly #until: number;

  constructor(clock: Clock, store: RealStore, options: DayOptions) {
    const { seed, hours } = options;
    this.#clock = clock;
    this.#store = store;
    this.#options = options;
    this.#until = start + hours * hourMs;
    const dice = new Dice(seed);
    this.#dice = dice;
    const say = (): void => {};
    const report = (problem: string): void => void this.#problems.push(problem);
    const ledger = new Ledger({
      report,
      say,
      kindOf: (name) => this.#internet.domains.get(name)?.kind ?? "no-such-domain",
    });
    this.#ledger = ledger;
    const fate = dice.split("fate");
    this.#network = new Network(clock, (call) =>
      drawFate({ clock, dice: fate, internet: this.#internet }, faults, { until: this.#until, call }),
    );
    const network = this.#network;
    const onTaken: ConstructorParameters<typeof Internet>[0]["onTaken"] = (taken) => ledger.taken(taken);
    this.#internet = new Internet({ clock, network, dice: dice.split("internet"), onTaken });
    this.#shared = new SharedStore({
      clock,
      dice: dice.split("store"),
      ledger,
      leaseRule: "recover",
      say,
      inner: store,
      faultRate: () => faults.storeCall,
    });
    this.#node = this.#createNode(report, say);
    const servers = [this.#node.address];
    this.#clients = Array.from({ length: clientCount }, (_, i) => {
      const own = { dice: dice.split(`client ${i}`), address: `198.19.1.${i + 1}`, servers };
      return new Client({ clock, network, ledger, ...own });
    });
  }

  async live(): Promise<DayReport> {
    await this.#store.open();
    await this.#store.close();
    const filesBefore = openFiles(); // the runtime has what it opens once
    await this.#clock.hold(this.#start());
    this.#planMail(populate(this.#internet));
    this.#planFaults();
    this.#every(minuteMs, () => this.#glance());
    this.#every(this.#options.sampleMs, () => void this.#clock.hold(this.#sample()));
    await this.#clock.run(() => this.#clock.now >= this.#until || this.#problems.length > 0);
    if (this.#problems.length === 0) await this.#end(filesBefore);
    const { keepMs, giveUpMs, restarts } = this.#options;
    // what came just before a restart is given up, and its history forgotten, at the latest so much later
    const settledAt = Math.max(0, ...restarts.map(({ atMs }) => atMs)) + keepMs + giveUpMs;
    const steady = this.#samples.filter(({ at }) => at - start > settledAt).map(({ sample }) => sample);
    if (this.#problems.length === 0) this.#problems.push(...growths(steady));
    const samples = this.#samples.map(({ sample }) => sample);
    return { samples, problems: this.#problems, tally: this.#ledger.tally };
  }

  #createNode(onBug: (text: string) => void, say: () => void): Node {
    const { keepMs, giveUpMs } = this.#options;
    const config = readConfig(`
      [relay]
      networks = ["198.19.1.0/24"]
      [deliver]
      ip = "ipv4"
      [retry]
      give_up_after = "${giveUpMs}ms"
      delay_notice_after = "${Math.floor(giveUpMs / 4)}ms"
      [history]
      keep = "${keepMs}ms"
    `);
    const onConnection = (): (() => void) => {
      this.#connections += 1;
      return () => (this.#connections -= 1);
    };
    return new Node(1, {
      clock: this.#clock,
      network: this.#network,
      internet: this.#internet,
      store: this.#shared,
      ledger: this.#ledger,
      config,
      dice: this.#dice.split("node"),
      nodes: 1,
      say,
      onBug,
      onConnection,
    });
  }

  async #start(): Promise<void> {
    await this.#store.open();
    this.#node.start();
  }

  #startLater(): void {
    this.#clock.planFor(undefined, restMs, () => void this.#clock.hold(this.#start()));
  }

  #restart(how: "stop" | "kill"): void {
    switch (how) {
      case "stop":
        this.#node.stop(() => void this.#clock.hold(this.#store.close()).then(() => this.#startLater()));
        return;
      case "kill":
        this.#node.crash("reset");
        this.#connections = 0;
        void this.#clock.hold(this.#store.kill()).then(() => this.#startLater());
        return;
    }
  }

  #every(ms: number, run: () => void): void {
    const next = (): void => {
      run();
      this.#clock.planFor(undefined, ms, next);
    };
    this.#clock.planFor(undefined, ms, next);
  }

  #planMail(domains: readonly Weighted[]): void {
    const { messagesPerSecond } = this.#options;
    const dice = this.#dice.split("mail");
    const bodies = Array.from({ length: 64 }, (_, i) => bodyOf(dice, i === 0 ? 1024 : 100 ** dice.next()));
    let count = 0;
    const next = (): void => {
      if (this.#clock.now >= this.#until) return;
      count += 1;
      const large = dice.chance(0.005);
      const body = large ? bodies[0]! : bodies[dice.integer(1, 63)]!;
      dice.pick(this.#clients).send(drawMail(dice, `m${count}@client.sim`, { body, domains }));
      this.#clock.planFor(undefined, dice.exponential(secondMs / messagesPerSecond), next);
    };
    this.#clock.planFor(undefined, minuteMs, next);
    this.#every(strangerMs, () => void stranger(this.#clock, this.#network, this.#node.address));
  }

  #planFaults(): void {
    const { restarts } = this.#options;
    const own = { clock: this.#clock, dice: this.#dice.split("faults"), internet: this.#internet };
    const rest = { nodes: [this.#node], store: this.#shared, until: this.#until, tell: () => {} };
    planFaults({ ...own, ...rest, rates: faults });
    for (const { atMs, how } of restarts) this.#clock.planFor(undefined, atMs, () => this.#restart(how));
  }

  /** What goes up and down from moment to moment. */
  #glance(): void {
    const { process, holds } = this.#node;
    if (process === undefined || holds === undefined) return;
    const ends = this.#network.open(process);
    this.#minutes.push({
      queued: this.#ledger.queued.size,
      descriptors: openFiles(),
      sessions: ends - this.#connections,
      connections: this.#connections,
      timers: process.planned,
      inHand: holds.inHand,
      destinations: holds.sites,
    });
  }

  async #sample(): Promise<void> {
    if (!this.#store.isOpen) return;
    await this.#checkQueue();
    this.#ledger.forgetOld();
    const { dir, openBodies } = this.#store;
    const { now } = this.#clock;
    this.#problems.push(...leftovers(dir, { now, keepMs: this.#options.keepMs, openBodies }));
    const sample = { ...average(this.#minutes), ...measureMemory(), ...measureStore(dir) };
    this.#minutes = [];
    const known = Math.max(sample["site"] ?? 0, sample["destinations"] ?? 0);
    const { length } = this.#internet.sites;
    if (known > length) this.#problems.push(`${round(known)} destinations are known, and there are ${length}`);
    this.#samples.push({ at: now, sample });
    this.#options.tell?.({ hour: (now - start) / hourMs, ...sample });
  }

  /** What was promised was delivered, bounced, or is in the store. */
  async #checkQueue(): Promise<void> {
    const left = new Map(this.#ledger.queued);
    for (const { deliveryId, message } of await this.#store.list({}, 1_000_000))
      if (!left.delete(deliveryId)) this.#problems.push(`${message.queueId} is in the store, but was settled`);
    for (const { to, message } of left.values())
      this.#problems.push(`${message.queueId} for ${to} is neither settled nor in the store`);
  }

  /** A node that was told to stop leaves nothing behind but its queue. */
  async #end(filesBefore: number): Promise<void> {
    const { process } = this.#node;
    if (process === undefined) throw new Error("the node is down at the end: choose other times for its restarts");
    this.#node.retire();
    await this.#clock.run(() => this.#node.process === undefined);
    const quietAt = this.#clock.now + minuteMs;
    await this.#clock.run(() => this.#clock.now > quietAt);
    await this.#checkQueue();
    await this.#store.close();
    const check = (left: number, what: string): void =>
      void (left > 0 && this.#problems.push(`${left} ${what} at the end`));
    check(process.planned, "timers are left");
    check(this.#network.open(process), "connections are open");
    check(openFiles() - filesBefore, "file descriptors are open");
    check(this.#store.openBodies, "bodies are open");
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      hours: { type: "string", default: "24" },
      rate: { type: "string", default: "0.5" },
      seed: { type: "string", default: "1" },
    },
  });
  const startedAt = performance.now();
  let isHeaded = false;
  const { problems, tally } = await liveDay({
    seed: Number(values.seed),
    hours: Number(values.hours),
    messagesPerSecond: Number(values.rate),
    keepMs: 2 * hourMs,
    giveUpMs: 3 * hourMs,
    sampleMs: hourMs,
    restarts: [
      { atMs: 0.5 * hourMs, how: "stop" },
      { atMs: 1.5 * hourMs, how: "kill" },
      { atMs: 2.5 * hourMs, how: "stop" },
      { atMs: 3.5 * hourMs, how: "kill" },
    ],
    tell(sample) {
      const line = (cell: (name: string) => string): string =>
        Object.keys(sample)
          .map((name) => cell(name).padStart(Math.max(5, name.length) + 1))
          .join("");
      if (!isHeaded) console.log(line((name) => name));
      isHeaded = true;
      console.log(line((name) => round(sample[name]!)));
    },
  });
  const words = Object.entries(tally).map(([name, number]) => `${number} ${name}`);
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s: ${words.join(", ")}`);
  for (const problem of problems) console.log(`FAILED: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
