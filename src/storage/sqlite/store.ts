// The embedded driver: a spool that takes what is promised, and a SQLite database that gets it in bulk a moment later; a
// thread that writes the database, and one that reads for people's questions.
import { mkdir, readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Caller } from "../../base/calls/caller.ts";
import type { Calls } from "../../base/calls/protocol.ts";
import { answerNow, servePort } from "../../base/calls/serve.ts";
import { Thread } from "../../base/calls/thread.ts";
import { each } from "../../base/parts.ts";
import type { Instant } from "../../base/world.ts";
import type { SiteRecord, SiteStore } from "../../deliver/site-store.ts";
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
  type Body,
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
  StoreFull,
} from "../../queue/store.ts";
import { toDelivery } from "../deliveries.ts";
import { ProcessShares } from "../process-shares.ts";
import { RefusalQuota } from "../refusal-quota.ts";
import { applyNext, UnusableRecord } from "./aside.ts";
import { BodyFiles, syncDirectory } from "./body-files.ts";
import { bodyLimits, type HeldBody, SpooledBody, SpoolingWriter } from "./body-writer.ts";
import type { WriterOptions } from "./database.ts";
import { Inflow } from "./inflow.ts";
import { newDeliveries, type PreparedMessage } from "./keeping.ts";
import type { ReaderOperations, ReaderOptions } from "./reader.ts";
import { RecentBodies } from "../recent-bodies.ts";
import { roomChecker } from "./room.ts";
import type { Gone, Settled } from "./settling.ts";
import { sparesAmong, Spool, spoolFolder, spoolOf } from "./spool.ts";
import { isBefore, type Position } from "./spool-record.ts";
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
  /** Something is not as it should be, in words for the operator; mail goes on. */
  readonly onTrouble?: (text: string) => void;
  /** Has all threads that joined flush what they promised. */
  readonly flushOthers?: () => Promise<void>;
}

/** A store that further threads of this process may join. */
export interface SqliteStore extends QueueStore, HistoryStore, SiteStore, SenderStore, SuppressionStore, CountStore {
  /** For `joinSqlite` in thread number `spool` (1 and up). */
  connect(spool: number): Promise<SqliteConnection>;
}

/** Where a spool goes on. */
interface SpoolStart {
  readonly applied: Position;
  /** Segments that may be used again. */
  readonly spares: readonly number[];
}

/** To be passed to another thread, with the port on the transfer list. */
export interface SqliteConnection {
  readonly dir: string;
  readonly largeBytes: number;
  readonly minFreeBytes: number;
  readonly spool: number;
  readonly from: SpoolStart;
  readonly writer: MessagePort;
  readonly shares: MessagePort;
  readonly deliveryIds: SharedArrayBuffer;
}

/** Rejects with words for the operator: folder not writable, in use by another process, damaged, too new. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const { onTrouble = () => {} } = options;
  const { dir, largeBytes = bodyLimits.heldBytes, minFreeBytes = 16 * 1024 ** 2, maxBytes } = options;
  await makeDirectory(join(dir, spoolFolder(0)), dir);
  const workerData: WriterOptions = { dir, minFreeBytes, ...(maxBytes !== undefined && { maxBytes }) };
  const failed = onceOnly(options.onFailure);
  const thread = { name: "the storage thread", errors, onFailure: failed };
  const writer = new Thread<WriterOperations>({ ...thread, url: beside("writer"), workerData });
  try {
    await writer.open(); // makes the tables
    const starts = new Map<number, SpoolStart>();
    for (const folder of await readdir(dir)) {
      const spool = spoolOf(folder);
      if (spool !== undefined) starts.set(spool, await applyLeftOver(writer, { dir, spool, onTrouble })); // files of what is gone are leftovers: `recover` removes them
    }
    const deliveryIds = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
    Atomics.store(new BigInt64Array(deliveryIds), 0, BigInt(await writer.call("lastDeliveryId")));
    const shares = new ProcessShares();
    const share: Parts["share"] = (...asked) => shares.share(...asked);
    const connect = async (spool: number): Promise<SqliteConnection> => {
      await makeDirectory(join(dir, spoolFolder(spool)), dir);
      const from = starts.get(spool) ?? { applied: { segment: 1, offset: 0 }, spares: [] };
      const { port1, port2 } = new MessageChannel();
      servePort(port1, (calls) => calls.map((call) => answerNow({ share }, call)));
      const ports = { writer: writer.connect(), shares: port2 };
      return { dir, largeBytes, minFreeBytes, spool, from, ...ports, deliveryIds };
    };
    const newDesk = (): Thread<ReaderOperations> =>
      new Thread({ ...thread, url: beside("reader"), workerData: { dir } satisfies ReaderOptions });
    return new SpooledStore({
      dir,
      largeBytes,
      minFreeBytes,
      deliveryIds,
      writer,
      share,
      newDesk,
      connect,
      spool: 0,
      from: starts.get(0)!,
      flushOthers: options.flushOthers ?? (async () => {}),
      onTrouble,
    });
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/** What a thread beside the one that opened the store needs of it: to keep, to attempt and to settle. */
export type JoinedStore = Pick<
  SpooledStore,
  | "compose"
  | "keep"
  | "claim"
  | "settle"
  | "read"
  | "nextDueAt"
  | "record"
  | "story"
  | "flush"
  | typeof Symbol.asyncDispose
> &
  SiteStore &
  SenderStore &
  SuppressionStore &
  CountStore;

/** In another thread: the store that `connection` is to. */
export function joinSqlite(
  { writer, shares, ...connection }: SqliteConnection,
  onTrouble: (text: string) => void,
): JoinedStore {
  const none = (): never => {
    throw new Error("questions are asked where the store was opened");
  };
  const sharing = new Caller<{ share: ProcessShares["share"] }>(shares);
  shares.unref(); // it ends with the thread
  const share: Parts["share"] = (...asked) => sharing.call("share", ...asked);
  const calls = { writer: new Caller<WriterOperations>(writer, errors), share };
  return new SpooledStore({ ...connection, ...calls, newDesk: none, connect: none, flushOthers: none, onTrouble });
}

const errors = { StoreFull, NotKept, UnusableRecord };

/** A module of this folder, as a source or as it was built. */
const beside = (name: string): URL => new URL(name + extname(import.meta.url), import.meta.url);

/** What a crash left in a spool goes to the database; answers where the spool goes on. */
async function applyLeftOver(
  writer: Calls<WriterOperations>,
  { dir, spool, onTrouble }: { dir: string; spool: number; onTrouble: (text: string) => void },
): Promise<SpoolStart> {
  const folder = join(dir, spoolFolder(spool));
  const segments = (await readdir(folder)).map((name) => Number.parseInt(name, 10)).filter((n) => n > 0);
  const target: Position = { segment: Math.max(0, ...segments) + 1, offset: 0 };
  let upTo: Position;
  do ({ upTo } = await applyNext(writer, { spool, target, verify: true, onTrouble }));
  while (isBefore(upTo, target));
  return { applied: upTo, spares: await sparesAmong(folder, segments) };
}

function onceOnly(tell: (error: Error) => void = () => {}): (error: Error) => void {
  let told = false;
  return (error) => {
    if (!told) tell(error);
    told = true;
  };
}

async function makeDirectory(dir: string, dataDir: string): Promise<void> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dataDir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `cannot make the data directory ${dataDir} (${reason}): make it, writable for the user that runs Waybill, or set another \`data_dir\``,
      { cause: error },
    );
  }
}

interface Prepared extends Omit<PreparedMessage, "body"> {
  readonly body: HeldBody;
}

/** For the writer thread. */
const inOnePiece = ({ body, ...message }: Prepared): PreparedMessage => ({
  ...message,
  body: "file" in body ? body : { bytes: Buffer.concat(body.parts) },
});

interface Parts extends Omit<SqliteConnection, "writer" | "shares"> {
  readonly writer: Calls<WriterOperations>;
  readonly share: (...asked: Parameters<SiteStore["share"]>) => number[] | Promise<number[]>;
  readonly newDesk: () => Thread<ReaderOperations>;
  readonly connect: (spool: number) => Promise<SqliteConnection>;
  readonly flushOthers: () => Promise<void>;
  readonly onTrouble: (text: string) => void;
}

class SpooledStore implements SqliteStore {
  readonly #writer: Calls<WriterOperations>;
  readonly #newDesk: () => Thread<ReaderOperations>;
  #openDesk: Thread<ReaderOperations> | undefined;
  readonly connect: Parts["connect"];
  readonly #flushOthers: () => Promise<void>;
  readonly #share: Parts["share"];
  readonly #files: BodyFiles;
  readonly #largeBytes: number;
  readonly #inflow: Inflow;
  readonly #checkRoom: () => StoreFull | undefined;
  readonly #recent = new RecentBodies(recentBytes);
  readonly #quota = new RefusalQuota();
  /** The last one that was given, by any thread. */
  readonly #deliveryIds: BigInt64Array<SharedArrayBuffer>;
  #isClosed = false;

  constructor({ dir, largeBytes, minFreeBytes, spool, from, writer, deliveryIds, ...parts }: Parts) {
    this.#writer = writer;
    this.#newDesk = parts.newDesk;
    this.connect = parts.connect;
    this.#flushOthers = parts.flushOthers;
    this.#share = parts.share;
    this.#files = new BodyFiles(dir);
    this.#largeBytes = largeBytes;
    this.#inflow = new Inflow({
      spool: new Spool(join(dir, spoolFolder(spool)), from.applied.segment, from.spares),
      applied: from.applied,
      apply: async (target, tries) => {
        const { upTo, gone } = await applyNext(writer, { spool, target, tries, onTrouble: parts.onTrouble });
        await this.#forget(gone);
        return upTo;
      },
    });
    this.#checkRoom = roomChecker(dir, minFreeBytes);
    this.#deliveryIds = new BigInt64Array(deliveryIds);
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
    try {
      const full = this.#checkRoom();
      if (full !== undefined) throw full;
      await this.#inflow.keep({ ...facts, lease, file }, "file" in stored ? [] : stored.parts);
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
    const { gone } = await this.#committing(
      prepared,
      this.#writer.call("settle", settlements, events, prepared.map(inOnePiece)),
    );
    await this.#forget(gone);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error("the store is closed");
  }

  /** The database has all that this thread promised. */
  flush(): Promise<void> {
    return this.#inflow.flush();
  }

  /** The database can answer for all that was promised; as far as it may be when it cannot be written. */
  async #catchUp(): Promise<void> {
    await this.flush().catch(() => {}); // who keeps the next message is told
  }

  /** The same for what all threads promised. */
  async #catchUpAll(): Promise<void> {
    await Promise.allSettled([this.flush(), this.#flushOthers()]);
  }

  async #prepare(message: NewMessage): Promise<Prepared> {
    const body = message.body instanceof Uint8Array ? await this.#spool(message.body) : message.body;
    if (!(body instanceof SpooledBody)) throw new TypeError("a body is kept by the store that made it");
    const { queueId } = message.message;
    if (message.recipients.length === 0) throw new Error(`message ${queueId} has no recipients`); // it would stay for ever
    if (body.taken) throw new Error(`the body of ${queueId} was kept before`);
    body.taken = true;
    const count = BigInt(message.recipients.length);
    const firstDeliveryId = Number(Atomics.add(this.#deliveryIds, 0, count)) + 1; // each number once: a late settlement must not hit another's
    return { ...message, body: body.stored, firstDeliveryId };
  }

  async #prepareAll(messages: readonly NewMessage[]): Promise<Prepared[]> {
    const prepared: Prepared[] = [];
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
  async #committing(messages: readonly Prepared[], committed: Promise<Settled>): Promise<Settled> {
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

  #remember(messages: readonly Prepared[]): void {
    for (const { message, body } of messages)
      if ("file" in body) this.#files.settle(body.file);
      else this.#recent.add(message.queueId, body.parts);
  }

  /** Of messages that are no longer queued. */
  async #forget(gone: readonly Gone[]): Promise<void> {
    for (const { queueId } of gone) this.#recent.forget(queueId);
    const files = gone.flatMap(({ file }) => file ?? []);
    if (files.length > 0) await this.#files.remove(files);
  }

  async read(queueId: QueueId): Promise<AsyncIterable<Uint8Array>> {
    const recent = this.#recent.get(queueId);
    if (recent !== undefined) return each(recent);
    const fresh = await this.#inflow.read(queueId);
    if (fresh instanceof Uint8Array) return each([fresh]);
    const body = fresh ?? (await this.#writer.call("body", queueId));
    return "file" in body ? this.#files.read(body.file) : each([body.bytes]);
  }

  async nextDueAt(): Promise<Instant | undefined> {
    await this.#catchUp();
    return this.#writer.call("nextDueAt");
  }

  async list(filter: QueueFilter, limit: number, after = 0): Promise<QueuedDelivery[]> {
    await this.#catchUpAll();
    return this.#desk.call("list", filter, { limit, after });
  }

  async count(filter: QueueFilter): Promise<Record<DeliveryState, number>> {
    await this.#catchUpAll();
    return this.#desk.call("count", filter);
  }

  async change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number> {
    await Promise.all([this.flush(), this.#flushOthers()]);
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
    await this.#catchUpAll();
    return this.#desk.call("find", query, messages);
  }

  async story(queueId: QueueId): Promise<Event[]> {
    await this.#catchUp();
    return this.#writer.call("story", queueId);
  }

  async prune(before: Instant, limit: number): Promise<number> {
    await this.#catchUpAll();
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

  async share(...asked: Parameters<SiteStore["share"]>): Promise<number[]> {
    return this.#share(...asked);
  }

  recallSenders(ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]> {
    return this.#writer.call("recallSenders", ids, now);
  }

  learnSenders(changes: readonly SenderChange[], fading: Fading): Promise<void> {
    return this.#writer.call("learnSenders", changes, fading);
  }

  pinSender(id: SenderId, pin: Pin | undefined, fading: Fading): Promise<void> {
    return this.#writer.call("pinSender", id, pin, fading);
  }

  forgetSender(id: SenderId): Promise<boolean> {
    return this.#writer.call("forgetSender", id);
  }

  pageSenders(kind: SenderKind, page: SenderPage): Promise<SenderRecord[]> {
    return this.#desk.call("pageSenders", kind, page);
  }

  pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): Promise<number> {
    return this.#writer.call("pruneSenders", now, most);
  }

  suppressionsOf(addresses: readonly string[]): Promise<Suppression[]> {
    return this.#writer.call("suppressionsOf", addresses);
  }

  suppressionsAfter(after: number, limit: number): Promise<SuppressionNews> {
    return this.#writer.call("suppressionsAfter", after, limit);
  }

  strike(strikes: readonly Strike[]): Promise<void> {
    return this.#writer.call("strike", strikes);
  }

  liftSuppressions(keys: readonly LiftedKey[]): Promise<Suppression[]> {
    return this.#writer.call("liftSuppressions", keys);
  }

  pruneSuppressions(ended: Instant, most: number): Promise<number> {
    return this.#writer.call("pruneSuppressions", ended, most);
  }

  exchangeCounts(exchange: CountExchange): Promise<CountAnswer> {
    return this.#writer.call("exchangeCounts", exchange);
  }

  pruneCounts(ended: Instant, most: number): Promise<number> {
    return this.#writer.call("pruneCounts", ended, most);
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

const filesOf = (messages: readonly Prepared[]): string[] =>
  messages.flatMap(({ body }) => ("file" in body ? body.file : []));
