// All that speaks on who sends and on what he sends, built from the config: the checks in their order, and what they learn from.
import { networkInterfaces } from "node:os";
import { networks } from "./base/networks.ts";
import type { World } from "./base/world.ts";
import type { Config } from "./config/schema.ts";
import type { Resolver } from "./dns/resolver.ts";
import type { Listener } from "./journal/journal.ts";
import type { Log } from "./journal/log.ts";
import type { Check, Facts } from "./judge/check.ts";
import { DnsLists } from "./judge/dns-lists/dns-lists.ts";
import { greylistChecks } from "./judge/greylist/greylist.ts";
import { loadHooks } from "./judge/hooks/load.ts";
import { type Authenticator, createAuthenticator } from "./judge/identity/authenticator.ts";
import { identityChecks } from "./judge/identity/policy.ts";
import { loop } from "./judge/loop.ts";
import { Abuse } from "./judge/rates/abuse.ts";
import type { Debts } from "./judge/rates/debts.ts";
import { rateChecks, type Rates } from "./judge/rates/rates.ts";
import { usefulNetworks } from "./judge/rates/useful-networks.ts";
import { relay } from "./judge/relay.ts";
import { networkIdentity } from "./judge/reputation/learn.ts";
import { createReputation, type Reputation } from "./judge/reputation/reputation.ts";
import type { SenderStore } from "./judge/sender-store.ts";
import { senders } from "./judge/submission/senders.ts";
import type { CountSent } from "./judge/submission/sending-counts.ts";
import { sendingLimits } from "./judge/submission/sending-limits.ts";
import { singleFields } from "./judge/submission/single-fields.ts";
import type { Client } from "./mail/client.ts";
import type { Accounts } from "./receive/accounts/open-accounts.ts";

export interface JudgesOptions {
  readonly config: Config;
  readonly world: World;
  readonly log: Log;
  readonly hostname: string;
  readonly resolver: Resolver;
  readonly store: SenderStore;
  readonly isTrusted: (client: Client) => boolean;
  /** Of all threads. */
  readonly debts: JudgesDebts;
  readonly accounts: Pick<Accounts, "rightsOf">;
  /** Of accounts, in all threads. */
  readonly countSent: CountSent;
  /** Whole sentences for the owner of an account. */
  readonly onWarning: (account: string, words: string) => void;
}

/** Over the same memory. */
export interface JudgesDebts {
  /** Of minutes. */
  readonly rates: Debts;
  /** Of hours: they outlive the process. */
  readonly abuse: Debts;
}

export interface Judges extends AsyncDisposable {
  readonly checks: readonly Check[];
  readonly listeners: readonly Listener[];
  readonly authenticator: Authenticator;
  readonly reputation: Reputation;
}

/** Rejects with words for the operator when a hook cannot be loaded. */
export async function openJudges(options: JudgesOptions): Promise<Judges> {
  const { config, world, log, hostname, resolver, store } = options;
  await using opened = new AsyncDisposableStack();
  const hooks = await loadHooks(config.hooks.modules, {
    world,
    onFault: (text, { hook, error }) => log.logger.error({ err: error, hook }, text),
  });
  const { dns, authentication } = config;
  const authenticator = opened.use(
    createAuthenticator({
      hostname,
      dns: { servers: dns.servers, timeoutMs: dns.timeout },
      timeoutMs: authentication.timeout,
      world,
      onTrouble: (err) => log.logger.error({ err }, err.message),
    }),
  );
  const { half_life: halfLifeMs, remembered: most, ...below } = config.reputation;
  const reputation = opened.use(
    createReputation({
      store,
      world,
      hostname,
      settings: { halfLifeMs, most, refuseBelow: below.refuse_below, markBelow: below.mark_below },
      onFault: (err) => log.logger.error({ err }, "what is known of senders could not be read or kept"),
    }),
  );
  const onTrouble = (text: string): void => log.logger.warn(text);
  const lists = opened.use(new DnsLists(listSettings(config), { resolver, world, onTrouble }));
  const { abuse, rates } = conductChecks(options, reputation);
  opened.use(abuse);
  const running = opened.move();
  return {
    checks: [
      ...abuse.checks, // at a port for mail apps, nobody is known yet when he connects
      ...only("strangers", rates.checks),
      relay,
      loop(config.receive.max_hops),
      ...only("strangers", [
        ...identityChecks(authentication, {
          hostname,
          addresses: ownAddresses(),
          domains: config.domain.map(({ name }) => name),
        }),
        ...lists.checks,
        ...reputation.checks,
        ...greylistChecks({
          settings: greylistSettings(config),
          world,
          reputation,
          listing: async ({ client }: Facts) => (await lists.listingOf(client)).score,
        }),
      ]),
      ...only("accounts", accountChecks(options)),
      ...hooks,
    ],
    listeners: [abuse.listener, rates.listener, reputation.listener],
    authenticator,
    reputation,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Conduct {
  readonly abuse: Abuse;
  readonly rates: Rates;
}

/** The others are not asked, which costs them nothing. */
const only = (of: NonNullable<Check["of"]>, checks: readonly Check[]): Check[] =>
  checks.map((check) => ({ name: check.name, phase: check.phase, of, judge: (facts) => check.judge(facts) }));

/** How much somebody may ask of us, and how he behaves. */
function conductChecks({ config, world, isTrusted, debts }: JudgesOptions, reputation: Reputation): Conduct {
  const { abuse: a, rates: r, relay: own } = config;
  const others = networks([...own.proxy_networks, ...own.xclient_networks]);
  const isExempt = (client: Client): boolean =>
    client.account !== undefined || isTrusted(client) || others.has(client.address);
  const abuse = new Abuse({
    debts: debts.abuse,
    world,
    isExempt,
    isUseful: usefulNetworks(reputation.memory, world),
    settings: {
      slowAt: a.slow_at,
      refuseAt: a.refuse_at,
      longestDelayMs: a.longest_delay,
      refuseForMs: a.refuse_for,
      forgiveEveryMs: a.forgive_every,
    },
  });
  const settings = {
    connectionsPerMinute: r.connections_per_minute,
    messagesPerMinute: r.messages_per_minute,
    recipientsPerMinute: r.recipients_per_minute,
    senderMessagesPerMinute: r.sender_messages_per_minute,
    recipientMessagesPerHour: r.recipient_messages_per_hour,
  };
  const classOf: Parameters<typeof rateChecks>[0]["classOf"] = (client) => {
    const standing = reputation.standingAt(networkIdentity(client), client);
    return standing instanceof Promise ? standing.then((found) => found.class) : standing.class;
  };
  const rates = rateChecks({ debts: debts.rates, isExempt, settings, classOf });
  return { abuse, rates };
}

function accountChecks({ config, world, accounts, countSent, onWarning }: JudgesOptions): readonly Check[] {
  const rightsOf = (account: string) => accounts.rightsOf(account);
  const separators = new Map<string, string>(
    config.domain.map(({ name, subaddress_separator }) => [name, subaddress_separator]),
  );
  return [
    ...senders({ rightsOf, separatorOf: (domain) => separators.get(domain) ?? "" }),
    singleFields,
    ...sendingLimits({ count: countSent, world, rightsOf, onWarning }),
  ];
}

const listSettings = ({ dns_list, dns_score }: Config): ConstructorParameters<typeof DnsLists>[0] => ({
  lists: dns_list.map(({ timeout: timeoutMs, ...list }) => ({ ...list, timeoutMs })),
  refuseAt: dns_score.refuse_at,
  markAt: dns_score.mark_at,
});

const greylistSettings = ({ greylist, authentication }: Config): Parameters<typeof greylistChecks>[0]["settings"] => ({
  for: greylist.for,
  delayMs: greylist.delay,
  retryWithinMs: greylist.retry_within,
  keepMs: greylist.keep,
  isSpfFinal: authentication.spf_fail === "refuse",
});

/** What nobody else may call himself. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
