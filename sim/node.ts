// A node of the simulation: the real stages, journey, worker and reception, on simulated time, network and store.
import type { World } from "../src/base/world.ts";
import type { Config } from "../src/config/schema.ts";
import { createDeliverer } from "../src/deliver/deliver.ts";
import type { Pacer } from "../src/deliver/pacing/pacer.ts";
import { cachedResolver } from "../src/dns/cached-resolver.ts";
import { prune } from "../src/journal/pruning.ts";
import type { Log } from "../src/journal/log.ts";
import { attempt } from "../src/journey.ts";
import type { RemoteHost } from "../src/mail/failure.ts";
import type { Delivery } from "../src/queue/store.ts";
import { type Ending, Worker } from "../src/queue/worker.ts";
import { createReception, type ReceptionParts } from "../src/reception.ts";
import { createRouter } from "../src/route/route.ts";
import { loop } from "../src/judge/loop.ts";
import { relay } from "../src/judge/relay.ts";
import { createReturns } from "../src/route/returns.ts";
import { createStages, type Stages, trustIn } from "../src/stages.ts";
import type { Clock } from "./clock.ts";
import { longestSkewMs, Process } from "./clock.ts";
import type { Dice } from "./dice.ts";
import { Inbound } from "./inbound.ts";
import type { Internet } from "./internet.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type SharedStore, StoreFault } from "./shared-store.ts";
import { connect, type Dial } from "./sim-wire.ts";

export interface NodeParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly internet: Internet;
  readonly store: SharedStore;
  readonly ledger: Ledger;
  readonly config: Config;
  readonly dice: Dice;
  /** How many there are. */
  readonly nodes: number;
  /** In place of the product's own. */
  readonly createPacer?: (world: World) => Pacer;
  /** For the story. */
  readonly say: (text: () => string) => void;
  /** An error that no fault of the simulation explains. */
  readonly onBug: (text: string) => void;
  /** A connection to a site opens; answers what to call when it is closed. */
  readonly onConnection: (address: string, process: Process) => () => void;
}

/** How long messages in flight may take when a node is told to stop, as in main.ts. */
const closeGraceMs = 10_000;
/** How long a supervisor waits before it starts a node that could not start. */
const startAgainMs = 5_000;

export class Node {
  readonly name: string;
  readonly address: string;
  readonly #parts: NodeParts;
  #starts = 0;
  #process: Process | undefined;
  #close: (() => Promise<void>) | undefined;
  #inside: { readonly pacer: Pacer; readonly worker: Worker } | undefined;
  #isRetired = false;

  constructor(number: number, parts: NodeParts) {
    this.name = `node${number}`;
    this.address = `198.19.0.${number}`;
    this.#parts = parts;
  }

  /** Its process, if one lives. */
  get process(): Process | undefined {
    return this.#process;
  }

  /** What it holds in memory, while it is up: sites that the pacer knows, deliveries in hand. */
  get holds(): { readonly sites: number; readonly inHand: number } | undefined {
    if (this.#close === undefined) return undefined;
    const { pacer, worker } = this.#inside!;
    return { sites: pacer.status().length, inHand: worker.inFlight };
  }

  start(): void {
    if (this.#process || this.#isRetired) return;
    this.#starts += 1;
    const skewMs = this.#parts.dice.integer(-longestSkewMs, longestSkewMs);
    const process = new Process(`${this.name}#${this.#starts}`, skewMs);
    this.#process = process;
    this.#parts.clock.planFor(process, 0, () => void this.#run(process));
  }

  crash(how: "reset" | "silence"): void {
    const process = this.#process;
    if (process === undefined) return;
    const { network, store } = this.#parts;
    network.hangUp(this.address);
    process.isAlive = false;
    this.#process = undefined;
    this.#close = undefined;
    network.died(process, how);
    store.lost(process);
  }

  /** As on SIGTERM; then `onStopped`. Nothing happens when it is not up. */
  stop(onStopped: () => void): void {
    const [process, close] = [this.#process, this.#close];
    if (process === undefined || close === undefined) return;
    this.#close = undefined;
    this.#parts.clock.planFor(process, 0, () => {
      void this.#closeBy(close, onStopped);
    });
  }

  async #closeBy(close: () => Promise<void>, onStopped: () => void): Promise<void> {
    await close();
    this.#process = undefined;
    onStopped();
  }

  /** Stops, as soon as it is up, and does not start again. */
  retire(): void {
    this.#isRetired = true;
    if (this.#process === undefined) return;
    this.stop(() => {});
    this.#parts.clock.planFor(undefined, startAgainMs, () => this.retire());
  }

  async #run(process: Process): Promise<void> {
    const { clock, store } = this.#parts;
    const by = process.name;
    const queue = store.connect(process, by);
    await tillItWorks(clock, () => queue.recover(by));
    await this.#open(process, queue);
  }

  async #open(process: Process, queue: ReturnType<SharedStore["connect"]>): Promise<void> {
    const { clock, network, config, dice } = this.#parts;
    const by = process.name;
    const world = clock.world(dice.split(by), process);
    const onFault = this.#listener(process);
    const work: ReceptionParts["work"] = {
      lease: (recipients) => worker.lease(recipients),
      take: (deliveries) => worker.take(deliveries),
      wake: (at) => worker.wake(at),
    };
    const stages = this.#stages({ process, world, queue, work, onFault });
    const { pacer } = stages;
    const worker = new Worker({
      queue,
      world,
      by,
      attempt: (deliveries, ending) => this.#attempt(process, stages, { deliveries, ending }),
      onFault,
      sated: pacer,
    });
    await tillItWorks(clock, () => pacer.restore());
    const pruning = new AbortController();
    const pruned = prune({ history: queue, world, keepMs: config.history.keep, onFault }, pruning.signal);
    const inbound = new Inbound({ clock, config, hostname: this.name, stage: createReception(stages), onFault });
    network.listen(this.address, { owner: process, accept: (end, from) => inbound.accept(end, from) });
    worker.start();
    this.#inside = { pacer, worker };
    this.#close = async () => {
      network.hangUp(this.address);
      await inbound.close(closeGraceMs);
      await worker.close(closeGraceMs);
      await stages.deliverer[Symbol.asyncDispose]();
      await pacer[Symbol.asyncDispose]();
      pruning.abort();
      await pruned;
    };
  }

  /** Faults that the simulation made are part of the story; all others are bugs. */
  #listener({ name }: Process): (error: unknown) => void {
    const { say, onBug } = this.#parts;
    return (error) => {
      if (error instanceof StoreFault) say(() => `${name}: ${error.message}`);
      else onBug(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    };
  }

  async #attempt(
    process: Process,
    stages: Stages,
    { deliveries, ending }: { deliveries: readonly Delivery[]; ending: Ending },
  ): Promise<void> {
    const { ledger, clock } = this.#parts;
    ledger.attemptBegins(deliveries, process, clock.now);
    await attempt(stages, deliveries, ending);
    ledger.attemptEnded(deliveries, process);
  }

  /** The real ones, but that names and connections are the simulation's. */
  #stages({ process, world, queue, work, onFault }: Setting): Stages {
    const { clock, network, internet, store, config, dice, nodes, onConnection, createPacer } = this.#parts;
    const log = { listener: () => {}, logger: { error: ({ err }: { err: unknown }) => onFault(err) } };
    const sites = { sites: store.connectSites(process), ...(nodes > 1 && { sharedBy: process.name }) };
    const naming = { store: queue, hostname: this.name, by: process.name, work, sites };
    const resolver = cachedResolver(internet.resolver(dice.split(`dns ${process.name}`)), world);
    const judges = { checks: [relay, loop(config.receive.max_hops)], listeners: [] };
    const isTrusted = trustIn(config);
    const returns = createReturns({ config, secrets: ["of the simulation"], hostname: this.name, world });
    const people = { returns, isTrusted };
    const stages = createStages({ config, world, log: log as unknown as Log, ...naming, resolver, judges, ...people });
    const pacer = createPacer?.(world) ?? stages.pacer;
    const dialling = {
      clock,
      network,
      from: process,
      fromAddress: this.address,
      onOpen: ({ address = "" }: RemoteHost) => onConnection(address, process),
    };
    const { deliver } = config;
    const settings = {
      hostname: this.name,
      maxConnections: deliver.max_connections,
      maxConnectionsPerSite: deliver.max_connections_per_site,
      maxMessagesPerConnection: deliver.max_messages_per_connection,
      idleTimeoutMs: deliver.idle_timeout,
      connectTimeoutMs: deliver.connect_timeout,
      world,
      connect: (dial: Dial) => connect(dialling, dial),
    };
    return {
      ...stages,
      pacer,
      router: createRouter({ config, resolver, world, hostname: this.name, postmasterMaildir: "postmaster" }),
      deliverer: createDeliverer(settings, pacer),
    };
  }
}

interface Setting {
  readonly process: Process;
  readonly world: World;
  readonly queue: ReturnType<SharedStore["connect"]>;
  readonly work: ReceptionParts["work"];
  readonly onFault: (error: unknown) => void;
}

/** As a supervisor that starts a program again which could not reach its store. */
async function tillItWorks(clock: Clock, start: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await start();
      return;
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      await clock.sleep(startAgainMs);
    }
  }
}
