// The stages, built from the config, and what they share.
import { join } from "node:path";
import { networks } from "./base/networks.ts";
import type { World } from "./base/world.ts";
import type { Config } from "./config/schema.ts";
import { createDeliverer } from "./deliver/deliver.ts";
import type { DeliverSettings } from "./deliver/settings.ts";
import { cachedResolver } from "./dns/cached-resolver.ts";
import { createResolver } from "./dns/system-resolver.ts";
import type { HistoryStore } from "./journal/history.ts";
import { Journal } from "./journal/journal.ts";
import type { Log } from "./journal/log.ts";
import { createJudge } from "./judge/judge.ts";
import { loop } from "./judge/loop.ts";
import { relay } from "./judge/relay.ts";
import type { Client } from "./mail/client.ts";
import { queueIds } from "./mail/queue-ids.ts";
import type { QueueStore } from "./queue/store.ts";
import type { ReceptionParts } from "./reception.ts";
import { indexDomains, resolveRecipient } from "./route/aliases.ts";
import { expandRecipients } from "./route/expand.ts";
import { createRouter } from "./route/route.ts";

export interface StageOptions {
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
  readonly store: QueueStore & HistoryStore;
  readonly hostname: string;
  /** Name of the worker that settles. */
  readonly by: string;
  readonly wake: () => void;
}

const recipientIs = { ours: "ours", unknown: "unknown-here", elsewhere: "elsewhere" } as const;

export function createStages({ config, world, log, store, hostname, by, wake }: StageOptions): ReceptionParts {
  const ours = indexDomains(config, hostname);
  const trusted = networks(config.relay.networks);
  const { dns, deliver, retry } = config;
  const resolver = cachedResolver(createResolver({ servers: dns.servers, timeoutMs: dns.timeout }), world);
  return {
    world,
    queue: store,
    journal: createJournal(log, store),
    hostname,
    by,
    wake,
    newQueueId: queueIds(world),
    giveUpAfterMs: retry.give_up_after,
    returnedBytes: deliver.returned_size,
    retry: {
      scheduleMs: retry.schedule,
      giveUpAfterMs: retry.give_up_after,
      delayNoticeAfterMs: retry.delay_notice_after,
    },
    judge: createJudge([relay, loop(config.receive.max_hops)], world),
    router: createRouter({
      config,
      resolver,
      world,
      hostname,
      postmasterMaildir: join(config.data_dir, "postmaster"),
    }),
    deliverer: createDeliverer(deliverSettings(deliver, hostname, world)),
    isTrusted: memoized(({ address, protocol }) => protocol === "LOCAL" || trusted.has(address)),
    whose: (address) => recipientIs[resolveRecipient(ours, address).kind],
    expand: (recipients) => expandRecipients(ours, recipients),
    onBug: (err, queueId) => log.logger.error({ err, queueId }, `${queueId} met a fault of this server`),
  };
}

/** Refusals have no transaction of the queue to be written in, so the history gets them from here. */
function createJournal({ listener, logger }: Log, history: HistoryStore): Journal {
  const onFault = (err: unknown): void => logger.error({ err }, "a refusal could not be written to the history");
  return new Journal([listener, (event) => void (event.kind === "refused" && history.record([event]).catch(onFault))]);
}

const deliverSettings = (deliver: Config["deliver"], hostname: string, world: World): DeliverSettings => ({
  hostname,
  maxConnections: deliver.max_connections,
  maxConnectionsPerSite: deliver.max_connections_per_site,
  maxMessagesPerConnection: deliver.max_messages_per_connection,
  idleTimeoutMs: deliver.idle_timeout,
  connectTimeoutMs: deliver.connect_timeout,
  ...(deliver.source_address !== undefined && { sourceAddress: deliver.source_address }),
  now: () => world.now(),
});

/** Asked at each command of a session; a session's client is one object from command to command. */
function memoized(decide: (client: Client) => boolean): (client: Client) => boolean {
  const known = new WeakMap<Client, boolean>();
  return (client) => {
    const answer = known.get(client) ?? decide(client);
    known.set(client, answer);
    return answer;
  };
}
