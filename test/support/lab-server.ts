// A Waybill in the lab's pretend internet, on real sockets, in a world whose time only a test moves.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { type ControlClient, controlClient } from "../../src/cli/control-client.ts";
import { schema } from "../../src/config/schema.ts";
import type { Event } from "../../src/journal/event.ts";
import { openLog } from "../../src/journal/log.ts";
import type { Resident } from "../../src/lab/characters.ts";
import { type Delivered, type Internet, startInternet } from "../../src/lab/internet.ts";
import { type Server, startServer } from "../../src/main.ts";
import type { QueuedDelivery } from "../../src/queue/store.ts";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { type FakeWorld, fakeWorld } from "./fake-world.ts";
import { type Letter, sendLetter, simpleContent } from "./smtp-client.ts";

export interface LabOptions {
  /** Residents beside home.lab. */
  readonly names?: readonly string[];
  /** Residents of the test's own making. */
  readonly newcomers?: readonly Resident[];
  /** Settings on top of the lab's. */
  readonly settings?: (internet: Internet, dir: string) => z.input<typeof schema>;
  /** The key and certificate of the hosts; without it, self-signed for the name "lab". */
  readonly pem?: string;
  /** The data directory is made in here, and removed at the end. */
  readonly place?: string;
}

/** A fact that does not come about within this time will not. */
const patienceMs = 20_000;

/** No story is as long as this. */
const mostEvents = 500;

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const dir = await mkdtemp(join(options.place ?? tmpdir(), "waybill-journey-"));
  const lab = new Lab(dir);
  try {
    await lab.open(options);
    return lab;
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

export class Lab implements AsyncDisposable {
  /** The data directory. */
  readonly dir: string;
  readonly world: FakeWorld = fakeWorld();
  /** What happened, across restarts, as the log heard of it: each is in the history by then. */
  readonly events: Event[] = [];
  /** What the hosts took. */
  readonly mails: Delivered[] = [];
  readonly control: ControlClient;
  readonly #news = new EventEmitter().setMaxListeners(0);
  #internet: Internet | undefined;
  #settings: z.input<typeof schema> = {};
  #server: Server | undefined;

  constructor(dir: string) {
    this.dir = dir;
    this.control = controlClient(dir, "the test");
  }

  async open({ names = [], newcomers = [], settings, pem }: LabOptions): Promise<void> {
    const { world } = this;
    const certificate = pem ?? (await selfSigned("lab", Date.now()));
    this.#internet = await startInternet({
      world,
      names: ["home", ...names],
      newcomers,
      certificate: { key: certificate, cert: certificate },
      onMail: (mail) => this.#tell(() => this.mails.push(mail)),
    });
    this.#settings = {
      hostname: "waybill.lab",
      data_dir: this.dir,
      dns: { servers: [this.#internet.dns] },
      deliver: { port: this.#internet.smtpPort, ip: "ipv4" },
      ...settings?.(this.#internet, this.dir),
    };
    await this.startServer();
  }

  /** With other settings than before, if they are given. */
  async startServer(settings: z.input<typeof schema> = {}): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
    const config = schema.parse(this.#settings);
    const log = openLog({ level: "silent", format: "json" });
    this.#server = await startServer({
      config: { ...config, listen: [{ address: { host: "127.0.0.1", port: 0 }, tls: "starttls", for: "relay" }] },
      world: this.world,
      log: { ...log, listener: (event) => this.#tell(() => this.events.push(event)) },
    });
  }

  async stopServer(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#internet?.close(); // first: attempts under way end with it
    await this.stopServer();
    await rm(this.dir, { recursive: true });
  }

  /** Where Waybill takes mail. */
  get port(): number {
    return Number(this.#server!.listening[0]!.split(":").at(-1));
  }

  /** Over SMTP; answers the queue id. */
  async send({ from = "you@home.lab", to, content = simpleContent() }: Partial<Letter> & Pick<Letter, "to">) {
    const reply = await sendLetter(this.port, { from, to, content });
    assert.match(reply, /^250 /);
    return reply.split(" ").at(-1)!;
  }

  /** Waits until `fact` is neither undefined nor false; it is looked at when something happened. */
  async until<T>(what: string, fact: () => T | undefined | false): Promise<T> {
    const signal = AbortSignal.timeout(patienceMs);
    for (;;) {
      const found = fact();
      if (found !== undefined && found !== false) return found;
      await once(this.#news, "news", { signal }).catch(() => {
        const told = this.events.map((event) => JSON.stringify(event)).join("\n");
        assert.fail(`there was no ${what} in ${patienceMs} ms; what happened:\n${told}`);
      });
    }
  }

  /** The first event of this kind about a recipient (or reverse-path), from the `after`th event on. */
  event<K extends Event["kind"]>(kind: K, to?: string, after = 0): Promise<Event & { kind: K }> {
    const fits = (event: Event): event is Event & { kind: K } =>
      event.kind === kind && (to === undefined || ("to" in event && [event.to].flat().some((path) => path === to)));
    return this.until(`event "${kind}" ${to ?? ""}`, () => this.events.slice(after).find(fits));
  }

  /** The `nth` mail (1 is the first) that somebody got. */
  mail(to: string, nth = 1): Promise<Delivered> {
    return this.until(`mail for ${to}`, () => this.mails.filter((mail) => mail.to.includes(to))[nth - 1]);
  }

  /** Time jumps to when the next delivery falls due; resolves when all that are due then were attempted. */
  async nextAttempt(): Promise<void> {
    assert.ok(this.events.length < mostEvents, "a story comes to an end");
    await this.calm();
    const waiting = (await this.control.list({ limit: 1_000 })).filter(({ state }) => state !== "held");
    assert.ok(waiting.length > 0, "something waits");
    const dueAt = Math.min(...waiting.map((delivery) => delivery.dueAt));
    const due = waiting.filter((delivery) => delivery.dueAt <= dueAt);
    const { length } = this.events;
    await this.world.advance(Math.max(0, dueAt - this.world.now()));
    await this.control.change({ queueId: "none" }, "retry"); // the worker looks at the clock
    await this.until("attempt", () => due.every((delivery) => this.#wasAttempted(delivery, length)));
  }

  #wasAttempted({ message, recipient, attempts }: QueuedDelivery, after: number): boolean {
    return this.events
      .slice(after)
      .some(
        (event) =>
          "attempt" in event &&
          event.queueId === message.queueId &&
          event.to === recipient.address &&
          event.attempt > attempts,
      );
  }

  /** Resolves when each delivery of each message has had an attempt, notices included. */
  async calm(): Promise<void> {
    await this.#each("attempt at each delivery", (event) => "attempt" in event);
  }

  /** Each delivery has come to its end, and nothing is left in the queue, held deliveries included. */
  async assertEmpty(): Promise<void> {
    await this.#each("end of each delivery", ({ kind }) => kind === "delivered" || kind === "bounced");
    assert.deepEqual(await this.control.counts({}), { due: 0, deferred: 0, claimed: 0, held: 0 });
  }

  /** Resolves when each delivery of each message has an event that fits. */
  async #each(what: string, fits: (event: Event) => boolean): Promise<void> {
    const key = (queueId: string, to: unknown): string => `${queueId} ${String(to)}`;
    await this.until(what, () => {
      const found = new Set(
        this.events
          .filter(fits)
          .flatMap((event) => ("queueId" in event && "to" in event ? key(event.queueId, event.to) : [])),
      );
      return this.events.every(
        (event) => event.kind !== "received" || event.to.every((to) => found.has(key(event.queueId, to))),
      );
    });
  }

  #tell(happened: () => void): void {
    happened();
    this.#news.emit("news");
  }
}
