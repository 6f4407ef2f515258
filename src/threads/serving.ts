// A thread that is a node beside that of the main thread: its module.
import { randomUUID } from "node:crypto";
import { type MessagePort, workerData } from "node:worker_threads";
import { Caller } from "../base/calls/caller.ts";
import type { Call } from "../base/calls/protocol.ts";
import { answer, serve } from "../base/calls/serve.ts";
import { realWorld } from "../base/world.ts";
import type { Config } from "../config/schema.ts";
import { ownKnowledge } from "../explain/knowledge/knowledge.ts";
import type { CountChange } from "../judge/rates/count-store.ts";
import type { SendingSum, Sent } from "../judge/submission/sending-counts.ts";
import { openLog } from "../journal/log.ts";
import { type NodeStore, openNode, type SharedCounts, type Steering } from "../node.ts";
import type { Sighting } from "../receive/visits.ts";
import { openStore, type StoreListener } from "../storage/open.ts";
import { joinSqlite, type SqliteConnection } from "../storage/sqlite/store.ts";
import { shareTimes } from "./share-times.ts";
import { surviveRejections } from "./unhandled.ts";

export interface ServingSetup {
  /** The addresses to listen at have the ports of the first thread. */
  readonly config: Config;
  readonly hostname: string;
  readonly logSettings: Parameters<typeof openLog>[0];
  readonly counts: SharedCounts;
  /** To the store of the main thread; without one, the thread has its own, of the same database. */
  readonly connection?: SqliteConnection;
  readonly home: MessagePort;
}

/** What the main thread offers. */
export type HomeOperations = {
  /** Something is due that the thread has no room for. */
  beyond(): void;
  countSent: (sent: Sent) => readonly SendingSum[];
  /** The thread has something for `takeCounted`. */
  counted(): void;
  visited(sighting: Sighting): void;
};

export type ServingOperations = Pick<Steering, keyof Steering> & {
  /** The database has all that was promised. */
  flush(): Promise<void>;
  /** Ends what is in flight at once when it closes. */
  hurry(): void;
  /** What was counted since the last call. */
  takeCounted(): readonly CountChange[];
};

serve(async () => {
  const setup = workerData as ServingSetup;
  const { config, hostname, connection, counts } = setup;
  ownKnowledge();
  await using opened = new AsyncDisposableStack();
  const home = new Caller<HomeOperations>(setup.home);
  opened.defer(() => home.close());
  const log = openLog(setup.logSettings);
  opened.defer(() => log.close());
  opened.use(surviveRejections(log));
  const listener = {
    onFailure: (error: Error): void =>
      void setImmediate(() => {
        throw error;
      }), // ends the thread, and with it the server
    onLeasesLost: (): void => node.endAttempts(),
    onWork: (): void => node.steering.wake(),
  };
  const by = randomUUID();
  const joined = connection && joinSqlite(connection, (text) => log.logger.error(text));
  const store: NodeStore & AsyncDisposable = opened.use(joined ?? (await openOwn(config, by, listener)));
  const node = opened.use(
    await openNode({
      config,
      hostname,
      log,
      store,
      world: realWorld(),
      by,
      counts,
      countSent: (sent) => home.call("countSent", sent),
      onCounted: () => void home.call("counted").catch(() => {}),
      onVisit: (sighting) => void home.call("visited", sighting).catch(() => {}),
      shares: joined === undefined ? "as usual" : shareTimes,
      listens: "further",
      onBeyond: () => void home.call("beyond").catch(() => {}),
    }),
  );
  node.start();
  const operations: ServingOperations = {
    ...node.steering,
    flush: async () => joined?.flush(),
    hurry: () => node.hurry(),
    takeCounted: () => node.takeCounted(),
  };
  const running = opened.move();
  return {
    run: (calls: readonly Call[]) => Promise.all(calls.map((call) => answer(operations, call))),
    close: () => running.disposeAsync(),
  };
});

/** As each node of a database does, so that the others know of its leases. */
async function openOwn(config: Config, by: string, listener: StoreListener): ReturnType<typeof openStore> {
  const store = await openStore(config, listener);
  await store.recover(by);
  return store;
}
