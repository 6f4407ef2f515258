// Delivery over a session, SMTP or LMTP: takes one from the pool or dials, hands the message over, gives it back.
import type { Failure } from "../mail/failure.ts";
import { isPermanent } from "../mail/failure.ts";
import type { Outcome } from "../mail/outcome.ts";
import { clientTimeLimits } from "../smtp/client-limits.ts";
import type { ClientSession } from "../smtp/client-session.ts";
import type { Consignment, Settled } from "../smtp/client-transaction.ts";
import { sendMessage } from "../smtp/client-transaction.ts";
import type { Slot } from "./connection-pool.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Attempt, Destination } from "./dial.ts";
import { Dialler, interrupted } from "./dial.ts";
import type { DeliverSettings } from "./settings.ts";
import { closeOnAbort } from "./smtp-socket.ts";
import { UnreachableMemory } from "./unreachable-memory.ts";

export interface SessionTask {
  readonly site: string;
  readonly destination: Destination;
  readonly consignment: Consignment;
}

interface NamedTask extends Omit<SessionTask, "site"> {
  /** Of the destination. */
  readonly name: string;
}

export class SessionDelivery implements AsyncDisposable {
  readonly #settings: DeliverSettings;
  readonly #pool: ConnectionPool<ClientSession>;
  readonly #dialler: Dialler;
  readonly #unreachable = new UnreachableMemory();

  constructor(settings: DeliverSettings) {
    this.#settings = settings;
    this.#pool = new ConnectionPool(settings);
    this.#dialler = new Dialler(settings, { ...clientTimeLimits, ...settings.timeLimitsMs });
  }

  tryAll(): void {
    this.#unreachable.forgetAll();
  }

  /** One outcome per recipient, in order. Rejects when the attempt's signal aborts while it waits for its turn. */
  async deliver({ site, destination, consignment }: SessionTask, attempt: Attempt): Promise<Outcome[]> {
    const name = nameOf(site, destination);
    const before = this.#unreachable.ask(name, this.#settings.now());
    if (before.kind === "closed") return notTried(before.because, consignment, attempt);
    const key = JSON.stringify([destination.tls, destination.implicitTls, destination.credentials]);
    const slot = await this.#pool.acquire({ site, key }, attempt.signal);
    const now = before.kind === "open" && !slot.idle ? this.#unreachable.ask(name, this.#settings.now()) : before;
    if (now.kind === "closed") {
      slot.release();
      return notTried(now.because, consignment, attempt);
    }
    return this.#deliverIn(slot, { name, destination, consignment }, attempt);
  }

  async #deliverIn(slot: Slot<ClientSession>, task: NamedTask, attempt: Attempt): Promise<Outcome[]> {
    const { name, destination, consignment } = task;
    const { signal, steps } = attempt;
    const { recipients } = consignment;
    let session = slot.idle;
    if (session) {
      steps.push({ host: session.wire.host, text: "went on in an open session" });
    }
    try {
      const outcomes: Outcome[] = [];
      let waiting = [...recipients.keys()];
      for (let tries = 1; waiting.length > 0; tries += 1) {
        if (session === undefined) {
          const dialled = await this.#dialler.dial(destination, attempt);
          if (dialled.kind === "failed") {
            if (dialled.unreachable) this.#unreachable.failed(name, dialled.because, this.#settings.now());
            for (const i of waiting) outcomes[i] = failedOutcome(dialled.because, dialled.final, attempt);
            break;
          }
          ({ session } = dialled);
        }
        const used: ClientSession = session;
        using _ = this.#unreachable.reached(name);
        const settled = await send(used, { ...consignment, recipients: waiting.map((i) => recipients[i]!) }, signal);
        waiting.forEach((i, at) => (outcomes[i] = outcomeOf(settled[at]!, used, attempt)));
        waiting = waiting.filter((_, at) => tries === 1 && isStale(used, settled[at]!));
        if (waiting.length > 0) session = undefined;
      }
      return outcomes;
    } finally {
      this.#giveBack(slot, session);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #giveBack(slot: Slot<ClientSession>, session: ClientSession | undefined): void {
    if (session === undefined || session.ended) return slot.release();
    const { maxTransactions = Infinity } = session.offered;
    if (session.transactions >= Math.min(this.#settings.maxMessagesPerConnection, maxTransactions)) {
      return slot.retire(session);
    }
    if (session.isQuiet) return slot.keep(session);
    void session.reset().then(() => slot.keep(session)); // nobody waits for it
  }
}

/** The same for the same addresses spoken to in the same way, in whatever order DNS gave them. */
function nameOf(site: string, { targets, implicitTls }: Destination): string {
  const addresses = targets.map(({ host, path }) => path ?? `${host.address ?? host.name} ${host.port ?? ""}`);
  return JSON.stringify([site, addresses.toSorted(), implicitTls]);
}

function notTried(because: Failure, { recipients }: Consignment, { steps }: Attempt): Outcome[] {
  steps.push({ text: "not tried again: none of its addresses could be reached a moment ago" });
  return recipients.map(() => ({ kind: "deferred", because, steps }));
}

async function send(session: ClientSession, consignment: Consignment, signal: AbortSignal): Promise<Settled[]> {
  using _ = closeOnAbort(session.wire, signal);
  return await sendMessage(session, consignment);
}

/** A session that worked before ended between two messages: nothing was sent, and a fresh one may do. */
const isStale = (session: ClientSession, settled: Settled): boolean =>
  session.transactions > 1 &&
  settled.kind === "failed" &&
  ((settled.because.kind === "lost" && settled.because.stage === "mail") ||
    (settled.because.kind === "refused" && settled.because.stage === "mail" && settled.because.reply.code === 421));

const failedOutcome = (because: Failure, final: boolean, { steps }: Attempt): Outcome => ({
  kind: final ? "bounced" : "deferred",
  because,
  steps,
});

function outcomeOf(settled: Settled, session: ClientSession, attempt: Attempt): Outcome {
  const { wire, offered, protocol } = session;
  if (settled.kind === "accepted") {
    return {
      kind: "delivered",
      host: wire.host,
      reply: settled.reply,
      ...(wire.tls && { tls: wire.tls }),
      dsnHandedOn: offered.dsn,
      final: protocol === "lmtp",
      steps: attempt.steps,
    };
  }
  const { because } = settled;
  // it was us who closed the connection
  if (because.kind === "lost" && attempt.signal.aborted) return failedOutcome(interrupted, false, attempt);
  return failedOutcome(because, isPermanent(because), attempt);
}
