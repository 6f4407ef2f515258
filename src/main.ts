// The composition root: config → storage → stages → listeners, and the order in which they end.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { hostname as machineName } from "node:os";
import { join, resolve } from "node:path";
import { createControlApi } from "./api/control.ts";
import { serveControl } from "./api/control-socket.ts";
import type { Destinations } from "./api/destinations.ts";
import { networks } from "./base/networks.ts";
import { realWorld, type World } from "./base/world.ts";
import { loadConfig } from "./config/load.ts";
import { formatProblems } from "./config/problem.ts";
import type { Config } from "./config/schema.ts";
import type { HistoryStore } from "./journal/history.ts";
import { type Log, openLog } from "./journal/log.ts";
import { prune } from "./journal/pruning.ts";
import { attempt } from "./journey.ts";
import { parseAddress } from "./mail/address.ts";
import { Worker } from "./queue/worker.ts";
import { admission } from "./receive/admission.ts";
import { loadCertificate } from "./receive/certificate.ts";
import { type Listener, type ListenOptions, listen } from "./receive/listener.ts";
import { createReception, type ReceptionParts, submit } from "./reception.ts";
import { createSession } from "./smtp/server-session.ts";
import { createStages, type Stages } from "./stages.ts";
import { openStore } from "./storage/open.ts";

/** How long messages in flight may take when the server is told to stop. */
const closeGraceMs = 10_000;

/** sysexits.h: EX_CONFIG, EX_OSERR, EX_SOFTWARE */
const exitCodes = { badConfig: 78, inTheWay: 71, storageDied: 70 } as const;

export interface ServerOptions {
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
}

export interface Server {
  readonly hostname: string;
  /** "127.0.0.1:2525" */
  readonly listening: readonly string[];
  /** Resolves if the storage dies: no mail is taken or delivered any more, and the server is to be closed. */
  readonly storageDied: Promise<Error>;
  /** Stops taking mail, lets what is in flight end, closes the store. */
  close(): Promise<void>;
}

/** Rejects with a sentence when something is in the way; then nothing is left open. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, world, log } = options;
  await using opened = new AsyncDisposableStack();
  const { promise: storageDied, resolve: onFailure } = Promise.withResolvers<Error>();
  let graceMs = closeGraceMs;
  void storageDied.then(() => (graceMs = 0)); // nothing in flight can be settled any more
  const onLeasesLost = (): void => {
    log.logger.warn("the database did not hear of us for too long: attempts end, for other nodes may make them now");
    worker.endAttempts();
  };
  const store = opened.use(await openStore(config, { onFailure, onLeasesLost, onWork: () => worker.wake() }));
  const hostname = config.hostname ?? machineName();
  const by = randomUUID();
  await store.recover(by);
  keepPruning(opened, options, store);

  const work: ReceptionParts["work"] = {
    lease: (recipients) => worker.lease(recipients),
    take: (deliveries) => worker.take(deliveries),
    wake: (at) => worker.wake(at),
  };
  const shared = config.storage.driver === "postgres" ? { sharedBy: by } : {};
  const stages = createStages({ ...options, store, hostname, by, work, sites: { sites: store, ...shared } });
  const { pacer } = stages;
  opened.use(pacer);
  await pacer.restore();
  opened.use(stages.deliverer);
  const onFault = (err: unknown): void => log.logger.error({ err }, "the queue could not be read; trying again");
  const worker = new Worker({
    queue: store,
    world,
    by,
    attempt: (deliveries, ending) => attempt(stages, deliveries, ending),
    onFault,
    sated: pacer,
  });
  opened.defer(() => worker.close(graceMs));

  const listeners = await openListeners(options, stages);
  opened.defer(async () => void (await Promise.all(listeners.map((listener) => listener.close(graceMs)))));
  const listening = listeners.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
  );
  const startedAt = world.now();
  const sessions = (): number => listeners.reduce((sum, listener) => sum + listener.sessions(), 0);
  const { max_message_size: maxMessageBytes, max_recipients: maxRecipients } = config.receive;
  const parts = { ...stages, maxMessageBytes, maxRecipients };
  const control = createControlApi({
    queue: store,
    history: store,
    world,
    status: () => ({ hostname, pid: process.pid, startedAt, now: world.now(), listening, sessions: sessions() }),
    submit: (envelope, client, content) => submit(parts, { envelope, client }, content),
    acted: (action, filter, changed) => {
      log.logger.info({ filter }, `the operator's ${action} changed ${changed} deliveries`);
      if (action === "retry") pacer.tryAll();
      worker.wake();
    },
    destinations: destinationsOf(stages),
    steered: (action, site, due) => {
      log.logger.info({ site }, `the operator's ${action} of a destination made ${due} deliveries due`);
      worker.wake();
    },
  });
  opened.use(await serveControl(control, join(config.data_dir, "control.sock")));
  worker.start();
  const running = opened.move();
  return { hostname, listening, storageDied, close: () => running.disposeAsync() };
}

/** A domain that had no mail since the start is looked up as for delivery. */
const destinationsOf = ({ pacer, router }: Stages): Destinations => ({
  status: () => pacer.status(),
  async find(name) {
    const known = pacer.find(name);
    const address = known === undefined ? parseAddress(`postmaster@${name}`) : undefined;
    const routing = address && (await router.route(address, ""));
    return routing?.kind === "hop" && routing.hop.kind !== "maildir" ? routing.hop.site : known;
  },
  domainsOf: (site) => pacer.domainsOf(site),
  suspend: (site, words) => pacer.suspend(site, words),
  resume: (site) => pacer.resume(site),
  drain: (site) => pacer.drain(site),
});

function keepPruning(opened: AsyncDisposableStack, { config, world, log }: ServerOptions, history: HistoryStore): void {
  const stop = new AbortController();
  const onFault = (err: unknown): void => log.logger.error({ err }, "old history could not be removed");
  const pruned = prune({ history, world, keepMs: config.history.keep, onFault }, stop.signal);
  opened.defer(() => {
    stop.abort();
    return pruned;
  });
}

async function openListeners({ config, world, log }: ServerOptions, stages: ReceptionParts): Promise<Listener[]> {
  const { receive, relay, tls } = config;
  const { hostname } = stages;
  const { secureContext } = await loadCertificate({ ...tls, hostname, dataDir: config.data_dir }, world.now());
  const xclients = networks(relay.xclient_networks);
  const shared = {
    proxies: networks(relay.proxy_networks),
    admission: admission({ total: receive.max_connections, perAddress: receive.max_connections_per_address }),
    times: {
      commandTimeoutMs: receive.command_timeout,
      dataTimeoutMs: receive.data_timeout,
      messageTimeoutMs: receive.message_timeout,
      sessionTimeoutMs: receive.session_timeout,
      greetingDelayMs: receive.greeting_delay,
    },
    onEvent: ((event) => {
      if (event.kind === "refused") stages.journal.note([{ ...event, at: world.now() }]);
      else log.logger.warn({ err: event.error, address: event.address }, event.text);
    }) satisfies ListenOptions["onEvent"],
  };
  const limits = {
    hostname,
    maxMessageBytes: receive.max_message_size,
    maxRecipients: receive.max_recipients,
    maxErrors: receive.max_errors,
  };
  const listeners: Listener[] = [];
  try {
    for (const { address, tls: mode } of config.listen) {
      const newSession: ListenOptions["newSession"] = (client) =>
        createSession(
          { ...limits, offersStartTls: mode === "starttls", mayXclient: xclients.has(client.address) },
          client,
        );
      const security = mode === "none" ? { mode } : { mode, secureContext };
      listeners.push(await listen({ ...shared, address, tls: security, newSession }, createReception(stages)));
    }
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close(0)));
    throw error;
  }
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
  try {
    log = openLog(logSettings(config));
    const server = await startServer({ config, world: realWorld(), log });
    console.error(welcome(config, server, file)); // not on standard output, which is the log
    log.logger.info({ listening: server.listening }, `${server.hostname} takes mail on ${server.listening.join(", ")}`);
    return await serveUntilEnd(server, log);
  } catch (error) {
    console.error(`waybill: ${error instanceof Error ? error.message : String(error)}`);
    return exitCodes.inTheWay;
  } finally {
    await log?.close();
  }
}

/** Answers the exit code. */
async function serveUntilEnd(server: Server, { logger }: Log): Promise<number> {
  const signalled = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const died = await Promise.race([signalled.then(() => undefined), server.storageDied]);
  if (died === undefined) {
    logger.info("stopping: what is in flight may end, the rest waits for the next start");
    await server.close();
    return 0;
  }
  logger.error({ err: died }, "stopping: the storage died");
  console.error(`waybill: ${died.message}; what was kept is on the disk: start Waybill again`);
  await server.close().catch((err: unknown) => logger.error({ err }, "not everything could be closed"));
  return exitCodes.storageDied;
}

const logSettings = ({ log: { level, format, file } }: Config): Parameters<typeof openLog>[0] => ({
  level,
  format: format === "auto" ? (file === undefined && process.stdout.isTTY ? "pretty" : "json") : format,
  ...(file !== undefined && { file }),
});

const placeOf = ({ storage, data_dir }: Config): string =>
  ({ sqlite: resolve(data_dir), postgres: "PostgreSQL", memory: "memory, until the server ends" })[storage.driver];

/** What a person who has just started it wants to know. */
const welcome = (config: Config, server: Server, file: string | undefined): string => `
Waybill takes mail for ${server.hostname} on ${server.listening.join(" and ")}.
It is kept in ${placeOf(config)}; settings: ${file ?? "all at their defaults, there is no waybill.toml"}.
Clients in ${config.relay.networks.join(", ") || "no network"} may send to anyone.

Try, in another terminal:
  npx waybill send --from you@example.org --to friend@example.com --subject Hello --body "It works."
  npx waybill trace friend@example.com
  npx waybill queue
Stop with Ctrl-C.
`;
