// The threads that are nodes beside that of the main thread, and what is asked of all of them.
import type { CauseName } from "../explain/explanation.ts";
import { MessageChannel } from "node:worker_threads";
import { extname } from "node:path";
import { answerNow, servePort } from "../base/calls/serve.ts";
import { Thread } from "../base/calls/thread.ts";
import type { DestinationStatus } from "../deliver/pacing/status.ts";
import type { CountChange } from "../judge/rates/count-store.ts";
import type { OtherThreads, ProcessCounts, Steering } from "../node.ts";
import type { HomeOperations, ServingOperations, ServingSetup } from "./serving.ts";

interface CrewOptions extends Omit<ServingSetup, "connection" | "home" | "counts"> {
  readonly home: Omit<HomeOperations, "counted">;
  readonly counts: ProcessCounts;
  /** Beside the main one. */
  readonly threads: number;
  /** For thread n (1 and up); undefined: it opens a store of its own. */
  readonly connect: (thread: number) => Promise<ServingSetup["connection"]>;
  /** A thread died: the server is to be closed. */
  readonly onFailure: (error: Error) => void;
}

type Member = Thread<ServingOperations>;

export class Crew implements AsyncDisposable {
  readonly #members: Member[] = [];
  #others: OtherThreads | undefined;

  /** Rejects when one of them cannot open its node; then none is left. */
  async open({ threads, connect, home, counts, onFailure, ...rest }: CrewOptions): Promise<void> {
    const { others, ...memory } = counts;
    this.#others = others;
    const setup = { ...rest, counts: memory };
    const offered: HomeOperations = { ...home, counted: () => others.onNews() };
    others.ask = () => this.#takeCounted();
    try {
      for (let thread = 1; thread <= threads; thread += 1) {
        const connection = await connect(thread);
        const { port1, port2 } = new MessageChannel();
        servePort(port1, (calls) => calls.map((call) => answerNow(offered, call)));
        const workerData: ServingSetup = { ...setup, home: port2, ...(connection && { connection }) };
        const transferList = connection ? [port2, connection.writer, connection.shares] : [port2];
        const url = new URL(`serving${extname(import.meta.url)}`, import.meta.url);
        const member: Member = new Thread({ url, name: "a serving thread", workerData, transferList, onFailure });
        this.#members.push(member);
        await member.open();
      }
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The database has all that the threads promised. */
  async flush(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.call("flush")));
  }

  async #takeCounted(): Promise<CountChange[]> {
    const asked = this.#members.map((member) => member.call("takeCounted").catch(() => [])); // it ended: so does the server
    return (await Promise.all(asked)).flat();
  }

  wake(): void {
    this.#tell("wake");
  }

  hurry(): void {
    this.#tell("hurry");
  }

  /** Steers all nodes: the threads', and `own`, that of the main thread. */
  steering(own: Steering): Steering {
    const members = this.#members;
    const tell = (name: "wake" | "tryAll"): void => {
      own[name]();
      this.#tell(name);
    };
    return {
      wake: () => tell("wake"),
      tryAll: () => tell("tryAll"),
      status: async () => merged(await Promise.all([own.status(), ...members.map((member) => member.call("status"))])),
      async find(name) {
        const found = await Promise.all([own.find(name), ...members.map((member) => member.call("find", name))]);
        return found.find((site) => site !== undefined);
      },
      async domainsOf(site) {
        const all = await Promise.all([
          own.domainsOf(site),
          ...members.map((member) => member.call("domainsOf", site)),
        ]);
        return [...new Set(all.flat())];
      },
      async suspend(...how) {
        await Promise.all([own.suspend(...how), ...members.map((member) => member.call("suspend", ...how))]);
      },
      async resume(site) {
        await Promise.all([own.resume(site), ...members.map((member) => member.call("resume", site))]);
      },
      async drain(site) {
        await Promise.all([own.drain(site), ...members.map((member) => member.call("drain", site))]);
      },
    };
  }

  #tell(name: "wake" | "tryAll" | "hurry"): void {
    for (const member of this.#members) member.call(name).catch(() => {}); // it ended: so does the server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const counted = await this.#takeCounted();
    if (this.#others !== undefined) this.#others.ask = async () => counted.splice(0);
    await Promise.all(this.#members.map((member) => member.close()));
  }
}

function summed(some: readonly DestinationStatus["causes"][]): DestinationStatus["causes"] {
  const sums: Partial<Record<CauseName, number>> = {};
  for (const causes of some)
    for (const [cause, count] of Object.entries(causes) as [CauseName, number][])
      sums[cause] = (sums[cause] ?? 0) + count;
  return sums;
}

const worstFirst = ["suspended", "closed", "slowed", "open"] as const;

/** One status for each site: of the nodes that know it, the worst state, and their connections together. */
function merged(ofNodes: readonly (readonly DestinationStatus[])[]): DestinationStatus[] {
  const ofSites = Map.groupBy(ofNodes.flat(), ({ site }) => site);
  const rank = ({ state }: DestinationStatus): number => worstFirst.indexOf(state);
  const all = Array.from(ofSites.values(), (ofSite): DestinationStatus => {
    const [worst] = ofSite.toSorted((a, b) => rank(a) - rank(b));
    const sum = (of: (status: DestinationStatus) => number): number => ofSite.reduce((sum, one) => sum + of(one), 0);
    const messagesPerMinute = sum((status) => status.messagesPerMinute ?? Infinity);
    const { messagesPerMinute: _, ...rest } = worst!;
    return {
      ...rest,
      domains: [...new Set(ofSite.flatMap(({ domains }) => domains))],
      connections: sum(({ connections }) => connections),
      inHand: sum(({ inHand }) => inHand),
      inSession: sum(({ inSession }) => inSession),
      causes: summed(ofSite.map(({ causes }) => causes)),
      ...(messagesPerMinute !== Infinity && { messagesPerMinute }),
    };
  });
  return all.toSorted((a, b) => rank(a) - rank(b));
}
