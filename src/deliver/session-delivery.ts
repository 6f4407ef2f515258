// Delivery over a session, SMTP or LMTP: takes one from the pool or dials, hands the message over, gives it back.
import { domainOf } from "../mail/address.ts";
import type { Failure } from "../mail/failure.ts";
import { isPermanent } from "../mail/failure.ts";
import type { Outcome } from "../mail/outcome.ts";
import { clientTimeLimits } from "../smtp/client-limits.ts";
import type { ClientSession } from "../smtp/client-session.ts";
import type { Consignment, Settled } from "../smtp/client-transaction.ts";
import { sendMessage } from "../smtp/client-transaction.ts";
import { ConnectionPool } from "./connection-pool.ts";
import type { Attempt, Destination } from "./dial.ts";
import { Dialler, interrupted } from "./dial.ts";
import { answerOf, causesOf } from "./pacing/answer.ts";
import type { Pacer, Stay } from "./pacing/pacer.ts";
import type { NotNow } from "./pacing/site.ts";
import type { DeliverSettings } from "./settings.ts";
import type { Slot } from "./slot.ts";
import { closeOnAbort } from "./smtp-socket.ts";

interface SessionTask {
  readonly site: string;
  readonly destination: Destination;
  readonly consignment: Consignment;
  readonly stay: Stay;
}

/** `not-now`: the site closed while the task waited for its turn. */
type Handed =
  | { readonly kind: "tried"; readonly outcomes: Outcome[] }
  | { readonly kind: "not-now"; readonly notNow: NotNow };

export class SessionDelivery implements AsyncDisposable {
  readonly #pool: ConnectionPool<ClientSession>;
  readonly #dialler: Dialler;
  readonly #pacer: Pick<Pacer, "connectionsTo" | "messagesPerConnection">;

  /** `pacer`: its word on how many connections a site gets is asked for each time; after a change, `reconsider`. */
  constructor(settings: DeliverSettings, pacer: Pick<Pacer, "connectionsTo" | "messagesPerConnection">) {
    this.#pacer = pacer;
    this.#pool = new ConnectionPool({ ...settings, connectionsTo: (site) => pacer.connectionsTo(site) });
    this.#dialler = new Dialler(settings, { ...clientTimeLimits, ...settings.timeLimitsMs });
  }

  /** Of one site, or of all. */
  reconsider(site?: string): void {
    this.#pool.reconsider(site);
  }

  /** Connections to a site, in use, idle or being closed. */
  openTo(site: string): number {
    return this.#pool.openTo(site);
  }

  /** One outcome per recipient, in order. Rejects when the attempt's signal aborts while it waits for its turn. */
  async deliver(task: SessionTask, attempt: Attempt): Promise<Handed> {
    const { site, destination, consignment, stay } = task;
    const key = JSON.stringify([destination.tls, destination.implicitTls, destination.credentials]);
    const { reversePath } = consignment.message;
    const lane = reversePath === "" ? "" : domainOf(reversePath);
    const slot = await this.#pool.acquire({ site, key, lane }, attempt.signal);
    const { session } = slot;
    const notNow = session === undefined || session.isQuiet ? stay.notNow() : undefined;
    if (notNow === undefined) return { kind: "tried", outcomes: await this.#deliverIn(slot, task, attempt) };
    this.#giveBack(slot, site, session);
    return { kind: "not-now", notNow };
  }

  async #deliverIn(slot: Slot<ClientSession>, task: SessionTask, attempt: Attempt): Promise<Outcome[]> {
    const { site, destination, consignment, stay } = task;
    const { signal, steps } = attempt;
    const { recipients } = consignment;
    let { session } = slot;
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
            for (const i of waiting) outcomes[i] = failedOutcome(dialled.because, dialled.final, attempt);
            break;
          }
          ({ session } = dialled);
        }
        const used: ClientSession = session;
        using _ = stay.inSession();
        const part = tries === 1 ? consignment : { ...consignment, recipients: waiting.map((i) => recipients[i]!) };
        using _closing = closeOnAbort(used.wire, signal);
        const settled = await sendMessage(used, part, () => {
          if (!this.#isUsedUp(used, site)) slot.offer(used);
        });
        waiting.forEach((i, at) => (outcomes[i] = outcomeOf(settled[at]!, used, attempt)));
        waiting = waiting.filter((_, at) => tries === 1 && isStale(used, settled[at]!));
        if (waiting.length > 0) session = undefined;
      }
      if (!signal.aborted) stay.tell(answerOf(outcomes), causesOf(recipients, outcomes)); // before whoever gets the slot asks
      return outcomes;
    } finally {
      this.#giveBack(slot, site, session);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  #giveBack(slot: Slot<ClientSession>, site: string, session: ClientSession | undefined): void {
    if (session === undefined || session.ended) return slot.release();
    if (this.#isUsedUp(session, site)) return slot.retire(session);
    if (session.isQuiet || slot.isPassedOn) return slot.keep(session);
    void session.reset().then(() => slot.keep(session)); // nobody waits for it
  }

  #isUsedUp({ transactions, offered }: ClientSession, site: string): boolean {
    return transactions >= Math.min(this.#pacer.messagesPerConnection(site), offered.maxTransactions ?? Infinity);
  }
}

/** A session that worked before ended between two messages: no content was sent, and a fresh one may do. */
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
