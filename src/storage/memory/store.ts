// The memory driver: for tests, and for servers that may lose their mail. Same promises as the others, but for the disk.
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
import {
  type BodyWriter,
  type ClaimRequest,
  type Delivery,
  type DeliveryState,
  type Lease,
  type NewMessage,
  NotKept,
  type QueueAction,
  type QueuedDelivery,
  type QueueFilter,
  type QueueStore,
  type Settlement,
} from "../../queue/store.ts";
import { RefusalQuota } from "../refusal-quota.ts";
import { eventsToWrite } from "../settled-events.ts";
import { MemoryBody, MemoryWriter, Room } from "./body.ts";
import {
  changed,
  fits,
  inTurns,
  isClaimable,
  type Kept,
  newDelivery,
  postponed,
  stateOf,
  toDelivery,
  toQueuedDelivery,
} from "../deliveries.ts";
import { MemoryCounts } from "./counts.ts";
import { MemoryHistory } from "./history.ts";
import { MemorySenders } from "./senders.ts";
import { MemorySites } from "./sites.ts";
import { MemorySuppressions } from "./suppressions.ts";

export interface MemoryOptions {
  /** Room for all bodies together. */
  readonly maxBytes?: number;
}

export const openMemory = ({ maxBytes = Infinity }: MemoryOptions = {}): QueueStore &
  HistoryStore &
  SiteStore &
  SenderStore &
  SuppressionStore &
  CountStore => new MemoryStore(maxBytes);

const readBytes = 128 * 1024; // per chunk

class MemoryStore implements QueueStore, HistoryStore, SiteStore, SenderStore, SuppressionStore, CountStore {
  readonly #room: Room;
  readonly #history = new MemoryHistory();
  readonly #quota = new RefusalQuota();
  readonly #sites = new MemorySites();
  readonly #senders = new MemorySenders();
  readonly #suppressions = new MemorySuppressions();
  readonly #counts = new MemoryCounts();
  readonly #bodies = new Map<QueueId, Uint8Array>();
  /** In order of arrival. */
  readonly #deliveries = new Map<number, Kept>();
  #lastDeliveryId = 0;

  constructor(maxBytes: number) {
    this.#room = new Room(maxBytes);
  }

  compose(): BodyWriter {
    return new MemoryWriter(this.#room);
  }

  async keep(message: NewMessage, lease?: Lease): Promise<Delivery[]> {
    return this.#insert(message, this.#take(message), lease);
  }

  /** All that can fail of keeping a message. */
  #take({ message: { queueId }, body, recipients }: NewMessage): Uint8Array {
    if (recipients.length === 0) throw new Error(`message ${queueId} has no recipients`); // it would stay for ever
    if (this.#bodies.has(queueId)) throw new Error(`queue id ${queueId} is in use`);
    if (body instanceof Uint8Array) {
      this.#room.take(body.length);
      return Uint8Array.from(body);
    }
    if (!(body instanceof MemoryBody)) throw new TypeError("a body is kept by the store that made it");
    if (body.taken) throw new Error(`the body of ${queueId} was kept before`);
    body.taken = true;
    return body.bytes;
  }

  #takeAll(messages: readonly NewMessage[]): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    try {
      for (const message of messages) bodies.push(this.#take(message));
      return bodies;
    } catch (error) {
      for (const body of bodies) this.#room.giveBack(body.length);
      throw error;
    }
  }

  #insert({ message, recipients, expiresAt, events }: NewMessage, body: Uint8Array, lease?: Lease): Delivery[] {
    this.#bodies.set(message.queueId, body);
    this.#history.record(events);
    return recipients.map((recipient) => {
      const deliveryId = ++this.#lastDeliveryId;
      const about = { deliveryId, message, recipient, expiresAt, dueAt: message.receivedAt };
      const kept: Kept = { ...newDelivery, ...about, lease };
      this.#deliveries.set(deliveryId, kept);
      return toDelivery(kept);
    });
  }

  async claim(request: ClaimRequest): Promise<Delivery[]> {
    const due = [...this.#deliveries.values()].filter((kept) => isClaimable(kept, request));
    const messages = Map.groupBy(inTurns(due), ({ message }) => message.queueId);
    const chosen = [...messages.values()].flatMap((of) => of.sort((a, b) => a.deliveryId - b.deliveryId));
    const lease = { by: request.by, until: request.now + request.leaseMs };
    return chosen.slice(0, request.limit).map((kept) => {
      this.#deliveries.set(kept.deliveryId, { ...kept, lease });
      return toDelivery(kept);
    });
  }

  async settle(
    settlements: readonly Settlement[],
    events: readonly Event[],
    notices: readonly NewMessage[],
  ): Promise<void> {
    const present = settlements.flatMap(({ deliveryId }) => this.#deliveries.get(deliveryId)?.recipient.address ?? []);
    if (present.length === 0) return;
    const bodies = this.#takeAll(notices); // before anything changes: all or nothing
    for (const { deliveryId, by, next } of settlements) {
      const kept = this.#deliveries.get(deliveryId);
      if (kept === undefined) continue;
      if (next.kind === "done") this.#remove(kept);
      else if (kept.lease?.by === by) this.#deliveries.set(deliveryId, postponed(kept, next));
    }
    for (const [i, notice] of notices.entries()) this.#insert(notice, bodies[i]!);
    this.#history.record(eventsToWrite(events, present, settlements.length));
  }

  #remove({ deliveryId, message: { queueId } }: Kept): void {
    this.#deliveries.delete(deliveryId);
    for (const { message } of this.#deliveries.values()) if (message.queueId === queueId) return;
    this.#room.giveBack(this.#bodies.get(queueId)?.length ?? 0);
    this.#bodies.delete(queueId);
  }

  async read(queueId: QueueId): Promise<AsyncIterable<Uint8Array>> {
    const body = this.#bodies.get(queueId);
    if (body === undefined) throw new NotKept(`no message ${queueId} in the queue`);
    return chunks(body);
  }

  async nextDueAt(): Promise<Instant | undefined> {
    const times = this.#all({}).flatMap(({ held, lease, dueAt }) => (held ? [] : (lease?.until ?? dueAt)));
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b));
  }

  #all(filter: QueueFilter): Kept[] {
    return [...this.#deliveries.values()].filter((kept) => fits(kept, filter));
  }

  async list(filter: QueueFilter, limit: number, after = 0): Promise<QueuedDelivery[]> {
    const rest = this.#all(filter).filter(({ deliveryId }) => deliveryId > after);
    return rest.slice(0, limit).map(toQueuedDelivery);
  }

  async count(filter: QueueFilter): Promise<Record<DeliveryState, number>> {
    const counts = { due: 0, deferred: 0, claimed: 0, held: 0 };
    for (const kept of this.#all(filter)) counts[stateOf(kept)]++;
    return counts;
  }

  async change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number> {
    let total = 0;
    for (const kept of this.#all(filter)) {
      const next = changed(kept, action, now);
      if (next === undefined) continue;
      if (action === "drop") this.#remove(kept);
      else this.#deliveries.set(kept.deliveryId, next);
      const { message, recipient } = kept;
      this.#history.record([{ kind: "operator", at: now, queueId: message.queueId, to: recipient.address, action }]);
      total++;
    }
    return total;
  }

  async recover(by: string): Promise<number> {
    const leased = this.#all({ state: "claimed" }).filter(({ lease }) => lease?.by !== by);
    for (const kept of leased) this.#deliveries.set(kept.deliveryId, { ...kept, lease: undefined });
    return leased.length;
  }

  async record(events: readonly Event[]): Promise<void> {
    this.#history.record(events.filter(this.#quota.admits));
  }

  async find(query: HistoryQuery, messages: number): Promise<Event[]> {
    return this.#history.find(query, messages);
  }

  async story(queueId: QueueId): Promise<Event[]> {
    return this.#history.find({ queueId }, 1);
  }

  async prune(before: Instant, limit: number): Promise<number> {
    return this.#history.prune(before, limit, (queueId) => this.#bodies.has(queueId as QueueId));
  }

  sites(): Promise<SiteRecord[]> {
    return this.#sites.sites();
  }

  saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): Promise<void> {
    return this.#sites.saveLearnt(records);
  }

  suspend(site: string, because: string | undefined): Promise<void> {
    return this.#sites.suspend(site, because);
  }

  share(by: string, requests: readonly ShareRequest[], times: { now: Instant; until: Instant }): Promise<number[]> {
    return this.#sites.share(by, requests, times);
  }

  recallSenders(ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]> {
    return this.#senders.recallSenders(ids, now);
  }

  learnSenders(changes: readonly SenderChange[], fading: Fading): Promise<void> {
    return this.#senders.learnSenders(changes, fading);
  }

  pinSender(id: SenderId, pin: Pin | undefined, fading: Fading): Promise<void> {
    return this.#senders.pinSender(id, pin, fading);
  }

  forgetSender(id: SenderId): Promise<boolean> {
    return this.#senders.forgetSender(id);
  }

  pageSenders(kind: SenderKind, page: SenderPage): Promise<SenderRecord[]> {
    return this.#senders.pageSenders(kind, page);
  }

  pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): Promise<number> {
    return this.#senders.pruneSenders(now, most);
  }

  suppressionsOf(addresses: readonly string[]): Promise<Suppression[]> {
    return this.#suppressions.suppressionsOf(addresses);
  }

  suppressionsAfter(after: number, limit: number): Promise<SuppressionNews> {
    return this.#suppressions.suppressionsAfter(after, limit);
  }

  strike(strikes: readonly Strike[]): Promise<void> {
    return this.#suppressions.strike(strikes);
  }

  liftSuppressions(keys: readonly LiftedKey[]): Promise<Suppression[]> {
    return this.#suppressions.liftSuppressions(keys);
  }

  pruneSuppressions(ended: Instant, most: number): Promise<number> {
    return this.#suppressions.pruneSuppressions(ended, most);
  }

  exchangeCounts(exchange: CountExchange): Promise<CountAnswer> {
    return this.#counts.exchangeCounts(exchange);
  }

  pruneCounts(ended: Instant, most: number): Promise<number> {
    return this.#counts.pruneCounts(ended, most);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += readBytes) yield bytes.subarray(from, from + readBytes);
}
