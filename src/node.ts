// A node: takes mail where it listens, and delivers it, over a store that it may share with others. Each thread of the
// server is one.
import { join } from "node:path";
import type { Destinations } from "./api/destinations.ts";
import { networks } from "./base/networks.ts";
import type { World } from "./base/world.ts";
import { ownSecret } from "./config/own-secret.ts";
import { readOwnRules } from "./config/own-rules.ts";
import type { Config } from "./config/schema.ts";
import { learn } from "./explain/knowledge/knowledge.ts";
import type { PacingSettings } from "./deliver/pacing/pacer.ts";
import type { SiteStore } from "./deliver/site-store.ts";
import { cachedResolver } from "./dns/cached-resolver.ts";
import { createResolver } from "./dns/system-resolver.ts";
import type { HistoryStore } from "./journal/history.ts";
import type { Listener as Journalist } from "./journal/journal.ts";
import type { Log } from "./journal/log.ts";
import { attempt } from "./journey.ts";
import { CountJournal } from "./judge/rates/count-journal.ts";
import { CountSharing } from "./judge/rates/count-sharing.ts";
import type { CountChange, CountStore } from "./judge/rates/count-store.ts";
import { DebtCounting } from "./judge/rates/debt-counting.ts";
import { Debts, type SharedDebts, sharedDebts } from "./judge/rates/debts.ts";
import type { Reputation } from "./judge/reputation/reputation.ts";
import type { CountSent, SendingCounts } from "./judge/submission/sending-counts.ts";
import type { SenderStore } from "./judge/sender-store.ts";
import type { SuppressionStore } from "./judge/suppression/suppression-store.ts";
import { Suppressions } from "./judge/suppression/suppression.ts";
import { type Judges, openJudges } from "./all-checks.ts";
import { parseAddress } from "./mail/address.ts";
import { ownerWarning } from "./owner-warning.ts";
import type { WorkStore } from "./queue/store.ts";
import { Worker, workerLimits } from "./queue/worker.ts";
import { type Admission, admission, type SessionCounts, sessionCounts } from "./receive/admission.ts";
import { type LoginCounts, loginCounts } from "./receive/accounts/login-limits.ts";
import { type Accounts, openAccounts } from "./receive/accounts/open-accounts.ts";
import { keepCertificate, type KeptCertificate } from "./receive/kept-certificate.ts";
import { checkFree, type Listener, type ListenOptions, listen } from "./receive/listener.ts";
import { type Sighting, watcher, watchTable } from "./receive/visits.ts";
import { tellEvent, watchedLogins } from "./receive/watched-logins.ts";
import { createReturns } from "./route/returns.ts";
import { createSrs } from "./route/srs.ts";
import { loadReturnSecrets, loadSrsSecrets } from "./route/srs-secret.ts";
import { createReception, type ReceptionParts } from "./reception.ts";
import { openSigner } from "./signing/signer.ts";
import { createLogins, type Logins } from "./smtp/sasl/logins.ts";
import { createSession, type SessionSettings } from "./smtp/server-session.ts";
import { createStages, type Stages, trustIn } from "./stages.ts";

/** How long messages in flight may take when the server is told to stop. */
const closeGraceMs = 10_000;

export type NodeStore = WorkStore &
  Pick<HistoryStore, "record" | "story"> &
  SiteStore &
  SenderStore &
  SuppressionStore &
  CountStore;

/** What all threads count together; to be passed to other threads. */
export interface SharedCounts {
  readonly sessions: SessionCounts;
  readonly debts: SharedDebts;
  readonly logins: LoginCounts;
  /** Networks whose visitors of the help page want to see what their mail apps do here. */
  readonly watched: SharedArrayBuffer;
}

/** Of the first thread of a process: it is the one that exchanges counts with other processes. */
export interface ProcessCounts extends SharedCounts {
  readonly others: OtherThreads;
}

/** Where the first thread and those that start it meet. */
export interface OtherThreads {
  /** One of them counted something new. */
  onNews: () => void;
  /** What they counted since they were asked last. */
  ask: () => Promise<readonly CountChange[]>;
}

export const sharedCounts = (): ProcessCounts => ({
  sessions: sessionCounts(),
  debts: sharedDebts(),
  logins: loginCounts(),
  watched: watchTable(),
  others: { onNews: () => {}, ask: async () => [] },
});

export interface NodeOptions {
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
  readonly hostname: string;
  readonly store: NodeStore;
  /** Its name in leases; a new one at each start. */
  readonly by: string;
  /** Other nodes use the store: connections to a site are shared with them. */
  readonly shares?: NonNullable<PacingSettings["store"]>["shares"] | "as usual";
  readonly counts: SharedCounts | ProcessCounts;
  /** What accounts have sent, in all threads. */
  readonly countSent: CountSent | SendingCounts;
  /** Of further threads: there is something new to take. */
  readonly onCounted?: () => void;
  /** Instead of those of the config. */
  readonly logins?: Logins;
  /** Something came from a network that is watched. */
  readonly onVisit?: (sighting: Sighting) => void;
  /** first: of the threads that listen at the same addresses; further: another has made sure that they are free. */
  readonly listens: "alone" | "first" | "further";
  /** Something is due that this node has no room for. */
  readonly onBeyond?: () => void;
}

/** What an operator, or another node, asks of a node. */
export interface Steering extends Destinations {
  /** Something may be due. */
  wake(): void;
  /** Sites that do not answer are tried at once. */
  tryAll(): void;
}

export interface Node extends AsyncDisposable {
  readonly stages: Stages;
  readonly reputation: Reputation;
  readonly suppressions?: Suppressions;
  /** Open now, of all threads. */
  readonly sessions: () => number;
  readonly listening: readonly { readonly address: string; readonly port: number }[];
  readonly steering: Steering;
  /** What was counted since the last call, for other processes. */
  takeCounted(): readonly CountChange[];
  /** From now on. */
  start(): void;
  /** Others may have its deliveries now. */
  endAttempts(): void;
  /** What is in flight is ended sooner than it would be at the disposal. */
  hurry(): void;
}

/** Rejects with a sentence when something is in the way; then nothing is left open. */
export async function openNode(options: NodeOptions): Promise<Node> {
  const { world, log, store, by, shares, onBeyond } = options;
  await using opened = new AsyncDisposableStack();
  const { rules } = options.config.explain;
  if (rules.length > 0) learn(await readOwnRules(rules));
  let graceMs = closeGraceMs;
  const work: ReceptionParts["work"] = {
    lease: (recipients) => worker.lease(recipients),
    take: (deliveries) => worker.take(deliveries),
    wake: (at) => worker.wake(at),
  };
  const shared = shares !== undefined && { sharedBy: by, ...(shares !== "as usual" && { shares }) };
  const { journal, debts } = await openCounts(options, opened);
  const tell = watcher(options.counts.watched, world, options.onVisit ?? (() => {}));
  const { accounts, ...people } = await openPeople({ ...options, tell }, debts.abuse, opened);
  const judges = opened.use(
    await openJudges({
      ...options,
      ...people,
      debts,
      accounts,
      onWarning: (account, words) => warnOwner({ stages, accounts, log }, { account, words }),
    }),
  );
  const suppressions = await openSuppressions(options, opened);
  const stages = createStages({
    ...options,
    ...people,
    judges: withLearners(judges, suppressions, (event) => tellEvent(event, tell)),
    ...(suppressions && { suppressions }),
    work,
    sites: { sites: store, ...shared },
  });
  const { pacer } = stages;
  opened.use(pacer);
  await pacer.restore();
  opened.use(stages.deliverer);
  const worker = new Worker({
    queue: store,
    world,
    by,
    attempt: (deliveries, ending) => attempt(stages, deliveries, ending),
    onFault: (err) => log.logger.error({ err }, "the queue could not be read; trying again"),
    sated: pacer,
    ...(onBeyond && { onBeyond: seldom(world, onBeyond) }),
  });
  opened.defer(() => worker.close(graceMs));
  const { max_connections: total, max_connections_per_address: perAddress } = options.config.receive;
  const admitted = admission({ total, perAddress }, options.counts.sessions);
  const certificate = opened.use(await openCertificate(options));
  const listeners = await openListeners({ ...options, tell, certificate }, stages, admitted);
  opened.defer(async () => void (await Promise.all(listeners.map((listener) => listener.close(graceMs)))));
  const running = opened.move();
  return {
    stages,
    reputation: judges.reputation,
    ...(suppressions && { suppressions }),
    sessions: () => admitted.sessions,
    listening: listeners,
    steering: { ...destinationsOf(stages), wake: () => worker.wake(), tryAll: () => pacer.tryAll() },
    takeCounted: () => journal.take(),
    start: () => worker.start(),
    endAttempts: () => worker.endAttempts(),
    hurry: () => (graceMs = 0),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * What clients owe. Other processes of the store hear of it; where there are none, of what lasts for hours, so that a
 * restart forgives nothing.
 */
async function openCounts(options: NodeOptions, opened: AsyncDisposableStack) {
  const { config, world, log, counts, countSent, store, by, onCounted = () => {} } = options;
  const journal = new CountJournal();
  const plain = new Debts(world, counts.debts);
  const noted = new Debts(world, counts.debts, journal);
  const debts = { abuse: noted, rates: config.storage.driver === "postgres" ? noted : plain };
  if (!("others" in counts)) {
    journal.onNews = onCounted;
    return { journal, debts };
  }
  const { others } = counts;
  const ofDebts = new DebtCounting({ debts: plain, journal, askOthers: () => others.ask() });
  const sharing = opened.use(
    new CountSharing({
      store,
      world,
      by,
      countings: "counting" in countSent ? [countSent.counting, ofDebts] : [ofDebts],
      onFault: (err) => log.logger.error({ err }, "counts cannot be shared: limits hold for this process alone"),
    }),
  );
  others.onNews = () => journal.onNews();
  await sharing.restore();
  return { journal, debts };
}

async function openSuppressions(
  { config, world, log, store, hostname, shares }: NodeOptions,
  opened: AsyncDisposableStack,
): Promise<Suppressions | undefined> {
  const { enabled, never, remembered: most } = config.suppression;
  if (!enabled) return undefined;
  const ours = new Set<string>([...config.domain.map(({ name }) => name), hostname.toLowerCase()]);
  return opened.use(
    await Suppressions.open({
      store,
      world,
      settings: { never, most },
      isOurs: (domain) => ours.has(domain),
      isShared: shares !== undefined,
      onFault: (err) => log.logger.error({ err }, "what is known of addresses that are gone could not be read or kept"),
    }),
  );
}

/** What comes back about mail: of ours, who is not to get more; of others', who sent it. */
function withLearners(
  judges: Judges,
  suppressions: Suppressions | undefined,
  visits: Journalist,
): Pick<Judges, "checks" | "listeners" | "authenticator"> {
  const { reputation, authenticator } = judges;
  const complaints: Journalist = (event) => {
    if (event.kind === "complained" && event.sender !== undefined)
      reputation.note({ ...event.sender, behaviour: "complaint" });
  };
  return {
    authenticator,
    checks: [...(suppressions?.checks ?? []), ...judges.checks],
    listeners: [...judges.listeners, complaints, visits, ...(suppressions ? [suppressions.listener] : [])],
  };
}

/** Those whom we know: by their logins, and by the keys that they sign with; and how to ask for others. */
async function openPeople(options: Watching, debts: Debts, opened: AsyncDisposableStack) {
  const { config, world, log, counts, logins, hostname, tell } = options;
  const { dns } = config;
  const onTrouble = (text: string): void => log.logger.warn(text);
  const accounts = opened.use(await openAccounts({ config, world, onTrouble, counts: counts.logins, debts }));
  const secret = Buffer.from(await ownSecret(join(config.data_dir, "login.secret")));
  const onFault = (err: unknown): void => log.logger.error({ err }, "a key for DKIM signatures could not be used");
  const returns = createReturns({ config, secrets: await loadReturnSecrets(config), hostname, world });
  return {
    accounts,
    logins: logins ?? watchedLogins(accounts, (credentials) => createLogins(credentials, secret), tell),
    signer: opened.use(await openSigner({ config, world, onFault })),
    returns,
    srs: createSrs({ config, secrets: await loadSrsSecrets(config), hostname, world, returns }),
    resolver: cachedResolver(createResolver({ servers: dns.servers, timeoutMs: dns.timeout }), world),
    isTrusted: trustIn(config),
  };
}

interface Watching extends NodeOptions {
  readonly tell: ReturnType<typeof watcher>;
}

interface Listening extends Watching {
  readonly certificate: KeptCertificate;
}

interface WarningParts {
  readonly stages: Stages;
  readonly accounts: Pick<Accounts, "rightsOf">;
  readonly log: Log;
}

/** By mail, where the account has an address. */
function warnOwner(
  { stages, accounts, log }: WarningParts,
  { account, words }: { account: string; words: string },
): void {
  log.logger.warn({ account }, words);
  const own = accounts.rightsOf(account)?.maySendAs.find((sender) => parseAddress(sender) !== undefined);
  const to = own === undefined || own.startsWith("*") ? undefined : parseAddress(own);
  if (to === undefined) return;
  const kept = ownerWarning(stages, { to, subject: "Your account has sent unusually much mail", words })
    .then((warning) => stages.queue.keep(warning))
    .then(() => stages.work.wake());
  kept.catch((err: unknown) => log.logger.error({ err, account }, "the owner of an account could not be warned"));
}

/** Not all the time: nodes that have no room either would call one another without an end. */
function seldom(world: World, call: () => void): () => void {
  let calledAt = -Infinity;
  return () => {
    if (world.now() - calledAt < workerLimits.faultMs) return;
    calledAt = world.now();
    call();
  };
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

const openCertificate = ({ config, world, log: { logger }, hostname }: NodeOptions): Promise<KeptCertificate> =>
  keepCertificate(
    { ...config.tls, hostname, dataDir: config.data_dir },
    { world, onNews: (text) => logger.info(text), onTrouble: (text) => logger.error(text) },
  );

async function openListeners(options: Listening, stages: Stages, admission: Admission): Promise<Listener[]> {
  const { config, world, log, hostname, listens, tell, certificate } = options;
  const { receive, relay } = config;
  const xclients = networks(relay.xclient_networks);
  const shared = {
    proxies: networks(relay.proxy_networks),
    admission,
    isShared: listens !== "alone",
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
    for (const { address, tls: mode, for: purpose } of config.listen) {
      const offersStartTls = mode === "starttls";
      const login =
        purpose === "submission" && ({ submission: true, mechanisms: mechanismsFor(stages, mode) } as const);
      const newSession: ListenOptions["newSession"] = (client) =>
        createSession({ ...limits, offersStartTls, mayXclient: xclients.has(client.address), ...login }, client);
      const security = mode === "none" ? { mode } : { mode, certificate };
      if (listens === "first") await checkFree(address);
      const visits = purpose === "submission" && { onVisit: tell };
      const where = { ...shared, ...visits, address, tls: security, newSession };
      listeners.push(await listen(where, createReception(stages)));
    }
    return listeners;
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close(0)));
    throw error;
  }
}

/** A password goes over TLS, or it does not leave the machine (a rule of the config sees to that). RFC 4954 §4, RFC 8314 §3 */
const mechanismsFor = ({ logins }: Stages, mode: Config["listen"][number]["tls"]): SessionSettings["mechanisms"] =>
  logins && ((client) => (client.tls === undefined && mode !== "none" ? [] : logins.mechanisms(client)));
