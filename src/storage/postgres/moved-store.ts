// The receiving end of a move from another store: deliveries with all their facts, and the history, in steps that know
// how far they came, so that a move that was broken off goes on where it stopped.
import type { SiteRecord } from "../../deliver/site-store.ts";
import { domainOf } from "../../mail/address.ts";
import type { Event } from "../../journal/event.ts";
import type { SharedCount } from "../../judge/rates/count-store.ts";
import type { SenderRecord } from "../../judge/sender-store.ts";
import type { Suppression } from "../../judge/suppression/suppression-store.ts";
import type { Message } from "../../mail/message.ts";
import type { QueuedDelivery } from "../../queue/store.ts";
import { insertChunks } from "./bodies.ts";
import { bodyLimits } from "./body-writer.ts";
import { exchangeCounts } from "./counts.ts";
import { connectionOf, Connections, connectionSettings, type Runner, type Statement } from "./database.ts";
import { recordEvents } from "./history.ts";
import { migrate } from "./migrate.ts";
import { bigints, booleans, byteas, integers, texts } from "./parameters.ts";
import { wishesOf } from "./rows.ts";
import { addSenders } from "./senders.ts";
import { saveLearnt, suspendSite } from "./sites.ts";
import { writeSuppressions } from "./suppressions.ts";

/** A message of the other store with those of its deliveries that are left. */
export interface MovedMessage {
  readonly message: Message;
  readonly deliveries: readonly QueuedDelivery[];
  readonly body: AsyncIterable<Uint8Array>;
}

/** How far a move came. */
export interface Moved {
  readonly messages: number;
  readonly deliveries: number;
  /** The last one that was moved. */
  readonly lastDeliveryId: number;
  readonly events: number;
  readonly lastEventId: number;
  readonly isComplete: boolean;
}

const begin: Statement = {
  name: "move_begin",
  text: "INSERT INTO moved_store (source) VALUES ($1) ON CONFLICT DO NOTHING",
};
const progress: Statement = {
  name: "move_progress",
  text: `SELECT messages, deliveries, last_delivery_id AS "lastDeliveryId", events, last_event_id AS "lastEventId",
    is_complete AS "isComplete" FROM moved_store WHERE source = $1`,
};
const addMessages: Statement = {
  name: "move_messages",
  text: `WITH messages AS (
    INSERT INTO message (queue_id, expires_at, facts, recipients, chunks, body)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::integer[], $5::integer[], $6::bytea[])),
  deliveries AS (
    INSERT INTO delivery (queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, attempts, deferred, held,
      bounce_ordered, delay_notice_sent, last_failure, ready)
    SELECT queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, attempts, deferred, held,
      bounce_ordered, delay_notice_sent, last_failure, false
    FROM unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[],
      $14::integer[], $15::boolean[], $16::boolean[], $17::boolean[], $18::boolean[], $19::text[]) WITH ORDINALITY
      AS d(queue_id, reverse_path, address, domain, sender_domain, wishes, due_at, attempts, deferred, held,
        bounce_ordered, delay_notice_sent, last_failure, number) ORDER BY number)
  UPDATE moved_store SET messages = messages + cardinality($1::text[]),
    deliveries = deliveries + cardinality($7::text[]), last_delivery_id = $20 WHERE source = $21`,
};
const addEvents: Statement = {
  name: "move_events",
  text: "UPDATE moved_store SET events = events + $1, last_event_id = $2 WHERE source = $3",
};
const complete: Statement = {
  name: "move_complete",
  text: "UPDATE moved_store SET is_complete = true WHERE source = $1",
};

export class MoveTarget implements AsyncDisposable {
  readonly #connections: Connections;
  readonly #source: string;

  private constructor(connections: Connections, source: string) {
    this.#connections = connections;
    this.#source = source;
  }

  /** `source`: a name that only this other store has. Rejects with words for the operator, as openPostgres does. */
  static async open(url: string, source: string): Promise<MoveTarget> {
    const connection = connectionOf(url);
    await migrate(connection);
    const settings = connectionSettings(connection, { statementMs: 0 });
    const target = new MoveTarget(new Connections(connection.place, { ...settings, max: 1 }), source);
    await target.#connections.run(begin, [source]);
    return target;
  }

  async progress(): Promise<Moved> {
    const [moved] = await this.#connections.run<Moved>(progress, [this.#source]);
    return moved!;
  }

  /** All of them or none. */
  addMessages(messages: readonly MovedMessage[]): Promise<void> {
    return this.#connections.transaction(async (runner) => {
      const bodies: Content[] = [];
      for (const message of messages) bodies.push(await contentOf(runner, message));
      await this.#insert(runner, messages, bodies);
    });
  }

  async #insert(runner: Runner, messages: readonly MovedMessage[], bodies: readonly Content[]): Promise<void> {
    const deliveries = messages.flatMap(({ deliveries }) => deliveries);
    await runner.run(addMessages, [
      texts(messages.map(({ message }) => message.queueId)),
      bigints(messages.map(({ deliveries }) => deliveries[0]!.expiresAt)),
      texts(messages.map(({ message }) => JSON.stringify(message))),
      integers(messages.map(({ deliveries }) => deliveries.length)),
      integers(bodies.map((body) => (typeof body === "number" ? body : 0))),
      byteas(bodies.map((body) => (typeof body === "number" ? null : body))),
      texts(deliveries.map(({ message }) => message.queueId)),
      texts(deliveries.map(({ message }) => message.reversePath)),
      texts(deliveries.map(({ recipient }) => recipient.address)),
      texts(deliveries.map(({ recipient }) => domainOf(recipient.address))),
      texts(deliveries.map(({ message: { reversePath } }) => (reversePath === "" ? "" : domainOf(reversePath)))),
      texts(deliveries.map(({ recipient }) => wishesOf(recipient))),
      bigints(deliveries.map(({ dueAt }) => dueAt)),
      integers(deliveries.map(({ attempts }) => attempts)),
      // what is held does not say whether it was deferred: it was, if it was tried
      booleans(deliveries.map(({ state, attempts }) => state === "deferred" || (state === "held" && attempts > 0))),
      booleans(deliveries.map(({ state }) => state === "held")),
      booleans(deliveries.map(({ bounceOrdered }) => bounceOrdered)),
      booleans(deliveries.map(({ delayNoticeSent }) => delayNoticeSent)),
      texts(deliveries.map(({ lastFailure }) => lastFailure && JSON.stringify(lastFailure))),
      deliveries.at(-1)!.deliveryId,
      this.#source,
    ]);
  }

  /** In their order; the last one has the number `lastEventId`. */
  addEvents(events: readonly Event[], lastEventId: number): Promise<void> {
    return this.#connections.transaction(async (runner) => {
      await recordEvents(runner, events);
      await runner.run(addEvents, [events.length, lastEventId, this.#source]);
    });
  }

  async addSites(records: readonly SiteRecord[]): Promise<void> {
    await saveLearnt(this.#connections, records);
    for (const { site, suspended } of records)
      if (suspended !== undefined) await suspendSite(this.#connections, site, suspended);
  }

  async addSenders(records: readonly SenderRecord[]): Promise<void> {
    await addSenders(this.#connections, records);
  }

  async addSuppressions(records: readonly Suppression[]): Promise<void> {
    await writeSuppressions(this.#connections, records);
  }

  /** To what is counted already; each batch once. */
  async addCounts(counts: readonly SharedCount[], batch: number): Promise<void> {
    const changes = counts.map(({ until, ...count }) => ({ ...count, movedMs: 0, mostMs: 0, least: until }));
    const asked = { by: this.#source, batch, changes, now: Date.now(), since: 0, limit: 0 };
    await exchangeCounts(this.#connections, asked);
  }

  /** From here on, the other store's mail is this one's. */
  async complete(): Promise<void> {
    await this.#connections.run(complete, [this.#source]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connections.close();
  }
}

/** A small body, or the number of chunks of a large one, which are in the database. */
type Content = Buffer | number;

async function contentOf(runner: Runner, { message, body }: MovedMessage): Promise<Content> {
  if (message.sizeBytes > bodyLimits.inlineBytes) return insertChunks(runner, message.queueId, buffers(body));
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* buffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}
