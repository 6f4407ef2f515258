// The SQLite driver: one database in the data directory, a thread that writes and two that read.
import { mkdir } from "node:fs/promises";
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery, HistoryStore } from "../../journal/history.ts";
import type { QueueId } from "../../mail/message.ts";
import {
  type Body,
  type BodyWriter,
  type ClaimRequest,
  type Delivery,
  type DeliveryState,
  type NewMessage,
  type QueueAction,
  type QueuedDelivery,
  type QueueFilter,
  type QueueStore,
  type Settlement,
  StoreFull,
} from "../../queue/store.ts";
import { RefusalQuota } from "../refusal-quota.ts";
import { BodyFiles, syncDirectory } from "./body-files.ts";
import { SpooledBody, SpoolingWriter } from "./body-writer.ts";
import type { WriterOptions } from "./database.ts";
import type { PreparedMessage } from "./keeping.ts";
import type { ReaderOperations } from "./reader.ts";
import { RecentBodies } from "./recent-bodies.ts";
import type { Gone } from "./settling.ts";
import { Thread } from "./thread.ts";
import type { WriterOperations } from "./writer.ts";

/** Rows that one transaction of `change` or `prune` touches, so that a message never waits long for its commit. */
const sliceRows = 200;

/** Memory for bodies that were kept last. */
const recentBytes = 16 * 1024 ** 2;

export interface SqliteOptions {
  /** The data directory; made when missing. */
  readonly dir: string;
  /** Bodies above this size are files, others are in the database. */
  readonly largeBytes?: number;
  /** Largest size of the database file; without it, what the disk has. */
  readonly maxBytes?: number;
  /** With less than this free on the disk, nothing more is kept: settling must go on. */
  readonly minFreeBytes?: number;
  /** Called once if a storage thread dies: from then on calls reject, and only a new start helps. */
  readonly onFailure?: (error: Error) => void;
}

/** Rejects with words for the operator: folder not writable, in use by another process, damaged, too new. */
export async function openSqlite(options: SqliteOptions): Promise<QueueStore & HistoryStore> {
  const { dir, largeBytes = 100 * 1024, minFreeBytes = 16 * 1024 ** 2, onFailure, ...limits } = options;
  await makeDirectory(dir);
  const writerOptions: WriterOptions = { dir, minFreeBytes, ...limits };
  const failed = onceOnly(onFailure);
  const writer = new Thread<WriterOperations>("writer", writerOptions, failed);
  const reader = new Thread<ReaderOperations>("reader", { dir }, failed);
  const desk = new Thread<ReaderOperations>("reader", { dir }, failed);
  const store = new SqliteStore({ writer, reader, desk, files: new BodyFiles(dir), largeBytes });
  try {
    await writer.open(); // makes the tables
    await Promise.all([reader.open(), desk.open()]);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

function onceOnly(tell: (error: Error) => void = () => {}): (error: Error) => void {
  let told = false;
  return (error) => {
    if (!told) tell(error);
    told = true;
  };
}

async function makeDirectory(dir: string): Promise<void> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot make the data directory ${dir} (${reason}): make it, writable for the user that runs Waybill, or set another \`data_dir\``,
      { cause: error },
    );
  }
}

interface Parts {
  readonly writer: Thread<WriterOperations>;
  /** For what deliveries wait for. */
  readonly reader: Thread<ReaderOperations>;
  /** For people's questions, which may read the whole queue. */
  readonly desk: Thread<ReaderOperations>;
  readonly files: BodyFiles;
  readonly largeBytes: number;
}

class SqliteStore implements QueueStore, HistoryStore {
  readonly #writer: Thread<WriterOperations>;
  readonly #reader: Thread<ReaderOperations>;
  readonly #desk: Thread<ReaderOperations>;
  readonly #files: BodyFiles;
  readonly #largeBytes: number;
  readonly #recent = new RecentBodies(recentBytes);
  readonly #quota = new RefusalQuota();

  constructor({ writer, reader, desk, files, largeBytes }: Parts) {
    this.#writer = writer;
    this.#reader = reader;
    this.#desk = desk;
    this.#files = files;
    this.#largeBytes = largeBytes;
  }

  compose(): BodyWriter {
    return new SpoolingWriter(this.#files, this.#largeBytes);
  }

  async keep(message: NewMessage): Promise<void> {
    const prepared = await this.#prepare(message);
    await this.#committing([prepared], this.#writer.call("keep", prepared));
  }

  claim(request: ClaimRequest): Promise<Delivery[]> {
    return this.#writer.call("claim", request);
  }

  async settle(
    settlements: readonly Settlement[],
    events: readonly Event[],
    notices: readonly NewMessage[],
  ): Promise<void> {
    const prepared = notices.length === 0 ? [] : await this.#prepareAll(notices);
    const { gone } = await this.#committing(prepared, this.#writer.call("settle", settlements, events, prepared));
    await this.#forget(gone);
  }

  async #prepare(message: NewMessage): Promise<PreparedMessage> {
    const body = message.body instanceof Uint8Array ? await this.#spool(message.body) : message.body;
    if (!(body instanceof SpooledBody)) throw new TypeError("a body is kept by the store that made it");
    if (body.taken) throw new Error(`the body of ${message.message.queueId} was kept before`);
    body.taken = true;
    return { ...message, body: body.stored };
  }

  async #prepareAll(messages: readonly NewMessage[]): Promise<PreparedMessage[]> {
    const prepared: PreparedMessage[] = [];
    try {
      for (const message of messages) prepared.push(await this.#prepare(message));
      return prepared;
    } catch (error) {
      await this.#files.remove(filesOf(prepared));
      throw error;
    }
  }

  async #spool(bytes: Uint8Array): Promise<Body> {
    const writer = this.compose();
    await writer.write(bytes);
    return writer.finish();
  }

  /** Files of messages that were not kept go at once; after a failure the row may be there: `recover` looks. */
  async #committing<T extends { readonly written: boolean } | void>(
    messages: readonly PreparedMessage[],
    committed: Promise<T>,
  ): Promise<T> {
    try {
      const value = await committed;
      if (value?.written === false) await this.#files.remove(filesOf(messages));
      else this.#remember(messages);
      return value;
    } catch (error) {
      if (error instanceof StoreFull) await this.#files.remove(filesOf(messages));
      throw error;
    }
  }

  #remember(messages: readonly PreparedMessage[]): void {
    for (const { message, body } of messages)
      if ("file" in body) this.#files.settle(body.file);
      else this.#recent.add(message.queueId, body.bytes);
  }

  /** Of messages that are no longer queued. */
  async #forget(gone: readonly Gone[]): Promise<void> {
    for (const { queueId } of gone) this.#recent.forget(queueId);
    const files = gone.flatMap(({ file }) => file ?? []);
    if (files.length > 0) await this.#files.remove(files);
  }

  async read(queueId: QueueId): Promise<AsyncIterable<Uint8Array>> {
    const recent = this.#recent.get(queueId);
    if (recent !== undefined) return once(recent);
    const body = await this.#reader.call("body", queueId);
    return "file" in body ? this.#files.read(body.file) : once(body.bytes);
  }

  nextDueAt(): Promise<Instant | undefined> {
    return this.#reader.call("nextDueAt");
  }

  list(filter: QueueFilter, limit: number, after = 0): Promise<QueuedDelivery[]> {
    return this.#desk.call("list", filter, { limit, after });
  }

  count(filter: QueueFilter): Promise<Record<DeliveryState, number>> {
    return this.#desk.call("count", filter);
  }

  async change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number> {
    const { state } = filter;
    let total = 0;
    for (let after: number | undefined = 0; after !== undefined;) {
      const deliveryIds: number[] = await this.#desk.call("deliveryIds", filter, { limit: sliceRows, after });
      const order = { deliveryIds, action, now, ...(state !== undefined && { state }) };
      const { changed, gone } = await this.#writer.call("change", order);
      await this.#forget(gone);
      total += changed;
      after = deliveryIds.at(-1);
    }
    return total;
  }

  async recover(by: string): Promise<number> {
    for await (const names of this.#files.settled()) {
      const used = new Set(await this.#desk.call("filesInUse", names));
      await this.#files.remove(names.filter((name) => !used.has(name)));
    }
    return this.#writer.call("endLeases", by);
  }

  async record(events: readonly Event[]): Promise<void> {
    const admitted = events.filter(this.#quota.admits);
    if (admitted.length > 0) await this.#writer.call("record", admitted);
  }

  find(query: HistoryQuery, messages: number): Promise<Event[]> {
    return this.#desk.call("find", query, messages);
  }

  async prune(before: Instant, limit: number): Promise<number> {
    const eventIds = await this.#desk.call("prunable", before, limit);
    let total = 0;
    for (let from = 0; from < eventIds.length; from += sliceRows)
      total += await this.#writer.call("forget", eventIds.slice(from, from + sliceRows));
    return total;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#reader.close(), this.#desk.close()]);
    await this.#writer.close(); // last, for it tidies up
  }
}

const filesOf = (messages: readonly PreparedMessage[]): string[] =>
  messages.flatMap(({ body }) => ("file" in body ? body.file : []));

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
