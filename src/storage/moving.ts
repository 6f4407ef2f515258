// Moves the mail and the history of a stopped server from SQLite to PostgreSQL. The old files stay, under another name.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Event } from "../journal/event.ts";
import type { CountStore } from "../judge/rates/count-store.ts";
import { senderKinds, type SenderRecord } from "../judge/sender-store.ts";
import type { Message } from "../mail/message.ts";
import type { QueuedDelivery, QueueStore } from "../queue/store.ts";
import type { Store } from "./open.ts";
import { type Moved, type MovedMessage, MoveTarget } from "./postgres/moved-store.ts";
import { databaseFile } from "./sqlite/database.ts";
import { openSqlite } from "./sqlite/store.ts";

export const movingLimits = {
  deliveries: 500, // read at once
  batchMessages: 200, // in one transaction
  batchBytes: 4 * 1024 ** 2, // of small bodies, in memory
  events: 1_000, // in one transaction
  senders: 500, // in one transaction
  counts: 500, // in one transaction
} as const;

export interface Move {
  /** The data directory of the server that is stopped. */
  readonly dir: string;
  /** Of the database. */
  readonly url: string;
  /** Name of the folder for the old files, in `dir`; with a number behind it, if there is one of this name. */
  readonly oldFolder: string;
  /** Is told how far it came. */
  readonly onProgress: (moved: Moved) => void;
}

export interface MoveResult extends Moved {
  /** Where the old files are. */
  readonly oldFiles: string;
}

/** Rejects with words for the operator; then nothing was lost, and it can be begun again, and goes on where it stopped. */
export async function moveToPostgres({ dir, url, oldFolder, onProgress }: Move): Promise<MoveResult> {
  if (!existsSync(databaseFile(dir)))
    throw new Error(`there is no queue in ${dir}: nothing to move; is this the \`data_dir\` of the server?`);
  let moved: Moved;
  {
    await using source = await openSqlite({ dir }); // rejects when a server is using it
    await using target = await MoveTarget.open(url, await nameOf(dir));
    moved = await target.progress();
    if (!moved.isComplete) {
      await source.recover("a move"); // no lease is left
      await moveMessages(source, target, onProgress);
      await moveEvents(dir, target, onProgress);
      await target.addSites((await source.sites?.()) ?? []);
      await moveSenders(source, target);
      await moveSuppressions(source, target);
      await moveCounts(source, target);
      moved = await target.progress();
      await verify(source, dir, moved);
      await target.complete();
    }
  }
  return { ...moved, oldFiles: await putAway(dir, oldFolder) };
}

const nameFile = "move.id";

/** The same for each try to move this store; it is put away with the store's files. */
async function nameOf(dir: string): Promise<string> {
  const file = join(dir, nameFile);
  try {
    return await readFile(file, "utf8");
  } catch {
    const name = randomUUID();
    await writeFile(file, name, { flush: true, mode: 0o600 });
    return name;
  }
}

async function moveMessages(source: QueueStore, target: MoveTarget, onProgress: Move["onProgress"]): Promise<void> {
  const { lastDeliveryId } = await target.progress();
  let batch: MovedMessage[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await target.addMessages(batch);
    onProgress(await target.progress());
    batch = [];
    bytes = 0;
  };
  for await (const deliveries of byMessage(source, lastDeliveryId)) {
    const { message } = deliveries[0]!;
    batch.push({ message, deliveries, body: await source.read(message.queueId) });
    bytes += message.sizeBytes;
    if (batch.length >= movingLimits.batchMessages || bytes >= movingLimits.batchBytes) await flush();
  }
  await flush();
}

/** Deliveries of one message come one after the other. */
async function* byMessage(source: QueueStore, after: number): AsyncGenerator<QueuedDelivery[]> {
  let current: QueuedDelivery[] = [];
  const isSame = (message: Message): boolean => current[0]?.message.queueId === message.queueId;
  for (let last: number | undefined = after; last !== undefined;) {
    const page: QueuedDelivery[] = await source.list({}, movingLimits.deliveries, last);
    for (const delivery of page) {
      if (current.length > 0 && !isSame(delivery.message)) {
        yield current;
        current = [];
      }
      current.push(delivery);
    }
    last = page.at(-1)?.deliveryId;
  }
  if (current.length > 0) yield current;
}

async function moveSenders(source: Store, target: MoveTarget): Promise<void> {
  const { senders: limit } = movingLimits;
  for (const kind of senderKinds)
    for (let after: string | undefined = ""; after !== undefined;) {
      const page: SenderRecord[] = await source.pageSenders(kind, { now: Date.now(), limit, after });
      await target.addSenders(page);
      after = page.at(-1)?.key;
    }
}

async function moveSuppressions(source: Store, target: MoveTarget): Promise<void> {
  for (let after = 0, isRest = true; isRest;) {
    const { suppressions, upTo } = await source.suppressionsAfter(after, movingLimits.senders);
    await target.addSuppressions(suppressions);
    [after, isRest] = [upTo, suppressions.length === movingLimits.senders];
  }
}

/** Of accounts, and of those who are shut out: a move forgives nothing. */
async function moveCounts(source: CountStore, target: MoveTarget): Promise<void> {
  const { counts: limit } = movingLimits;
  for (let since = 0, batch = 1, isRest = true; isRest; batch += 1) {
    const asked = { by: "a move", batch, changes: [], now: Date.now(), since, limit };
    const { counts, upTo } = await source.exchangeCounts(asked);
    await target.addCounts(counts, batch);
    [since, isRest] = [upTo, counts.length === limit];
  }
}

interface EventRow {
  readonly event_id: number;
  readonly detail: string;
}

async function moveEvents(dir: string, target: MoveTarget, onProgress: Move["onProgress"]): Promise<void> {
  using db = new DatabaseSync(databaseFile(dir), { readOnly: true });
  const select = db.prepare("SELECT event_id, detail FROM event WHERE event_id > ? ORDER BY event_id LIMIT ?");
  for (;;) {
    const { lastEventId } = await target.progress();
    const rows = select.all(lastEventId, movingLimits.events) as unknown as EventRow[];
    const last = rows.at(-1);
    if (last === undefined) return;
    await target.addEvents(
      rows.flatMap(({ detail }) => JSON.parse(detail) as Event | Event[]),
      last.event_id,
    );
    onProgress(await target.progress());
  }
}

/** A row may hold several. */
const countEvents = `SELECT coalesce(sum(iif(json_type(detail) = 'array', json_array_length(detail), 1)), 0) AS count
  FROM event`;

/** What was moved is what was there. */
async function verify(source: QueueStore, dir: string, moved: Moved): Promise<void> {
  const counts = await source.count({});
  const deliveries = Object.values(counts).reduce((sum, count) => sum + count, 0);
  using db = new DatabaseSync(databaseFile(dir), { readOnly: true });
  const events = Number(db.prepare(countEvents).get()?.["count"]);
  if (moved.deliveries === deliveries && moved.events === events) return;
  throw new Error(
    `the counts differ: ${moved.deliveries} of ${deliveries} deliveries and ${moved.events} of ${events} events were ` +
      `moved; the old queue in ${dir} is as it was, and still the valid one: keep it, empty the new database, and report this`,
  );
}

/** All that the old store has written; whatever else is in the data directory is the server's. */
const storeFiles = /^(?:queue\.db.*|bodies|spool|move\.id)$/;

const note = `The mail and the history that were here are in PostgreSQL now; [storage] in the configuration says where.
Nothing reads these files any more. Delete them when you are content; never put them back: mail would go out twice.
`;

/** Answers where they are. What is in use by the next try goes last. */
async function putAway(dir: string, oldFolder: string): Promise<string> {
  const old = await newFolder(join(dir, oldFolder));
  await writeFile(join(old, "README.txt"), note);
  const names = (await readdir(dir)).filter((name) => storeFiles.test(name));
  const last = [basename(databaseFile(dir)), nameFile];
  for (const name of names.sort((a, b) => last.indexOf(a) - last.indexOf(b)))
    await rename(join(dir, name), join(old, name));
  return old;
}

async function newFolder(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? path : `${path}-${number}`;
    try {
      await mkdir(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  }
}
