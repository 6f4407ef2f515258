// The stages, built from the config, and what they share.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { networks } from "./base/networks.ts";
import type { World } from "./base/world.ts";
import type { Config } from "./config/schema.ts";
import { createDeliverer } from "./deliver/deliver.ts";
import { pacingLimits } from "./deliver/pacing/limits.ts";
import { Pacer, type PacingSettings } from "./deliver/pacing/pacer.ts";
import type { DeliverSettings } from "./deliver/settings.ts";
import type { Resolver } from "./dns/resolver.ts";
import type { HistoryStore } from "./journal/history.ts";
import { Journal, type Listener } from "./journal/journal.ts";
import type { Log } from "./journal/log.ts";
import type { Check } from "./judge/check.ts";
import { createJudge } from "./judge/judge.ts";
import { returnedMail } from "./judge/returned-mail.ts";
import type { Suppressions } from "./judge/suppression/suppression.ts";
import type { Judges } from "./all-checks.ts";
import { type Address, parseAddress } from "./mail/address.ts";
import type { Client } from "./mail/client.ts";
import { mendHeader } from "./mail/mend-header.ts";
import { queueIds } from "./mail/queue-ids.ts";
import type { WorkStore } from "./queue/store.ts";
import type { Worker } from "./queue/worker.ts";
import type { ReceptionParts } from "./reception.ts";
import { indexDomains, isOwnSender, resolveRecipient } from "./route/aliases.ts";
import { expandRecipients } from "./route/expand.ts";
import { refuseBackscatter, refuseReturn } from "./returning/refusals.ts";
import { leadsTo } from "./returning/returning.ts";
import type { Returns } from "./route/returns.ts";
import { createRouter } from "./route/route.ts";
import { type Srs, srsRefusal } from "./route/srs.ts";
import type { Signer } from "./signing/signer.ts";
import type { Logins } from "./smtp/sasl/logins.ts";

interface StageOptions {
  /** Where what is learnt of destinations is kept; without it, it is forgotten at the end. */
  readonly sites?: Omit<NonNullable<PacingSettings["store"]>, "onFault">;
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
  readonly store: WorkStore & Pick<HistoryStore, "record" | "story">;
  readonly hostname: string;
  /** Name of the worker that settles. */
  readonly by: string;
  readonly work: Pick<Worker, "lease" | "take" | "wake">;
  readonly resolver: Resolver;
  readonly isTrusted: (client: Client) => boolean;
  readonly judges: Pick<Judges, "checks" | "listeners"> & Partial<Pick<Judges, "authenticator">>;
  readonly signer?: Signer;
  readonly srs?: Srs;
  readonly returns: Returns;
  readonly suppressions?: Suppressions;
  readonly logins?: Logins;
}

const recipientIs = { ours: "ours", unknown: "unknown-here", elsewhere: "elsewhere" } as const;

export interface Stages extends ReceptionParts {
  readonly pacer: Pacer;
}

export function createStages(options: StageOptions): Stages {
  const {
    config,
    world,
    log,
    store,
    hostname,
    by,
    work,
    resolver,
    isTrusted,
    judges,
    signer,
    srs,
    returns,
    suppressions,
    logins,
  } = options;
  const pacer = createPacer(options);
  const ours = indexDomains(config, hostname, { returns, ...(srs && { srs }) });
  const { deliver, retry } = config;
  const isGone = (address: Address): boolean => resolveRecipient(ours, address).kind === "unknown";
  const feedback = new Set(config.returns.feedback.map((address) => address.toLowerCase()));
  return {
    world,
    queue: store,
    journal: createJournal(log, store, judges.listeners),
    hostname,
    by,
    work,
    newQueueId: queueIds(world),
    giveUpAfterMs: retry.give_up_after,
    returnedBytes: deliver.returned_size,
    language: config.explain.language,
    retry: {
      scheduleMs: retry.schedule,
      giveUpAfterMs: retry.give_up_after,
      delayNoticeAfterMs: retry.delay_notice_after,
    },
    judge: createJudge([...returnedMailChecks(options, { feedback, isGone }), ...judges.checks], world, (check, err) =>
      log.logger.error({ err, check }, `the check "${check}" failed, and was left out`),
    ),
    ...(judges.authenticator && { authenticator: judges.authenticator }),
    ...(signer && { signer }),
    ...(logins && { logins }),
    maxHeaderBytes: config.receive.max_header_size,
    mend: (header, { client, envelope, at }) =>
      client.account === undefined
        ? header
        : mendHeader(header, {
            now: at,
            newMessageId: () => `<${randomUUID()}@${hostname}>`,
            author: envelope.reversePath || parseAddress(client.account),
          }),
    router: createRouter({
      config,
      resolver,
      world,
      hostname,
      postmasterMaildir: join(config.data_dir, "postmaster"),
    }),
    pacer,
    deliverer: createDeliverer(deliverSettings(deliver, hostname, world), pacer),
    isTrusted,
    whose: (address) => recipientIs[resolveRecipient(ours, address).kind],
    expand: (recipients, mail) => expandRecipients(ours, recipients, mail),
    returns,
    returnedTo: (address) => leadsTo({ returns, history: store }, address),
    history: store,
    feedback,
    isGone,
    isOurSender: (address) => isOwnSender(ours, address),
    ...(suppressions && { suppressions }),
    onBug: (err, queueId) => log.logger.error({ err, queueId }, `${queueId} met a fault of this server`),
  };
}

/** Before the others: their words are for those who return mail that we never sent. */
function returnedMailChecks(
  { config, world, store, srs, returns }: StageOptions,
  { feedback, isGone }: Pick<ReceptionParts, "feedback" | "isGone">,
): readonly Check[] {
  const comesFromUs = (address: Address): boolean =>
    srs?.read(address) !== undefined || returns.read(address) !== undefined;
  return [
    ...(srs === undefined ? [] : [returnedMail("srs", ({ recipient }) => srsRefusal(srs, recipient))]),
    returnedMail("returns", ({ recipient }) => refuseReturn({ returns, history: store, world, isGone }, recipient)),
    ...(config.returns.only_signed
      ? [
          returnedMail("backscatter", ({ reversePath, recipient, trusted }) =>
            trusted || comesFromUs(recipient)
              ? undefined
              : refuseBackscatter({ returns, feedback }, { reversePath, recipient }),
          ),
        ]
      : []),
  ];
}

/** Refusals have no transaction of the queue to be written in, so the history gets them from here. */
function createJournal(
  { listener, logger }: Log,
  history: Pick<HistoryStore, "record">,
  learners: readonly Listener[],
): Journal {
  const onFault = (err: unknown): void => logger.error({ err }, "a refusal could not be written to the history");
  const record: Listener = (event) => void (event.kind === "refused" && history.record([event]).catch(onFault));
  return new Journal([listener, record, ...learners]);
}

const deliverSettings = (deliver: Config["deliver"], hostname: string, world: World): DeliverSettings => ({
  hostname,
  maxConnections: deliver.max_connections,
  maxConnectionsPerSite: deliver.max_connections_per_site,
  maxMessagesPerConnection: deliver.max_messages_per_connection,
  idleTimeoutMs: deliver.idle_timeout,
  connectTimeoutMs: deliver.connect_timeout,
  ...(deliver.source_address !== undefined && { sourceAddress: deliver.source_address }),
  world,
});

function createPacer({ config: { deliver, destination, retry }, world, log, sites }: StageOptions): Pacer {
  const onFault = (err: unknown): void => log.logger.error({ err }, "what is known of destinations could not be kept");
  // one message is tried as its schedule says, however long its destination is down
  const { firstClosedMs, longestClosedMs } = pacingLimits;
  const part = 0.8;
  return new Pacer({
    world,
    defaults: {
      maxConnections: deliver.max_connections_per_site,
      maxMessagesPerConnection: deliver.max_messages_per_connection,
      maxMessagesPerMinute: Infinity,
    },
    destinations: destination.map(({ to, ...limits }) => ({
      to,
      ...(limits.max_connections && { maxConnections: limits.max_connections }),
      ...(limits.max_messages_per_connection && { maxMessagesPerConnection: limits.max_messages_per_connection }),
      ...(limits.max_messages_per_minute && { maxMessagesPerMinute: limits.max_messages_per_minute }),
    })),
    closed: {
      firstMs: Math.min(firstClosedMs, part * retry.schedule[0]!),
      longestMs: Math.min(longestClosedMs, part * Math.max(...retry.schedule)),
    },
    ...(sites && { store: { ...sites, onFault } }),
  });
}

/** Whose mail goes to everywhere: that of this machine, of our networks, and of who has logged in. */
export function trustIn({ relay }: Pick<Config, "relay">): (client: Client) => boolean {
  const trusted = networks(relay.networks);
  return memoized(
    ({ address, protocol, account }) => protocol === "LOCAL" || account !== undefined || trusted.has(address),
  );
}

/** Asked at each command of a session; a session's client is one object from command to command. */
function memoized(decide: (client: Client) => boolean): (client: Client) => boolean {
  const known = new WeakMap<Client, boolean>();
  return (client) => {
    const answer = known.get(client) ?? decide(client);
    known.set(client, answer);
    return answer;
  };
}
