// The inflow: promises go to the spool, and from there in bulk to the database. Knows what the database does not have yet.
import { bytesIn, type Parts } from "../../base/parts.ts";
import type { Instant } from "../../base/world.ts";
import type { QueueId } from "../../mail/message.ts";
import type { Spool } from "./spool.ts";
import {
  isBefore,
  type KeptRecord,
  keptRecord,
  type Position,
  type SettledRecord,
  settledRecord,
  type Span,
} from "./spool-record.ts";

export const inflowLimits = {
  restMs: 500, // so long the spool may be ahead of the database before it is applied
  eagerBytes: 32 * 1024 ** 2, // or by so many bytes
  mostBytes: 256 * 1024 ** 2, // further mail waits until the database has caught up
} as const;

export interface InflowParts {
  readonly spool: Spool;
  /** Up to here the database has the spool. */
  readonly applied: Position;
  /** Brings records before `target` to the database, not always all; answers up to where. `tries`: so often in a row it failed. */
  readonly apply: (target: Position, tries: number) => Promise<Position>;
}

/** A message that only the spool has, with deliveries to be done. */
interface Fresh {
  readonly end: Position;
  readonly body: (Span & { readonly segment: number }) | { readonly file: string };
  readonly open: Set<number>;
}

export class Inflow {
  readonly #spool: Spool;
  readonly #apply: InflowParts["apply"];
  #applied: Position;
  /** In the order of the spool. */
  readonly #fresh = new Map<QueueId, Fresh>();
  readonly #byDelivery = new Map<number, QueueId>();
  /** When something that the database does not know falls due. */
  #soonest: Instant = Infinity;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #fault: unknown;
  /** In a row. */
  #faults = 0;
  #behindBytes = 0;

  constructor({ spool, applied, apply }: InflowParts) {
    this.#spool = spool;
    this.#applied = applied;
    this.#apply = apply;
  }

  /** Resolves when the message is on the disk. */
  async keep(facts: KeptRecord, body: Parts): Promise<void> {
    const { queueId } = facts.message;
    if (this.#fresh.has(queueId)) throw new Error(`queue id ${queueId} is in use`);
    // mail waits for a database that is slow, and is put off while it fails
    if (this.#fault !== undefined || this.#behindBytes > inflowLimits.mostBytes) await this.flush();
    const parts = keptRecord(facts, body);
    const at = await this.#append(parts, true);
    this.#soonest = Math.min(this.#soonest, facts.lease?.until ?? facts.message.receivedAt);
    const offset = at.offset + parts[0]!.length;
    const bytes = bytesIn(body);
    const open = new Set(facts.recipients.map((_, i) => facts.firstDeliveryId + i));
    this.#fresh.set(queueId, {
      end: { segment: at.segment, offset: offset + bytes },
      body: facts.file === undefined ? { segment: at.segment, offset, bytes } : { file: facts.file },
      open,
    });
    for (const deliveryId of open) this.#byDelivery.set(deliveryId, queueId);
  }

  /** Resolves when the settlement is on the disk; answers messages whose last delivery is done. */
  async settle(facts: SettledRecord): Promise<QueueId[]> {
    await this.#append(settledRecord(facts), false); // the message is no worse off while it waits
    const ended: QueueId[] = [];
    for (const { deliveryId, next } of facts.settlements) {
      const queueId = this.#byDelivery.get(deliveryId);
      if (queueId === undefined) this.#soonest = 0; // its lease may have ended: then the database must not give it away
      else if (next.kind === "deferred") this.#soonest = Math.min(this.#soonest, next.dueAt);
      else if (this.#isLast(queueId, deliveryId)) ended.push(queueId);
    }
    return ended;
  }

  #isLast(queueId: QueueId, deliveryId: number): boolean {
    const { open } = this.#fresh.get(queueId)!;
    open.delete(deliveryId);
    this.#byDelivery.delete(deliveryId);
    return open.size === 0 && this.#fresh.delete(queueId);
  }

  /** The body of a message that the database does not have yet. */
  async read(queueId: QueueId): Promise<Uint8Array | { readonly file: string } | undefined> {
    const body = this.#fresh.get(queueId)?.body;
    if (body === undefined || "file" in body) return body;
    return this.#spool.read(body.segment, body).catch(() => undefined); // the database got it meanwhile
  }

  /** Whether the database has to catch up before it can say what is due at `now`. */
  hidesDue(now: Instant): boolean {
    return this.#soonest <= now;
  }

  /** The database has all that was promised before. */
  async flush(): Promise<void> {
    const target = this.#spool.end;
    while (isBefore(this.#applied, target)) {
      this.#running ??= this.#catchUp(target).finally(() => (this.#running = undefined));
      await this.#running;
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.flush().catch(() => {}); // the next start does it
    await this.#spool.close();
  }

  async #append(parts: Parts, isUrgent: boolean): Promise<Position> {
    const at = await this.#spool.append(parts, isUrgent);
    this.#behindBytes += bytesIn(parts);
    if (this.#behindBytes > inflowLimits.eagerBytes) this.#catchUpSoon();
    else this.#timer ??= setTimeout(() => this.#catchUpSoon(), inflowLimits.restMs).unref();
    return at;
  }

  #catchUpSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running === undefined) this.flush().catch(() => {}); // who keeps the next message is told
  }

  async #catchUp(target: Position): Promise<void> {
    const [soonest, behindBytes] = [this.#soonest, this.#behindBytes];
    this.#soonest = Infinity;
    try {
      const upTo = await this.#apply(target, this.#faults);
      this.#fault = undefined;
      this.#faults = 0;
      this.#applied = upTo;
      if (isBefore(upTo, target)) this.#soonest = Math.min(this.#soonest, soonest);
      else this.#behindBytes -= behindBytes;
      for (const [queueId, { end }] of this.#fresh) {
        if (isBefore(upTo, end)) break;
        this.#forget(queueId);
      }
      await this.#spool.forget(upTo);
    } catch (error) {
      this.#soonest = Math.min(this.#soonest, soonest);
      this.#fault = error;
      this.#faults += 1;
      throw error;
    }
  }

  #forget(queueId: QueueId): void {
    for (const deliveryId of this.#fresh.get(queueId)?.open ?? []) this.#byDelivery.delete(deliveryId);
    this.#fresh.delete(queueId);
  }
}
