// The composition root: config → storage → nodes → control socket, and the order in which they end.
import type { Hono } from "hono";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { availableParallelism, hostname as machineName } from "node:os";
import { join, resolve } from "node:path";
import { createControlApi } from "./api/control.ts";
import { serveControl } from "./api/control-socket.ts";
import { programVersion } from "./base/version.ts";
import { realWorld, type World } from "./base/world.ts";
import type { Finding } from "./check/finding.ts";
import { lookAtStart, startWarning } from "./check/self/at-start.ts";
import { wordsOf } from "./check/words.ts";
import { loadConfig } from "./config/load.ts";
import { formatProblems } from "./config/problem.ts";
import type { Config } from "./config/schema.ts";
import { Unusable } from "./config/unusable.ts";
import { createResolver } from "./dns/system-resolver.ts";
import { ownKnowledge } from "./explain/knowledge/knowledge.ts";
import type { HistoryStore } from "./journal/history.ts";
import { greylistDesk } from "./judge/greylist/desk.ts";
import { senderDesk } from "./judge/reputation/desk.ts";
import { suppressionDesk } from "./judge/suppression/desk.ts";
import { sendingCounts } from "./judge/submission/sending-counts.ts";
import { type Log, openLog } from "./journal/log.ts";
import { prune } from "./journal/pruning.ts";
import { type Node, openNode, sharedCounts, type Steering } from "./node.ts";
import { RecentVisits, type Sighting } from "./receive/visits.ts";
import { submit } from "./reception.ts";
import { accountsPath, readAccounts } from "./receive/accounts/account-file.ts";
import { watchKeys } from "./signing/key-watch.ts";
import { openStore, type Store } from "./storage/open.ts";
import { Crew } from "./threads/crew.ts";
import { shareTimes } from "./threads/share-times.ts";
import { surviveRejections } from "./threads/unhandled.ts";
import { ownHelp } from "./web/help/own-help.ts";
import { openWeb, type Web } from "./web/server.ts";

/** sysexits.h: EX_CONFIG, EX_OSERR, EX_SOFTWARE */
const exitCodes = { badConfig: 78, inTheWay: 71, threadDied: 70 } as const;

export interface ServerOptions {
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
  /** That take and deliver mail; further ones live in real time. */
  readonly threads?: number;
}

export interface Server {
  readonly hostname: string;
  /** "127.0.0.1:2525" */
  readonly listening: readonly string[];
  /** "https://127.0.0.1:8443" */
  readonly web: Web["listening"];
  /** Resolves if the storage, or another thread, dies: no mail is taken or delivered any more, and the server is to be closed. */
  readonly threadDied: Promise<Error>;
  /** Stops taking mail, lets what is in flight end, closes the store. */
  close(): Promise<void>;
}

/** Rejects with a sentence when something is in the way; then nothing is left open. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, world, log, threads = 1 } = options;
  await using opened = new AsyncDisposableStack();
  const { promise: threadDied, resolve: onFailure } = Promise.withResolvers<Error>();
  const crew = new Crew();
  const store = opened.use(
    await openStore(config, {
      onFailure,
      onLeasesLost() {
        log.logger.warn(
          "the database did not hear of us for too long: attempts end, for other nodes may make them now",
        );
        node.endAttempts();
      },
      onWork: () => steering.wake(),
      onTrouble: (text) => log.logger.error(text),
      flushOthers: () => crew.flush(),
    }),
  );
  const hostname = config.hostname ?? machineName();
  const by = randomUUID();
  await store.recover(by);
  keepPruning(opened, options, store);

  const counts = sharedCounts();
  const countSent = sendingCounts(world);
  const visits = new RecentVisits(world, counts.watched);
  const onVisit = (sighting: Sighting): void => visits.seen(sighting);
  const isShared = threads > 1;
  const node = await openNode({
    config,
    world,
    log,
    hostname,
    store,
    by,
    counts,
    countSent,
    onVisit,
    listens: isShared ? "first" : "alone",
    ...(config.storage.driver === "postgres" ? { shares: "as usual" } : isShared && { shares: shareTimes }),
    onBeyond: () => crew.wake(),
  });
  const steering = crew.steering(node.steering);
  opened.defer(async () => void (await Promise.all([node, crew].map((part) => part[Symbol.asyncDispose]()))));
  void threadDied.then(() => [node.hurry(), crew.hurry()]); // nothing in flight can be settled any more
  await crew.open({
    threads: threads - 1,
    config: {
      ...config,
      listen: config.listen.map((listen, i) => ({ ...listen, address: at(listen, node.listening[i]!) })),
    },
    hostname,
    counts,
    logSettings: logSettings(config),
    connect: async (thread) => ("connect" in store ? store.connect(thread) : undefined),
    home: { beyond: () => steering.wake(), countSent, visited: onVisit },
    onFailure,
  });
  opened.use(await serveControl(controlApi(options, { node, store, steering }), join(config.data_dir, "control.sock")));
  keepWatchingKeys(opened, options);
  const help = ownHelp({ config, hostname, world, visits });
  const web = opened.use(await openWeb({ config, hostname, world, logger: log.logger, help }));
  node.start();
  const running = opened.move();
  const listening = { listening: listeningOf(node), web: web?.listening ?? [] };
  return { hostname, ...listening, threadDied, close: () => running.disposeAsync() };
}

/** Where the first thread listens, be it that the system chose the port. */
const at = ({ address }: Config["listen"][number], { port }: Node["listening"][number]) => ({ ...address, port });

const listeningOf = ({ listening }: Node): string[] =>
  listening.map(({ address, port }) => (address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`));

interface ControlParts {
  readonly node: Node;
  readonly store: Store;
  readonly steering: Steering;
}

function controlApi({ config, world, log }: ServerOptions, { node, store, steering }: ControlParts): Hono {
  const { max_message_size: maxMessageBytes, max_recipients: maxRecipients } = config.receive;
  const submission = { ...node.stages, maxMessageBytes, maxRecipients };
  const { hostname } = node.stages;
  const version = programVersion();
  const startedAt = world.now();
  const listening = listeningOf(node);
  return createControlApi({
    queue: store,
    history: store,
    world,
    status: () => ({
      hostname,
      version,
      pid: process.pid,
      startedAt,
      now: world.now(),
      listening,
      sessions: node.sessions(),
    }),
    submit: (envelope, client, content) => submit(submission, { envelope, client }, content),
    acted(action, filter, changed) {
      log.logger.info({ filter }, `the operator's ${action} changed ${changed} deliveries`);
      if (action === "retry") steering.tryAll();
      steering.wake();
    },
    remembered: {
      senders: senderDesk(node.reputation, world),
      greylist: greylistDesk(node.reputation, world),
      spoke: (text) => log.logger.info(`the operator's word: ${text}`),
    },
    ...(node.suppressions && {
      suppressions: {
        desk: suppressionDesk({ suppressions: node.suppressions, store, world }),
        spoke: (text) => log.logger.info(`the operator's word: ${text}`),
      },
    }),
    destinations: steering,
    steered(action, site, due) {
      log.logger.info({ site }, `the operator's ${action} of a destination made ${due} deliveries due`);
      steering.wake();
    },
  });
}

function keepPruning(opened: AsyncDisposableStack, { config, world, log }: ServerOptions, history: HistoryStore): void {
  const stop = new AbortController();
  const onFault = (err: unknown): void => log.logger.error({ err }, "old history could not be removed");
  const pruned = prune({ history, world, keepMs: config.history.keep, onFault }, stop.signal);
  opened.defer(() => {
    stop.abort();
    return pruned;
  });
}

/** New keys for DKIM sign once DNS has their records. */
function keepWatchingKeys(opened: AsyncDisposableStack, { config, world, log }: ServerOptions): void {
  const stop = new AbortController();
  const { servers, timeout: timeoutMs } = config.dns;
  const resolver = createResolver({ servers, timeoutMs });
  const onNews = (text: string): void => log.logger.warn(text);
  const onFault = (err: unknown): void => log.logger.error({ err }, "the keys for DKIM could not be looked at");
  const watched = watchKeys({ config, resolver, world, onNews, onFault }, stop.signal);
  opened.defer(() => {
    stop.abort();
    return watched;
  });
}

/** `waybill start`: runs until SIGINT or SIGTERM; answers the exit code. */
export async function run({ configFile }: { configFile?: string }): Promise<number> {
  const loaded = await loadConfig(configFile);
  if (loaded.kind === "bad") {
    console.error(formatProblems(loaded.problems));
    return exitCodes.badConfig;
  }
  const { config, file } = loaded;
  let log: Log | undefined;
  let found: readonly Finding[] = [];
  using opened = new DisposableStack();
  try {
    log = openLog(logSettings(config));
    opened.use(surviveRejections(log));
    found = await lookAround(config, file);
    ownKnowledge(); // takes a quarter of a second: now, when no session waits
    const server = await startServer({ config, world: realWorld(), log, threads: threadsFor(config) });
    console.error(welcome(config, server, { file, isNamed: configFile !== undefined })); // not on standard output, which is the log
    for (const finding of found) {
      console.error(startWarning(finding));
      log.logger.warn({ finding: finding.id, about: finding.about }, wordsOf(finding).found);
    }
    log.logger.info({ listening: server.listening }, `${server.hostname} takes mail on ${server.listening.join(", ")}`);
    return await serveUntilEnd(server, log);
  } catch (error) {
    console.error(`waybill: ${error instanceof Error ? error.message : String(error)}`);
    for (const finding of found) if (finding.level === "error") console.error(startWarning(finding));
    return error instanceof Unusable ? exitCodes.badConfig : exitCodes.inTheWay;
  } finally {
    await log?.close();
  }
}

/** What will be in the way, or is risky: told once we know whether the server runs. */
const lookAround = (config: Config, file: string | undefined): Promise<Finding[]> =>
  lookAtStart({
    config,
    file,
    hostname: config.hostname ?? machineName(),
    world: realWorld(),
    readAccounts: () => readAccounts(accountsPath(config)),
  });

/** One processor is left to the storage thread and the system; more threads would need memory and save little. */
const mostThreads = 4;

/** To spread connections over threads is the system's work, and not all systems do it. */
const threadsFor = ({ threads, storage }: Config): number =>
  process.platform !== "linux" || storage.driver === "memory"
    ? 1
    : (threads ?? Math.min(Math.max(1, availableParallelism() - 1), mostThreads));

/** Answers the exit code. */
async function serveUntilEnd(server: Server, { logger }: Log): Promise<number> {
  const signalled = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const died = await Promise.race([signalled.then(() => undefined), server.threadDied]);
  if (died === undefined) {
    logger.info("stopping: what is in flight may end, the rest waits for the next start");
    await server.close();
    return 0;
  }
  logger.error({ err: died }, "stopping: a thread died");
  console.error(`waybill: ${died.message}; what was kept is on the disk: start Waybill again`);
  await server.close().catch((err: unknown) => logger.error({ err }, "not everything could be closed"));
  return exitCodes.threadDied;
}

const logSettings = ({ log: { level, format, file } }: Config): Parameters<typeof openLog>[0] => ({
  level,
  format: format === "auto" ? (file === undefined && process.stdout.isTTY ? "pretty" : "json") : format,
  ...(file !== undefined && { file }),
});

const placeOf = ({ storage, data_dir }: Config): string =>
  ({ sqlite: resolve(data_dir), postgres: "PostgreSQL", memory: "memory, until the server ends" })[storage.driver];

interface ConfigFile {
  readonly file: string | undefined;
  /** Not found by itself: the other commands have to be told of it, too. */
  readonly isNamed: boolean;
}

/** What a person who has just started it wants to know. */
export function welcome(
  config: Config,
  { hostname, listening, web }: Pick<Server, "hostname" | "listening" | "web">,
  { file, isNamed }: ConfigFile,
): string {
  const { networks } = config.relay;
  const option = isNamed && file !== undefined ? ` --config ${/^[\w./-]+$/.test(file) ? file : `"${file}"`}` : "";
  return `
Waybill takes mail for ${hostname} on ${listening.join(" and ")}.
${web.length === 0 ? "" : `Mail apps find their settings, and people find help (https://${hostname}/help), on ${web.join(" and ")}.\n`}It is kept in ${placeOf(config)}; settings: ${file ?? "all at their defaults, there is no waybill.toml"}.
${networks.length === 0 ? "Only accounts may send to everyone." : `Clients in ${networks.join(", ")} may send to anyone.`}

Try, in another terminal:
  npx waybill send${option} --from you@example.org --to friend@example.com --subject Hello --body "It works."
  npx waybill trace${option} friend@example.com
  npx waybill queue${option}
Stop with Ctrl-C.
`;
}
