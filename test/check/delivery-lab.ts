// A lab for deliveries that are not made: a Waybill of ours whose mail would arrive at there.example without a flaw, in which
// one thing after the other can be broken. Names and addresses are a zone in memory, hosts stand on loopback.
import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { realWorld } from "../../src/base/world.ts";
import { checkDelivery, deliveryLimits } from "../../src/check/delivery/check-delivery.ts";
import type { DeliveryQuestion } from "../../src/check/delivery/question.ts";
import type { Connector } from "../../src/check/net/connector.ts";
import type { RawResolver } from "../../src/check/net/raw-dns.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import type { Fetched, Web } from "../../src/check/net/web.ts";
import type { Report } from "../../src/check/run.ts";
import { CommandError, exitCodes } from "../../src/cli/exit-codes.ts";
import { deliveryProspects, type ProspectParts } from "../../src/cli/delivery-prospects.ts";
import { schema } from "../../src/config/schema.ts";
import { connectSocket } from "../../src/deliver/smtp-socket.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { type Address, domainOf } from "../../src/mail/address.ts";
import { parseKey, recordText } from "../../src/signing/keys.ts";
import { SessionFailure } from "../../src/smtp/client-wire.ts";
import { deadResolver } from "../support/dead-resolver.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { startScriptServer } from "../support/script-server.ts";
import type { Script } from "../support/scripted-peer.ts";
import { authority, selfSigned } from "./certificates.ts";

export const ann = "ann@home.example" as Address;
export const bob = "bob@there.example" as Address;
export const host = "mx1.there.example";
const hostname = "mail.home.example";
const source = "198.51.100.5";

type Control = ProspectParts["control"];
type Settings = z.input<typeof schema>;

/** What differs from the perfect delivery. */
export interface BrokenIn {
  /** Zone lines that are added; a line that begins with one of `drop` is left out. */
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
  readonly script?: Script;
  readonly certificate?: "expired" | "self-signed";
  /** `none`: the hosts do not answer; `closed`: they refuse the connection; `first-closed`: only the first of them. */
  readonly server?: "none" | "closed" | "first-closed";
  /** Hosts that the MTA-STS policy names. */
  readonly policyMx?: string;
  readonly tlsa?: "fits" | "differs";
  readonly settings?: (dir: string, port: number) => Partial<Settings>;
  readonly control?: Partial<Control> | "down";
  readonly delivery?: Partial<DeliveryQuestion>;
  /** Our resolver fails so, whatever it is asked. */
  readonly dnsFails?: string;
  /** The private key is another one than the published. */
  readonly hasOtherKey?: true;
}

const makeKey = (): KeyObject => generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const keys = { published: pemOf(makeKey()), other: pemOf(makeKey()) };

const zoneLines = [
  `there.example MX 10 ${host}`,
  "there.example MX 20 mx2.there.example",
  `${host} A 192.0.2.10`,
  "mx2.there.example A 192.0.2.11",
  '_mta-sts.there.example TXT "v=STSv1; id=1"',
  `${hostname} A ${source}`,
  `${source} PTR ${hostname}`,
  `home.example TXT "v=spf1 ip4:${source} -all"`,
  `s1._domainkey.home.example TXT "${recordText(parseKey(Buffer.from(keys.published)))}"`,
  '_dmarc.home.example TXT "v=DMARC1; p=reject; rua=mailto:d@home.example"',
  "smart.example A 192.0.2.20",
];

/** As a good server answers. */
export const good =
  (changes: Readonly<Record<string, ReturnType<Script>>> = {}): Script =>
  (turn) => {
    if (turn in changes) return changes[turn];
    if (turn === "GREETING") return `220 ${host} ESMTP`;
    if (turn === "EHLO") return offers("STARTTLS", "8BITMIME", "SMTPUTF8", "SIZE 10000000");
    return turn === "STARTTLS" ? { kind: "start-tls" } : undefined;
  };

export const offers = (...extensions: readonly string[]): string =>
  [host, ...extensions].map((line, i) => `250${i < extensions.length ? "-" : " "}${line}`).join("\r\n");

/** A server that runs, and knows nothing yet. */
export const idle: Control = {
  now: async () => Date.now(),
  destinations: async () => {
    throw new CommandError(exitCodes.notFound, "nothing is known of it");
  },
  suppressions: async () => [],
  list: async () => [],
  counts: async () => ({ due: 0, deferred: 0, claimed: 0, held: 0 }),
  trace: async () => [],
};

const down = async (): Promise<never> => {
  throw new CommandError(exitCodes.unavailable, "No Waybill is running.");
};

export interface DeliveryLab extends AsyncDisposable {
  /** What would become of mail from ann to bob, broken as it says; and what the hosts were told. */
  check(broken: BrokenIn): Promise<{ readonly report: Report; readonly lines: readonly string[] }>;
}

export async function startDeliveryLab(): Promise<DeliveryLab> {
  const now = Date.now();
  const ours = await authority(now);
  const names = [host, "mx2.there.example", "smart.example"];
  const pems = {
    good: await ours.issue({ names }),
    expired: await ours.issue({ names, from: -100, to: -10 }),
    "self-signed": await selfSigned({ names }, now),
  };
  const dir = await mkdtemp(join(tmpdir(), "waybill-delivery-"));
  await writeFile(join(dir, "published.pem"), keys.published);
  await writeFile(join(dir, "other.pem"), keys.other);
  return {
    async check(broken) {
      const pem = pems[broken.certificate ?? "good"];
      await using server = await startScriptServer({ script: broken.script ?? good(), pem });
      const report = await checkWith(broken, { dir, pem, port: server.port, authority: ours.pem });
      return { report, lines: server.peer.lines };
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

interface Standing {
  readonly dir: string;
  readonly pem: string;
  readonly port: number;
  readonly authority: string;
}

function checkWith(broken: BrokenIn, standing: Standing): Promise<Report> {
  const { dir, port } = standing;
  const world = realWorld();
  const config = schema.parse({
    hostname,
    data_dir: dir,
    domain: [{ name: "home.example", deliver: `maildir:${dir}/{user}`, mailboxes: ["ann"] }],
    dkim: [
      { domain: "home.example", key_files: { s1: join(dir, broken.hasOtherKey ? "other.pem" : "published.pem") } },
    ],
    ...broken.settings?.(dir, port),
  } satisfies Settings);
  const { add = [], drop = [] } = broken;
  const kept = zoneLines.filter((line) => !drop.some((start) => line.startsWith(start)));
  const { dnsFails } = broken;
  const names = dnsFails === undefined ? fakeResolver(parseZone([...kept, ...add].join("\n"))) : deadResolver(dnsFails);
  const resolver = recordingResolver(names, world);
  const limits = { ...deliveryLimits, replyMs: 250, visitMs: 1_500, connectMs: 1_000 };
  const delivery: DeliveryQuestion = {
    sender: ann,
    recipient: bob,
    sizeBytes: 10_240,
    source: { addresses: [source], by: "hostname" },
    ...broken.delivery,
  };
  const control = controlOf(broken);
  const policy = `version: STSv1\nmode: enforce\nmx: ${broken.policyMx ?? "*.there.example"}\nmax_age: 604800\n`;
  return checkDelivery({
    world,
    resolver,
    raw: rawResolverOf(broken, standing.pem),
    connector: pretendingConnector(broken, standing),
    web: webWith(policy),
    dnsServers: ["192.0.2.53"],
    delivery,
    prospects: deliveryProspects({
      config,
      hostname,
      world,
      resolver,
      control,
      delivery,
      limits,
      connect: pretendingConnect(broken, port),
    }),
    question: {
      domain: domainOf(delivery.recipient),
      hello: hostname,
      port: 25,
      selectors: [],
      senders: [],
      lists: [],
      isPublic: () => true,
      limits,
    },
  });
}

/** It serves this to whoever asks. */
const webWith = (text: string): Web => {
  const fetched = async (): Promise<Fetched> => ({ kind: "answered", status: 200, contentType: "text/plain", text });
  return { get: fetched, post: fetched };
};

const controlOf = ({ control }: BrokenIn): Control =>
  control === "down"
    ? { now: down, destinations: down, suppressions: down, list: down, counts: down, trace: down }
    : { ...idle, ...control };

const isGone = ({ server }: BrokenIn, address: string): boolean =>
  server === "closed" || (server === "first-closed" && address === "192.0.2.10");

/** Each pretended address leads to the one server; a unix socket leads to itself. */
const pretendingConnect =
  (broken: BrokenIn, port: number): NonNullable<ProspectParts["connect"]> =>
  async (options) => {
    const { host, path } = options;
    const { address = host.name } = host;
    if (path !== undefined) return connectSocket(options);
    const fail = (problem: "timeout" | "refused"): never => {
      throw new SessionFailure({ kind: "unreachable", host, problem, text: problem });
    };
    if (broken.server === "none") fail("timeout");
    if (isGone(broken, address)) fail("refused");
    return connectSocket({ ...options, host: { ...host, address: "127.0.0.1", port } });
  };

function pretendingConnector(broken: BrokenIn, { port, authority }: Standing): Connector {
  const real = socketConnector({ authorities: [authority] });
  return {
    async connect(to, limit) {
      if (broken.server === "none" || isGone(broken, to.address))
        return { kind: "failed", problem: "refused", text: "refused" };
      return real.connect({ ...to, address: "127.0.0.1", port }, limit);
    },
  };
}

const rawResolverOf = ({ tlsa }: BrokenIn, pem: string): RawResolver => ({
  async ask(name, type) {
    if (type !== "TLSA" || tlsa === undefined) return { answer: { kind: "no-data" }, isAuthentic: false };
    const publicKey = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    const digest = createHash("sha256").update(publicKey).digest();
    const certificate = tlsa === "fits" ? digest : Buffer.alloc(32);
    const data = { usage: 3, selector: 1, matchingType: 1, certificate };
    return { answer: { kind: "found", records: [{ type, name, data }] }, isAuthentic: true };
  },
});
