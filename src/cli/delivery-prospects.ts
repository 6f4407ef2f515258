// What a delivery from here would do, for `check delivery`: the router, the dialler, the keys and the running server are asked.
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { World } from "../base/world.ts";
import type { DeliveryQuestion, Opened, Prospects, SigningRecord, Standing, Way } from "../check/delivery/question.ts";
import type { CheckLimits } from "../check/tools.ts";
import type { Config } from "../config/schema.ts";
import { Dialler } from "../deliver/dial.ts";
import { lmtpDestination } from "../deliver/lmtp.ts";
import { localFailure } from "../deliver/maildir.ts";
import type { DeliverSettings } from "../deliver/settings.ts";
import { smtpDestination } from "../deliver/smtp.ts";
import { type Connect, connectSocket } from "../deliver/smtp-socket.ts";
import type { Resolver } from "../dns/resolver.ts";
import { type Address, domainOf, isPostmaster } from "../mail/address.ts";
import type { Failure } from "../mail/failure.ts";
import type { Step } from "../mail/outcome.ts";
import { replyText } from "../mail/reply.ts";
import { indexDomains, resolveRecipient } from "../route/aliases.ts";
import { createRouter, type Router } from "../route/route.ts";
import { findRoute } from "../route/rules.ts";
import { Keyring } from "../signing/keyring.ts";
import { recordName, recordText } from "../signing/keys.ts";
import type { ClientTimeLimits } from "../smtp/client-limits.ts";
import type { Wire } from "../smtp/client-wire.ts";
import type { ControlClient } from "./control-client.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export interface ProspectParts {
  readonly config: Config;
  readonly hostname: string;
  readonly world: World;
  readonly resolver: Resolver;
  readonly control: Pick<ControlClient, "now" | "destinations" | "suppressions" | "list" | "counts" | "trace">;
  readonly delivery: Pick<DeliveryQuestion, "sender" | "recipient">;
  readonly limits: CheckLimits;
  /** Instead of sockets. */
  readonly connect?: Connect;
}

/** Throws, with words, when the password of a route cannot be read. */
export function deliveryProspects(parts: ProspectParts): Prospects {
  const { config, hostname, resolver, world } = parts;
  // it is not delivered to: the name is enough
  const router = createRouter({
    config,
    resolver,
    world,
    hostname,
    postmasterMaildir: `${config.data_dir}/postmaster`,
  });
  return {
    ways: () => waysOf(router, parts),
    open: (hop, target, signal) => {
      const { name, address, port } = target;
      const destination =
        hop.kind === "lmtp"
          ? lmtpDestination(hop)
          : smtpDestination({ ...hop, hosts: [{ name, addresses: [address], port }] });
      return open(destination, signal, parts);
    },
    maildir: whetherWritable,
    keys: (domain) => keysOf(domain, parts),
    standing: (ways) =>
      standingOf(ways, parts).catch((error: unknown) => {
        if (error instanceof CommandError) return { kind: "no-server", why: error.message };
        throw error;
      }),
  };
}

/** Addresses of one alias that are looked at. */
const mostWays = 5;

async function waysOf(router: Router, { config, hostname, delivery }: ProspectParts): Promise<Way[]> {
  const { sender, recipient } = delivery;
  const resolution = resolveRecipient(indexDomains(config, hostname), recipient);
  if (resolution.kind === "unknown") return [];
  const recipients = resolution.kind === "ours" ? resolution.deliverTo.slice(0, mostWays) : [recipient];
  return Promise.all(
    recipients.map(async (recipient) => {
      const routing = await router.route(recipient, sender);
      const isLocal = routing.kind === "hop" && routing.hop.kind !== "smtp";
      return { recipient, routing, isByRule: !isLocal && findRoute(config.route, recipient, sender) !== undefined };
    }),
  );
}

async function open(
  destination: Parameters<Dialler["dial"]>[0],
  signal: AbortSignal,
  { config, hostname, world, limits, connect = connectSocket }: ProspectParts,
): Promise<Opened> {
  const { source_address: sourceAddress, connect_timeout } = config.deliver;
  const heard: string[] = [];
  const steps: Step[] = [];
  const settings: DeliverSettings = {
    hostname,
    world,
    maxConnections: 1,
    maxConnectionsPerSite: 1,
    maxMessagesPerConnection: 1,
    idleTimeoutMs: 0,
    connectTimeoutMs: Math.min(connect_timeout, limits.connectMs),
    ...(sourceAddress !== undefined && { sourceAddress }),
    connect: async (options) => overheard(await connect(options), heard),
  };
  const dialled = await new Dialler(settings, timeLimits(limits)).dial(destination, { signal, steps });
  return { ...dialled, heard, steps };
}

const timeLimits = ({ replyMs }: CheckLimits): ClientTimeLimits => ({
  greeting: replyMs,
  hello: replyMs,
  starttls: replyMs,
  tlsHandshake: replyMs,
  auth: replyMs,
  mail: replyMs,
  rcpt: replyMs,
  data: replyMs,
  contentBlock: replyMs,
  content: replyMs,
  reset: replyMs,
  quit: Math.min(replyMs, 1_000),
});

/** Until the session is open; what is asked later is told by who asks. */
function overheard(wire: Wire, heard: string[]): Wire {
  const reply = wire.reply.bind(wire);
  return Object.assign(wire, {
    reply(stage: Parameters<Wire["reply"]>[0], timeoutMs: number) {
      const said = reply(stage, timeoutMs);
      if (stage === "greeting" || stage === "hello")
        void Promise.resolve(said).then(
          (one) => heard.push(`${stage}: ${replyText(one)}`),
          () => {},
        );
      return said;
    },
  } satisfies Partial<Wire>);
}

/** The Maildir, or the first folder above it that is there: it would be made in that one. */
async function whetherWritable(path: string): Promise<Failure | undefined> {
  try {
    await access(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const above = dirname(path);
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && above !== path) return whetherWritable(above);
    return localFailure(error);
  }
}

async function keysOf(domain: string, { config, world }: ProspectParts): Promise<SigningRecord[]> {
  await using keyring = await Keyring.open({ config, world, onFault: () => {} });
  const keys = keyring.keysFor(domain)?.keys ?? [];
  return keys.map((key) => ({
    name: recordName(key.selector, key.domain),
    type: "TXT",
    value: recordText(key),
    selector: key.selector,
    domain: key.domain,
  }));
}

/** Of one recipient that are read. */
const most = { deliveries: 100, messages: 20 } as const;

/** Rejects with a CommandError when no server can be asked. */
async function standingOf(ways: readonly Way[], { control, config, delivery }: ProspectParts): Promise<Standing> {
  const now = await control.now();
  const recipients = [...new Set([delivery.recipient, ...ways.map(({ recipient }) => recipient)])];
  const [sites, suppressions, waiting, history, counts] = await Promise.all([
    Promise.all(
      [...new Set(ways.flatMap(siteOf))].map(
        async (site) => (await statusOf(site, control)) ?? { site, state: "open" as const },
      ),
    ),
    Promise.all(recipients.map((address) => suppressionOf(address, { control, config, sender: delivery.sender }))),
    Promise.all(recipients.map((to) => control.list({ to, limit: most.deliveries }))),
    Promise.all(recipients.map((address) => control.trace({ address, limit: most.messages }))),
    unless(exitCodes.usage, control.counts({ domain: domainOf(delivery.recipient) })), // not of address literals
  ]);
  const isOurs = new Set<unknown>(recipients);
  return {
    kind: "known",
    now,
    sites,
    suppressions: suppressions.flat(),
    waiting: waiting.flat().map(({ message, ...rest }) => ({ ...rest, queueId: message.queueId })),
    waitingForDomain: counts === undefined ? 0 : Object.values(counts).reduce((sum, count) => sum + count, 0),
    history: history.flat().filter((event) => "to" in event && isOurs.has(event.to)),
  };
}

const siteOf = ({ routing }: Way): string[] =>
  routing.kind === "hop" && routing.hop.kind !== "maildir" ? [routing.hop.site] : [];

const statusOf = async (name: string, control: ProspectParts["control"]) =>
  (await unless(exitCodes.notFound, control.destinations({ name })))?.find(({ site }) => site === name);

interface Stopping extends Pick<ProspectParts, "control" | "config"> {
  readonly sender: Address;
}

/** What stops mail of this sender; some addresses are never stopped, whatever is known of them. */
async function suppressionOf(address: Address, { control, config, sender }: Stopping) {
  const { enabled, never } = config.suppression;
  const isOurs = config.domain.some(({ name }) => name === domainOf(address));
  const isSpared = isPostmaster(address) || isOurs || never.some((one) => one.toLowerCase() === address.toLowerCase());
  if (!enabled || isSpared) return [];
  const found = (await unless(exitCodes.usage, control.suppressions({ address }))) ?? [];
  return found
    .filter((one) => one.sender === "" || one.sender === sender.toLowerCase())
    .map(({ cause, because, until }) => ({ address, cause, because, until }));
}

/** Undefined: it ended so. */
async function unless<T>(code: number, answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof CommandError && error.exitCode === code) return undefined;
    throw error;
  });
}
