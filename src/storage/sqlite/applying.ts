// Applying the spool: what was promised since the last time goes to the database in one transaction, with the place up to
// which it was done. The same after a crash as a moment after the promise. A message that was kept and settled in between
// leaves nothing but its history.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Event } from "../../journal/event.ts";
import type { Settlement } from "../../queue/store.ts";
import { type Kept, postponed } from "../deliveries.ts";
import { putAside } from "./aside.ts";
import { eventsToWrite } from "../settled-events.ts";
import type { HistoryWriting } from "./history.ts";
import { type Keeping, newDeliveries } from "./keeping.ts";
import { SegmentReader } from "./segment-reader.ts";
import type { Gone, Settling } from "./settling.ts";
import { spoolFolder } from "./spool.ts";
import {
  isBefore,
  type KeptRecord,
  type Position,
  recordAt,
  recordEnd,
  segmentName,
  type SettledRecord,
  type Span,
  type SpoolRecord,
} from "./spool-record.ts";

/** Of one transaction. */
const chunk = { records: 5_000, factsBytes: 8 * 1024 ** 2 } as const;

export interface Applied {
  /** All before it is in the database. */
  readonly upTo: Position;
  /** Messages that are no longer queued. */
  readonly gone: readonly Gone[];
}

export interface ApplyRequest {
  readonly spool: number;
  readonly target: Position;
  /** Records may not be whole, for they were found after a crash. */
  readonly verify: boolean;
  /** So many records at most. */
  readonly most?: number;
}

/** A message of this chunk. */
interface Fresh {
  readonly facts: KeptRecord;
  readonly segment: number;
  readonly body: Span;
  readonly deliveries: Map<number, Kept>;
  readonly events: Event[];
}

interface Parts {
  readonly dir: string;
  readonly keep: Keeping;
  readonly settling: Settling;
  readonly history: HistoryWriting;
}

export function applying(db: DatabaseSync, { dir, keep, settling, history }: Parts) {
  const selectMark = db.prepare("SELECT segment, bytes FROM spool_mark WHERE spool = ?");
  const setMark = db.prepare("INSERT OR REPLACE INTO spool_mark (spool, segment, bytes) VALUES (?, ?, ?)");

  /** The place up to which the database has a spool. */
  function applied(spool: number): Position {
    const mark = selectMark.get(spool) as { segment: number; bytes: number } | undefined;
    return mark === undefined ? { segment: 1, offset: 0 } : { segment: mark.segment, offset: mark.bytes };
  }

  function write(fresh: Fresh, segments: Segments): void {
    const { facts, segment, body, deliveries, events } = fresh;
    const { message, file } = facts;
    history.recordStory(
      message.queueId,
      events.filter((event) => isOf(event, message.queueId)),
    );
    history.record(events.filter((event) => !isOf(event, message.queueId)));
    if (deliveries.size === 0) return;
    const stored = file === undefined ? { bytes: segments.open(segment)!.read(body.offset, body.bytes) } : { file };
    keep(message, [...deliveries.values()], stored);
  }

  return {
    /** The next chunk of records before `target`. */
    apply({ spool, target, verify, most = chunk.records }: ApplyRequest): Applied {
      using segments = new Segments(join(dir, spoolFolder(spool)));
      const gone: Gone[] = [];
      const batch = new Batch((settlements, events) => gone.push(...settling.settle(settlements, events, []).gone));
      let at = applied(spool);
      for (let [records, factsBytes] = [0, 0]; isBefore(at, target); records += 1) {
        if (records >= most || factsBytes >= chunk.factsBytes) break;
        const reader = segments.open(at.segment);
        const found = reader && recordAt(reader, at.offset, verify);
        if (found !== undefined) {
          batch.take(found.record, at.segment);
          factsBytes += found.factsBytes;
          at = { segment: at.segment, offset: found.end };
        } else if (at.segment < target.segment) at = { segment: at.segment + 1, offset: 0 };
        else throw new Error(`${segmentName(at.segment)} of the spool ends at ${at.offset}, before ${target.offset}`);
      }
      for (const fresh of batch.messages) {
        write(fresh, segments);
        const { message, file } = fresh.facts;
        if (fresh.deliveries.size === 0) gone.push({ queueId: message.queueId, ...(file !== undefined && { file }) });
      }
      setMark.run(spool, at.segment, at.offset);
      return { upTo: at, gone };
    },

    /** Passes over the next record, which is kept in a file. */
    setAside(spool: number): Applied & { readonly file: string } {
      using segments = new Segments(join(dir, spoolFolder(spool)));
      const { segment, offset } = applied(spool);
      const reader = segments.open(segment)!;
      const end = recordEnd(reader, offset);
      const file = putAside(dir, `${spool}-${segment}-${offset}.record`, reader.read(offset, end - offset));
      setMark.run(spool, segment, end);
      return { upTo: { segment, offset: end }, gone: [], file };
    },
  };
}

/** Segments that one chunk is read from. */
class Segments implements Disposable {
  readonly #folder: string;
  readonly #open = new Map<number, SegmentReader | undefined>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined: nothing was ever written to it. */
  open(segment: number): SegmentReader | undefined {
    if (!this.#open.has(segment)) {
      const file = join(this.#folder, segmentName(segment));
      this.#open.set(segment, existsSync(file) ? new SegmentReader(file, segment) : undefined);
    }
    return this.#open.get(segment);
  }

  [Symbol.dispose](): void {
    for (const reader of this.#open.values()) reader?.[Symbol.dispose]();
  }
}

/** Messages of one chunk, and what happened to them within it. */
class Batch {
  readonly #older: (settlements: readonly Settlement[], events: readonly Event[]) => void;
  readonly #messages = new Map<string, Fresh>();
  readonly #byDelivery = new Map<number, Fresh>();

  /** `older`: settles messages that the database has already. */
  constructor(older: (settlements: readonly Settlement[], events: readonly Event[]) => void) {
    this.#older = older;
  }

  get messages(): Iterable<Fresh> {
    return this.#messages.values();
  }

  take(record: SpoolRecord, segment: number): void {
    switch (record.kind) {
      case "kept": {
        const { facts, body } = record;
        const deliveries = new Map(newDeliveries(facts, facts.lease).map((kept) => [kept.deliveryId, kept]));
        const fresh: Fresh = { facts, segment, body, deliveries, events: [...facts.events] };
        this.#messages.set(facts.message.queueId, fresh);
        for (const id of deliveries.keys()) this.#byDelivery.set(id, fresh);
        break;
      }
      case "settled":
        this.#settle(record.facts);
        break;
    }
  }

  #settle({ settlements, events }: SettledRecord): void {
    const byMessage = Map.groupBy(settlements, ({ deliveryId }) => this.#byDelivery.get(deliveryId));
    const mine = new Set([...byMessage.keys()].map((fresh) => fresh?.facts.message.queueId));
    const older = byMessage.get(undefined);
    if (older !== undefined)
      this.#older(
        older,
        events.filter((event) => !("queueId" in event && mine.has(event.queueId))),
      );
    for (const [fresh, those] of byMessage)
      if (fresh !== undefined)
        settle(
          fresh,
          those,
          events.filter((event) => "queueId" in event && event.queueId === fresh.facts.message.queueId),
        );
  }
}

/** A report that came back brings events of the message that it is about, too. */
const isOf = (event: Event, queueId: string): boolean => event.kind !== "refused" && event.queueId === queueId;

function settle({ deliveries, events }: Fresh, settlements: readonly Settlement[], what: readonly Event[]): void {
  const present = settlements.flatMap(({ deliveryId }) => deliveries.get(deliveryId)?.recipient.address ?? []);
  for (const { deliveryId, by, next } of settlements) {
    const kept = deliveries.get(deliveryId);
    if (kept === undefined) continue;
    if (next.kind === "done") deliveries.delete(deliveryId);
    else if (kept.lease?.by === by) deliveries.set(deliveryId, postponed(kept, next));
  }
  if (present.length > 0) events.push(...eventsToWrite(what, present, settlements.length));
}
