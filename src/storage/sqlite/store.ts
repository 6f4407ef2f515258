// The embedded driver: a spool that takes what is promised, and a SQLite database that gets it in bulk a moment later; a
// thread that writes the database, and one that reads for people's questions.
import { mkdir, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Instant } from "../../base/world.ts";
import type { ShareRequest, SiteRecord, SiteStore } from "../../deliver/site-store.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery, HistoryStore } from "../../journal/history.ts";
import type { QueueId } from "../../mail/message.ts";
import {
  type Body,
  type BodyWriter,
  type ClaimRequest,
  type Delivery,
  type DeliveryState,
  type Lease,
  type NewMessage,
  type QueueAction,
  type QueuedDelivery,
  type QueueFilter,
  type QueueStore,
  type Settlement,
  StoreFull,
} from "../../queue/store.ts";
import { toDelivery } from "../deliveries.ts";
import { RefusalQuota } from "../refusal-quota.ts";
import { BodyFiles, syncDirectory } from "./body-files.ts";
import { bodyLimits, SpooledBody, SpoolingWriter } from "./body-writer.ts";
import type { WriterOptions } from "./database.ts";
import { Inflow } from "./inflow.ts";
import { newDeliveries, type PreparedMessage } from "./keeping.ts";
import type { ReaderOperations } from "./reader.ts";
import { RecentBodies } from "../recent-bodies.ts";
import { roomChecker } from "./room.ts";
import type { Gone, Settled } from "./settling.ts";
import { Spool, spoolFolder } from "./spool.ts";
import { isBefore, type Position, segmentName } from "./spool-record.ts";
import { Thread } from "./thread.ts";
import type { WriterOperations } from "./writer.ts";

/** Rows that one transaction of `change` or `prune` touches, so that a message never waits long for its commit. */
const sliceRows = 200;

/** Memory for bodies that were kept last. */
const recentBytes = 16 * 1024 ** 2;

export interface SqliteOptions {
  /** The data directory; made when missing. */
  readonly dir: string;
  /** Bodies above this size are files, others are in the spool and the database. At most a block (the default). */
  readonly largeBytes?: number;
  /** Largest size of the database file; without it, what the disk has. */
  readonly maxBytes?: number;
  /** With less than this free on the disk, nothing more is kept: settling must go on. */
  readonly minFreeBytes?: number;
  /** Called once if a storage thread dies: from then on calls reject, and only a new start helps. */
  readonly onFailure?: (error: Error) => void;
}

/** Rejects with words for the operator: folder not writable, in use by another process, damaged, too new. */
export async function openSqlite(options: SqliteOptions): Promise<QueueStore & HistoryStore & SiteStore> {
  const { dir, largeBytes = bodyLimits.blockBytes, minFreeBytes = 16 * 1024 ** 2, onFailure, ...limits } = options;
  await makeDirectory(dir);
  const writerOptions: WriterOptions = { dir, minFreeBytes, ...limits };
  const failed = onceOnly(onFailure);
  const writer = new Thread<WriterOperations>("writer", writerOptions, failed);
  try {
    await writer.open(); // makes the tables
    const files = new BodyFiles(dir);
    const applied = await applyLeftOver(dir, writer); // files of what is gone are leftovers: `recover` removes them
    const lastDeliveryId = await writer.call("lastDeliveryId");
    const spool = new Spool(dir, applied.segment);
    const checkRoom = roomChecker(dir, minFreeBytes);
    const newDesk = (): Thread<ReaderOperations> => new Thread("reader", { dir }, failed);
    return new SqliteStore({ writer, newDesk, files, largeBytes, spool, applied, checkRoom, lastDeliveryId });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** What a crash left in the spool goes to the database; answers where the spool goes on. */
async function applyLeftOver(dir: string, writer: Thread<WriterOperations>): Promise<Position> {
  const segments = (await readdir(join(dir, spoolFolder)))
    .map((name) => Number.parseInt(name, 10))
    .filter((n) => n > 0);
  const target: Position = { segment: Math.max(0, ...segments) + 1, offset: 0 };
  let upTo: Position;
  do ({ upTo } = await writer.call("apply", target, true));
  while (isBefore(upTo, target));
  for (const segment of segments) await unlink(join(dir, spoolFolder, segmentName(segment)));
  return upTo;
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
    const made = await mkdir(join(dir, spoolFolder), { recursive: true, mode: 0o700 });
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
  readonly newDesk: () => Thread<ReaderOperations>;
  readonly files: BodyFiles;
  readonly largeBytes: number;
  readonly spool: Spool;
  /** Up to here the database has it. */
  readonly applied: Position;
  readonly checkRoom: () => StoreFull | undefined;
  readonly lastDeliveryId: number;
}

class SqliteStore implements QueueStore, HistoryStore, SiteStore {
  readonly #writer: Thread<WriterOperations>;
  readonly #newDesk: () => Thread<ReaderOperations>;
  #openDesk: Thread<ReaderOperations> | undefined;
  readonly #files: BodyFiles;
  readonly #largeBytes: number;
  readonly #inflow: Inflow;
  readonly #checkRoom: () => StoreFull | undefined;
  readonly #recent = new RecentBodies(recentBytes);
  readonly #quota = new RefusalQuota();
  #lastDeliveryId: number;
  #isClosed = false;

  constructor({ writer, newDesk, files, largeBytes, spool, applied, checkRoom, lastDeliveryId }: Parts) {
    this.#writer = writer;
    this.#newDesk = newDesk;
    this.#files = files;
    this.#largeBytes = largeBytes;
    this.#inflow = new Inflow({
      spool,
      applied,
      apply: async (target) => {
        const { upTo, gone } = await writer.call("apply", target);
        await this.#forget(gone);
        return upTo;
      },
    });
    this.#checkRoom = checkRoom;
    this.#lastDeliveryId = lastDeliveryId;
  }

  /** For people's questions, which may read the whole queue: a thread of its own, from the first question on. */
  get #desk(): Thread<ReaderOperations> {
    this.#checkOpen();
    if (this.#openDesk === undefined) {
      this.#openDesk = this.#newDesk();
      this.#openDesk.open().catch(() => {}); // the call that follows is told
    }
    return this.#openDesk;
  }

  compose(): BodyWriter {
    return new SpoolingWriter(this.#files, this.#largeBytes);
  }

  async keep(message: NewMessage, lease?: Lease): Promise<Delivery[]> {
    this.#checkOpen();
    const { body: stored, ...facts } = await this.#prepare(message);
    const file = "file" in stored ? stored.file : undefined;
    const bytes = "file" in stored ? undefined : stored.bytes;
    try {
      const full = this.#checkRoom();
      if (full !== undefined) throw full;
      await this.#inflow.keep({ ...facts, lease, file }, bytes);
    } catch (error) {
      if (file !== undefined) await this.#files.remove([file]);
      throw error;
    }
    this.#remember([{ ...facts, body: stored }]);
    return newDeliveries(facts).map(toDelivery);
  }

  async claim(request: ClaimRequest): Promise<Delivery[]> {
    if (this.#inflow.hidesDue(request.now)) await this.#catchUp();
    return this.#writer.call("claim", request);
  }

  async settle(
    settlements: readonly Settlement[],
    events: readonly Event[],
    notices: readonly NewMessage[],
  ): Promise<void> {
    this.#checkOpen();
    if (notices.length === 0) {
      for (const queueId of await this.#inflow.settle({ settlements, events })) this.#recent.forget(queueId);
      return;
    }
    await this.#inflow.flush();
    const prepared = await this.#prepareAll(notices);
    const { gone } = await this.#committing(prepared, this.#writer.call("settle", settlements, events, prepared));
    await this.#forget(gone);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error("the store is closed");
  }

  /** The database can answer for all that was promised; as far as it may be when it cannot be written. */
  async #catchUp(): Promise<void> {
    await this.#inflow.flush().catch(() => {}); // who keeps the next message is told
  }

  async #prepare(message: NewMessage): Promise<PreparedMessage> {
    const body = message.body instanceof Uint8Array ? await this.#spool(message.body) : message.body;
    if (!(body instanceof SpooledBody)) throw new TypeError("a body is kept by the store that made it");
    const { queueId } = message.message;
    if (message.recipients.length === 0) throw new Error(`message ${queueId} has no recipients`); // it would stay for ever
    if (body.taken) throw new Error(`the body of ${queueId} was kept before`);
    body.taken = true;
    const firstDeliveryId = this.#lastDeliveryId + 1;
    this.#lastDeliveryId += message.recipients.length; // each number once: a late settlement must not hit another's
    return { ...message, body: body.stored, firstDeliveryId };
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
  async #committing(messages: readonly PreparedMessage[], committed: Promise<Settled>): Promise<Settled> {
    try {
      const value = await committed;
      if (!value.written) await this.#files.remove(filesOf(messages));
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
    const fresh = await this.#inflow.read(queueId);
    if (fresh instanceof Uint8Array) return once(fresh);
    const body = fresh ?? (await this.#writer.call("body", queueId));
    return "file" in body ? this.#files.read(body.file) : once(body.bytes);
  }

  async nextDueAt(): Promise<Instant | undefined> {
    await this.#catchUp();
    return this.#writer.call("nextDueAt");
  }

  async list(filter: QueueFilter, limit: number, after = 0): Promise<QueuedDelivery[]> {
    await this.#catchUp();
    return this.#desk.call("list", filter, { limit, after });
  }

  async count(filter: QueueFilter): Promise<Record<DeliveryState, number>> {
    await this.#catchUp();
    return this.#desk.call("count", filter);
  }

  async change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number> {
    await this.#inflow.flush();
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
    await this.#inflow.flush();
    for await (const names of this.#files.settled()) {
      const used = new Set(await this.#writer.call("filesInUse", names));
      await this.#files.remove(names.filter((name) => !used.has(name)));
    }
    return this.#writer.call("endLeases", by);
  }

  async record(events: readonly Event[]): Promise<void> {
    const admitted = events.filter(this.#quota.admits);
    if (admitted.length > 0) await this.#writer.call("record", admitted);
  }

  async find(query: HistoryQuery, messages: number): Promise<Event[]> {
    await this.#catchUp();
    return this.#desk.call("find", query, messages);
  }

  async prune(before: Instant, limit: number): Promise<number> {
    await this.#catchUp();
    const eventIds = await this.#writer.call("prunable", before, limit);
    let total = 0;
    for (let from = 0; from < eventIds.length; from += sliceRows)
      total += await this.#writer.call("forget", eventIds.slice(from, from + sliceRows));
    return total;
  }

  sites(): Promise<SiteRecord[]> {
    return this.#writer.call("sites");
  }

  saveLearnt(records: readonly Pick<SiteRecord, "site" | "learnt">[]): Promise<void> {
    return this.#writer.call("saveLearnt", records);
  }

  suspend(site: string, because: string | undefined): Promise<void> {
    return this.#writer.call("suspend", site, because);
  }

  share(by: string, requests: readonly ShareRequest[], times: { now: Instant; until: Instant }): Promise<number[]> {
    return this.#writer.call("share", by, requests, times);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await new Promise((resolve) => setImmediate(resolve)); // what was asked for before is on its way to the spool
    await this.#inflow.close();
    await this.#openDesk?.close();
    await this.#writer.close(); // last, for it tidies up
  }
}

const filesOf = (messages: readonly PreparedMessage[]): string[] =>
  messages.flatMap(({ body }) => ("file" in body ? body.file : []));

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
