// The PostgreSQL driver: one database for any number of nodes.
import { join } from "node:path";
import { each } from "../../base/parts.ts";
import type { Instant } from "../../base/world.ts";
import type { ShareRequest, SiteRecord, SiteStore } from "../../deliver/site-store.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery, HistoryStore } from "../../journal/history.ts";
import type { CountAnswer, CountExchange, CountStore } from "../../judge/rates/count-store.ts";
import type {
  Fading,
  Pin,
  SenderChange,
  SenderId,
  SenderKind,
  SenderPage,
  SenderRecord,
  SenderStore,
} from "../../judge/sender-store.ts";
import type {
  LiftedKey,
  Strike,
  Suppression,
  SuppressionNews,
  SuppressionStore,
} from "../../judge/suppression/suppression-store.ts";
import type { QueueId } from "../../mail/message.ts";
import type {
  BodyWriter,
  ClaimRequest,
  Delivery,
  DeliveryState,
  Lease,
  NewMessage,
  QueueAction,
  QueuedDelivery,
  QueueFilter,
  QueueStore,
  Settlement,
} from "../../queue/store.ts";
import { RefusalQuota } from "../refusal-quota.ts";
import { insertChunks, readBody } from "./bodies.ts";
import { bodyLimits, chunksOf, SpooledBody, SpoolingWriter } from "./body-writer.ts";
import { changeDeliveries } from "./changing.ts";
import { Claims, claimSettings } from "./claiming.ts";
import { exchangeCounts, pruneCounts } from "./counts.ts";
import {
  type ConnectionLimits,
  connectionOf,
  type ConnectionOptions,
  connectionSettings,
  Connections,
  databaseLimits,
  type Runner,
} from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { findEvents, forgetEvents, recordEvents } from "./history.ts";
import { InHand } from "./in-hand.ts";
import { insertMessages, type PreparedMessage } from "./keeping.ts";
import { countDeliveries, deliveryIds, listDeliveries, nextDueAt } from "./listing.ts";
import { migrate } from "./migrate.ts";
import { Membership } from "./nodes.ts";
import { RecentBodies } from "../recent-bodies.ts";
import { removeEmptied, type Settled, settleDeliveries, type Settling, sweepEmptied } from "./settling.ts";
import { forgetSender, learnSenders, pageSenders, pinSender, pruneSenders, recallSenders } from "./senders.ts";
import { listSites, saveLearnt, shareSites, suspendSite } from "./sites.ts";
import { liftSuppressions, pruneSuppressions, strike, suppressionsAfter, suppressionsOf } from "./suppressions.ts";
import { Turns } from "./turns.ts";

export const storeLimits = {
  sliceRows: 500, // of `change`, in one transaction
  recentBytes: 16 * 1024 ** 2, // memory for bodies that were kept last
  groupCalls: 200, // of one transaction
  groupBytes: 4 * 1024 ** 2,
  largeAtOnce: 2, // large messages on their way into the database: the other connections are for the rest
  deskConnections: 2, // for people's questions
  beatConnections: 1, // for the word that this node lives
  claimConnections: 1, // claims take turns
} as const;

export interface PostgresOptions {
  /** "postgres://user:password@host:port/database" */
  readonly url: string;
  /** For temporary files of large messages. */
  readonly dir: string;
  /** To the database at once; at least 6. */
  readonly connections?: number;
  /** A node that the database has not heard of for so long is dead: others take over its deliveries. */
  readonly nodeTimeoutMs?: number;
  /** Where the tables are. */
  readonly schema?: string;
  /** Other nodes may have our leases: attempts under way are to end. */
  readonly onLeasesLost?: () => void;
  /** There is work that another node had. */
  readonly onWork?: () => void;
}

/** Rejects with words for the operator: cannot reach, wrong password, no such database, too old, too new. */
export async function openPostgres(
  options: PostgresOptions,
): Promise<QueueStore & HistoryStore & SiteStore & SenderStore & SuppressionStore & CountStore> {
  const connection = connectionOf(options.url, options.schema);
  await migrate(connection);
  return new PostgresStore(options, connection);
}

class PostgresStore implements QueueStore, HistoryStore, SiteStore, SenderStore, SuppressionStore, CountStore {
  readonly #dir: string;
  /** For what mail waits for. */
  readonly #mail: Connections;
  /** For people's questions, which may read the whole queue. */
  readonly #desk: Connections;
  /** For the word that we live: never waits for a connection. */
  readonly #beat: Connections;
  /** For looking at the head of the queue. */
  readonly #claiming: Connections;
  readonly #membership: Membership;
  readonly #keeps: GroupCommit<PreparedMessage, Delivery[]>;
  readonly #settles: GroupCommit<Settling, undefined>;
  readonly #large = new Turns(storeLimits.largeAtOnce);
  readonly #claims = new Claims();
  readonly #claimTurns = new Turns(1);
  readonly #inHand = new InHand();
  readonly #recent = new RecentBodies(storeLimits.recentBytes);
  readonly #quota = new RefusalQuota();

  constructor(options: PostgresOptions, connection: ConnectionOptions) {
    const { dir, connections = 10, nodeTimeoutMs = 30_000, onLeasesLost = () => {}, onWork = () => {} } = options;
    const { deskConnections, beatConnections, claimConnections } = storeLimits;
    const { groupCalls: mostCalls, groupBytes: mostBytes } = storeLimits;
    const { place } = connection;
    const settings = (limits: Partial<ConnectionLimits>) =>
      connectionSettings(connection, { ...limitsWithin(nodeTimeoutMs), ...limits });
    // statements for mail go by index, whatever the statistics say of a table that was empty a moment ago
    const byIndex = { enable_seqscan: "off" };
    const few = deskConnections + beatConnections + claimConnections;
    this.#dir = join(dir, "tmp");
    this.#mail = new Connections(place, { ...settings({ settings: byIndex }), max: connections - few });
    this.#claiming = new Connections(place, { ...settings({ settings: claimSettings }), max: claimConnections });
    this.#desk = new Connections(place, { ...settings({ statementMs: databaseLimits.deskMs }), max: deskConnections });
    this.#beat = new Connections(place, {
      ...settings({ ...wordLimits(nodeTimeoutMs), settings: byIndex }),
      max: beatConnections,
    });
    this.#keeps = new GroupCommit({
      run: (messages) => this.#insert(this.#mail, messages),
      bytesOf: ({ message }) => message.sizeBytes,
      mostCalls,
      mostBytes,
    });
    this.#settles = new GroupCommit({
      run: async (calls) => {
        await this.#forget(await settleDeliveries(this.#mail, calls));
        return calls.map(() => undefined);
      },
      bytesOf: () => 0,
      mostCalls,
      mostBytes,
    });
    this.#membership = new Membership({
      connections: this.#beat,
      timeoutMs: nodeTimeoutMs,
      onLost: onLeasesLost,
      onFreed: onWork,
      onSeen: async (name) => void ((await this.#inHand.releaseUnknown(this.#beat, name)) > 0 && onWork()),
    });
  }

  compose(): BodyWriter {
    return new SpoolingWriter(this.#dir);
  }

  async keep(message: NewMessage, lease?: Lease): Promise<Delivery[]> {
    const { queueId } = message.message;
    const content = takeContent(message);
    const { body, ...rest } = message;
    if (!isSmall(content))
      return this.#large.take(async () => {
        try {
          return await this.#mail.transaction((runner) => this.#insertLarge(runner, { ...message, lease }, content));
        } finally {
          if (body instanceof SpooledBody) await body.close();
        }
      });
    const deliveries = await this.#keeps.add({ ...rest, body: content, lease });
    this.#recent.add(queueId, [content]);
    return deliveries;
  }

  /** In one statement. */
  #insert(runner: Runner, messages: readonly PreparedMessage[]): Promise<Delivery[][]> {
    return this.#inHand.giving(async () => {
      const kept = await insertMessages(runner, messages);
      for (const [i, { lease }] of messages.entries())
        if (lease !== undefined) this.#inHand.add(kept[i]!.map(({ deliveryId }) => deliveryId));
      return kept;
    });
  }

  /** Its chunks first. To be called in a transaction. */
  async #insertLarge(
    runner: Runner,
    { body: _, ...message }: NewMessage & { readonly lease?: Lease | undefined },
    content: Content,
  ): Promise<Delivery[]> {
    const chunks = await insertChunks(runner, message.message.queueId, chunksOf(content));
    const [deliveries] = await this.#insert(runner, [{ ...message, body: { chunks } }]);
    return deliveries!;
  }

  claim(request: ClaimRequest): Promise<Delivery[]> {
    return this.#claimTurns.take(() =>
      this.#inHand.giving(async () => {
        const claimed = await this.#claims.claim(this.#claiming, request);
        this.#inHand.add(claimed.map(({ deliveryId }) => deliveryId));
        return claimed;
      }),
    );
  }

  async settle(
    settlements: readonly Settlement[],
    events: readonly Event[],
    notices: readonly NewMessage[],
  ): Promise<void> {
    if (notices.length === 0) await this.#settles.add({ settlements, events });
    else await this.#forget(await this.#settleWithNotices({ settlements, events }, notices));
    this.#inHand.remove(settlements.map(({ deliveryId }) => deliveryId));
  }

  async #settleWithNotices(call: Settling, notices: readonly NewMessage[]): Promise<Settled> {
    const contents = notices.map(takeContent);
    try {
      return await this.#mail.transaction(async (runner) => {
        const settled = await settleDeliveries(runner, [call]);
        if (settled.written.size === 0) return settled;
        for (const [i, notice] of notices.entries()) {
          const content = contents[i]!;
          if (isSmall(content)) await insertMessages(runner, [{ ...notice, body: content }]);
          else await this.#insertLarge(runner, notice, content);
        }
        return settled;
      });
    } finally {
      for (const { body } of notices) if (body instanceof SpooledBody) await body.close();
    }
  }

  /** After the commit; what is not removed now is swept up at the next start. */
  async #forget({ gone, emptied }: Settled): Promise<void> {
    const removed = await removeEmptied(this.#mail, emptied).catch(() => []);
    for (const queueId of [...gone, ...removed]) this.#recent.forget(queueId);
  }

  async read(queueId: QueueId): Promise<AsyncIterable<Uint8Array>> {
    const recent = this.#recent.get(queueId);
    return recent === undefined ? readBody(this.#mail, queueId) : each(recent);
  }

  nextDueAt(): Promise<Instant | undefined> {
    return nextDueAt(this.#claiming);
  }

  list(filter: QueueFilter, limit: number, after = 0): Promise<QueuedDelivery[]> {
    return listDeliveries(this.#desk, filter, { limit, after });
  }

  count(filter: QueueFilter): Promise<Record<DeliveryState, number>> {
    return countDeliveries(this.#desk, filter);
  }

  async change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number> {
    let total = 0;
    for (let after: number | undefined = 0; after !== undefined;) {
      const ids: number[] = await deliveryIds(this.#desk, filter, { limit: storeLimits.sliceRows, after });
      const order = { deliveryIds: ids, action, now, state: filter.state };
      const changed = await changeDeliveries(this.#mail, order);
      if (action === "drop") await this.#forget({ written: new Set(), gone: [], emptied: [...new Set(changed)] });
      total += changed.length;
      after = ids.at(-1);
    }
    return total;
  }

  async recover(by: string): Promise<number> {
    await sweepEmptied(this.#mail);
    return this.#membership.join(by);
  }

  async record(events: readonly Event[]): Promise<void> {
    await recordEvents(this.#mail, events.filter(this.#quota.admits));
  }

  find(query: HistoryQuery, messages: number): Promise<Event[]> {
    return findEvents(this.#desk, query, messages);
  }

  story(queueId: QueueId): Promise<Event[]> {
    return findEvents(this.#mail, { queueId }, 1);
  }

  prune(before: Instant, limit: number): Promise<number> {
    return forgetEvents(this.#desk, before, limit);
  }

  sites(): Promise<SiteRecord[]> {
    return listSites(this.#mail);
  }

  saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): Promise<void> {
    return saveLearnt(this.#mail, records);
  }

  suspend(site: string, because: string | undefined): Promise<void> {
    return suspendSite(this.#mail, site, because);
  }

  share(
    by: string,
    requests: readonly ShareRequest[],
    times: { readonly now: Instant; readonly until: Instant },
  ): Promise<number[]> {
    return shareSites(this.#mail, { by, requests, times });
  }

  recallSenders(ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]> {
    return recallSenders(this.#mail, ids, now);
  }

  learnSenders(changes: readonly SenderChange[], fading: Fading): Promise<void> {
    return learnSenders(this.#mail, changes, fading);
  }

  pinSender(id: SenderId, pin: Pin | undefined, fading: Fading): Promise<void> {
    return pinSender(this.#mail, { id, pin, now: fading.now });
  }

  forgetSender(id: SenderId): Promise<boolean> {
    return forgetSender(this.#mail, id);
  }

  pageSenders(kind: SenderKind, page: SenderPage): Promise<SenderRecord[]> {
    return pageSenders(this.#desk, kind, page);
  }

  pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): Promise<number> {
    return pruneSenders(this.#mail, now, most);
  }

  suppressionsOf(addresses: readonly string[]): Promise<Suppression[]> {
    return suppressionsOf(this.#mail, addresses);
  }

  suppressionsAfter(after: number, limit: number): Promise<SuppressionNews> {
    return suppressionsAfter(this.#mail, after, limit);
  }

  strike(strikes: readonly Strike[]): Promise<void> {
    return strike(this.#mail, strikes);
  }

  liftSuppressions(keys: readonly LiftedKey[]): Promise<Suppression[]> {
    return liftSuppressions(this.#mail, keys);
  }

  pruneSuppressions(ended: Instant, most: number): Promise<number> {
    return pruneSuppressions(this.#mail, ended, most);
  }

  exchangeCounts(exchange: CountExchange): Promise<CountAnswer> {
    return exchangeCounts(this.#mail, exchange);
  }

  pruneCounts(ended: Instant, most: number): Promise<number> {
    return pruneCounts(this.#mail, ended, most);
  }

  /** After all calls made before; what we hold may be attempted by others at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#keeps.idle(), this.#settles.idle()]);
    await this.#membership.leave();
    await Promise.all([this.#mail, this.#desk, this.#beat, this.#claiming].map((connections) => connections.close()));
  }
}

/** Who waits for the database is to know that it is out of reach before the others take this node for dead. */
const limitsWithin = (nodeTimeoutMs: number) => ({
  connectMs: Math.min(databaseLimits.connectMs, nodeTimeoutMs / 3),
  statementMs: Math.min(databaseLimits.statementMs, nodeTimeoutMs / 3),
  silenceMs: Math.min(databaseLimits.silenceMs, nodeTimeoutMs / 6),
});

/** A word that was lost is said again in time. */
const wordLimits = (nodeTimeoutMs: number) => ({
  connectMs: nodeTimeoutMs / 6,
  statementMs: nodeTimeoutMs / 6,
  silenceMs: 0,
});

type Content = SpooledBody["content"];

const isSmall = (content: Content): content is Uint8Array =>
  content instanceof Uint8Array && content.length <= bodyLimits.inlineBytes;

/** What a message's body holds; it is taken, and can be kept no second time. */
function takeContent({ message: { queueId }, body, recipients }: NewMessage): Content {
  if (recipients.length === 0) throw new Error(`message ${queueId} has no recipients`); // it would stay for ever
  if (body instanceof Uint8Array) return body;
  if (!(body instanceof SpooledBody)) throw new TypeError("a body is kept by the store that made it");
  if (!body.take()) throw new Error(`the body of ${queueId} was kept before`);
  return body.content;
}
