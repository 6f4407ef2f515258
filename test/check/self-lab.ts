// An installation in perfect order, made of fakes, in which one thing after the other can be broken.
import { generateKeyPairSync } from "node:crypto";
import type { z } from "zod";
import { schema } from "../../src/config/schema.ts";
import type { Connector, ConnectProblem } from "../../src/check/net/connector.ts";
import type { RawRecord, RawResolver } from "../../src/check/net/raw-dns.ts";
import type { Report } from "../../src/check/run.ts";
import { checkSelf } from "../../src/check/self/check-self.ts";
import { checkQuickly } from "../../src/check/self/at-start.ts";
import type {
  AccountsSeen,
  Disk,
  ListeningSocket,
  Machine,
  OwnKey,
  QueueSeen,
  Seen,
  ServerSeen,
  StoreSeen,
  WaitingDelivery,
} from "../../src/check/self/ports.ts";
import type { SelfQuestion, SelfTools } from "../../src/check/self/question.ts";
import { checkLimits } from "../../src/check/tools.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { parseZone } from "../../src/dns/zone.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { authority, selfSigned } from "./certificates.ts";

export const now = Date.now();
export const hostname = "mx.shop.example";
const address = "192.0.2.10";
const dir = "/var/lib/waybill";
const uid = 106;
const pid = 4711;

type Settings = z.input<typeof schema>;

const lab = await authority(now);
const { privateKey } = generateKeyPairSync("ed25519");
const strangeKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** By the name of the file that has it: key and certificate in one. */
const pems: Readonly<Record<string, string>> = {
  "good.pem": await lab.issue({ names: [hostname] }),
  "expired.pem": await lab.issue({ names: [hostname], from: -100, to: -3 }),
  "soon.pem": await lab.issue({ names: [hostname], from: -85, to: 5 }),
  "other.pem": await lab.issue({ names: ["www.other.example"] }),
  "own.pem": await selfSigned({ names: [hostname] }, now),
  "unlinked.pem": await (await authority(now)).issue({ names: [hostname] }),
  "strange.key": strangeKey,
  "empty.pem": "",
};

const files: Readonly<Record<string, Seen>> = {
  [dir]: { kind: "folder", mode: 0o700, uid, changedAt: now - 5_000 },
  [`${dir}/queue.db`]: { kind: "file", mode: 0o600, uid, changedAt: now },
  "/etc/waybill": { kind: "folder", mode: 0o755, uid: 0, changedAt: now },
  "/etc/waybill/good.pem": { kind: "file", mode: 0o640, uid: 0, changedAt: now },
};

const settings = (own: Settings): Settings => ({
  hostname,
  data_dir: dir,
  listen: [{ address: "*:25" }, { address: "*:465", tls: "implicit", for: "submission" }],
  tls: { certificate: "/etc/waybill/good.pem", key: "/etc/waybill/good.pem" },
  domain: [{ name: "shop.example", deliver: "maildir:/var/mail/{user}" }],
  ...own,
});

const zoneLines = [
  `${hostname} A ${address}`,
  `${address} PTR ${hostname}`,
  `shop.example MX 10 ${hostname}`,
  "other.example MX 10 mx.other.example",
  "mx.other.example A 198.51.100.25",
  's1._domainkey.shop.example TXT "v=DKIM1; k=ed25519; p=AAAA"',
  "2.0.0.127.bl.example A 127.0.0.2",
];

/** Of the DNS server: whether it verifies, and what it says of names. */
export interface Dns {
  readonly verifies?: boolean;
  readonly takesBogus?: boolean;
  readonly rewrites?: boolean;
  readonly isSilent?: boolean;
  readonly tookMs?: number;
}

export interface BrokenParts {
  readonly settings?: Settings;
  readonly question?: Partial<SelfQuestion>;
  /** Zone lines that are added; those that begin with one of `drop` are left out. */
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
  readonly files?: Readonly<Record<string, Seen>>;
  readonly machine?: Partial<Machine>;
  readonly sockets?: readonly ListeningSocket[];
  readonly disk?: Partial<Disk>;
  readonly server?: ServerSeen;
  readonly queue?: Partial<QueueSeen>;
  readonly accounts?: AccountsSeen;
  readonly keys?: readonly OwnKey[];
  readonly store?: StoreSeen;
  readonly damage?: readonly string[];
  readonly dns?: readonly Dns[];
  /** How the mail server of others greets, or why it is not reached. */
  readonly greeting?: string;
  readonly now?: number;
}

export const running = (more: object = {}): ServerSeen => ({
  kind: "running",
  pid,
  version: "1.0.0",
  startedAt: now - 3_600_000,
  now,
  listening: ["[::]:25", "[::]:465"],
  ...more,
});

export const waiting = (more: Partial<WaitingDelivery>): WaitingDelivery => ({
  deliveryId: 1,
  from: "",
  domain: "slow.example",
  state: "deferred",
  receivedAt: now - 60_000,
  dueAt: now + 60_000,
  ...more,
});

export const socket = (port: number, more: Partial<ListeningSocket> = {}): ListeningSocket => ({
  address: "::",
  port,
  user: "user 106",
  program: "node waybill",
  pid,
  ...more,
});

export const stored = (more: object = {}): StoreSeen => ({
  kind: "there",
  place: dir,
  version: 6,
  known: 6,
  waiting: 0,
  forgotten: 0,
  lost: [],
  aside: [],
  faults: [],
  ...more,
});

export const own: OwnKey = {
  domain: "shop.example",
  selector: "s1",
  signs: true,
  record: { value: "v=DKIM1; k=ed25519; p=AAAA" },
};

const gigabyte = 1_024 ** 3;

function machineOf(broken: BrokenParts): Machine {
  const seen = { ...files, ...broken.files };
  return {
    platform: "linux",
    nodeVersion: "24.0.0",
    userId: 0,
    addresses: ["127.0.0.1", "::1", address],
    authorities: () => [lab.pem],
    memory: { totalBytes: 4 * gigabyte, availableBytes: 3 * gigabyte },
    look: async (path) => seen[path] ?? { kind: "absent" },
    read: async (path) => {
      const pem = pems[path.slice(path.lastIndexOf("/") + 1)];
      return pem === undefined ? undefined : Buffer.from(pem);
    },
    list: async (folder) =>
      Object.keys(seen).flatMap((path) => (path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : [])),
    mayWrite: async () => true,
    userName: (one) => (one === 0 ? "root" : `user ${one}`),
    disk: async () => ({
      freeBytes: 50 * gigabyte,
      totalBytes: 100 * gigabyte,
      freeInodes: 1_000_000,
      totalInodes: 2_000_000,
      kind: "disk",
      ...broken.disk,
    }),
    syncs: async (_folder, count) => Array.from({ length: count }, (_, i) => 1 + i / 10),
    listeners: async () => broken.sockets ?? [socket(25), socket(465)],
    lowestPort: async () => 1,
    firstLine: async (to) => ({ kind: "line", text: "path" in to ? "VERSION\t1\t2" : "220 mail LMTP" }),
    openFiles: async () => 65_536,
    clock: async () => "kept",
    ...broken.machine,
  };
}

function rawOf(dns: Dns, pass: (ms: number) => void): RawResolver {
  const { verifies = true, takesBogus = !verifies, rewrites = false, isSilent = false, tookMs = 4 } = dns;
  const record: RawRecord = { type: "A", name: "any.example", data: "203.0.113.9" };
  return {
    async ask(name) {
      pass(tookMs);
      if (isSilent) return { answer: { kind: "timeout" }, isAuthentic: false };
      if (name === "org") return { answer: { kind: "found", records: [record] }, isAuthentic: verifies };
      const isFound = name === "absent.test" ? rewrites : takesBogus;
      if (isFound) return { answer: { kind: "found", records: [record] }, isAuthentic: false };
      const answer = name === "absent.test" ? "no-such-domain" : "server-failure";
      return {
        answer: answer === "no-such-domain" ? { kind: answer } : { kind: answer, text: "SERVFAIL" },
        isAuthentic: false,
      };
    },
  };
}

/** Counts what it was asked for, so that a test can see that strangers are left alone. */
export const visited: string[] = [];

const greets = ({ greeting = "220 mx.other.example ESMTP" }: BrokenParts): Connector => ({
  async connect(place) {
    visited.push(place.host);
    if (!/^\d/.test(greeting))
      return { kind: "failed", problem: greeting as ConnectProblem, text: `connect ${greeting}` };
    const lines = [greeting];
    return {
      kind: "open",
      line: {
        place,
        read: async () => {
          const text = lines.shift();
          return text === undefined
            ? { kind: "ended", because: "closed", text: "closed", unread: "" }
            : { kind: "line", text };
        },
        write: (text) => void visited.push(text),
        secure: async () => ({ kind: "failed", problem: "closed", code: "", text: "" }),
        close: () => {},
      },
    };
  },
});

function toolsFor(broken: BrokenParts): SelfTools {
  let time = broken.now ?? now;
  const world = { now: () => time, sleep: () => new Promise<void>(() => {}), random: () => 0 };
  const kept = zoneLines.filter((line) => !broken.drop?.some((start) => line.startsWith(start)));
  const resolver = recordingResolver(fakeResolver(parseZone([...kept, ...(broken.add ?? [])].join("\n"))), world);
  const { dns = [{}] } = broken;
  const servers = dns.map((one, i) => [`192.0.2.${53 + i}`, rawOf(one, (ms) => (time += ms))] as const);
  const seen = broken.server ?? running();
  const counts = { due: 0, deferred: 0, claimed: 0, held: 0 };
  return {
    world,
    resolver,
    raw: servers[0]![1],
    resolvers: Object.fromEntries(servers),
    connector: greets(broken),
    web: { get: never, post: never },
    dnsServers: servers.map(([name]) => name),
    machine: machineOf(broken),
    server: {
      look: async () => seen,
      queue: async () => ({ counts, nextDueAt: undefined, oldest: [], destinations: [], ...broken.queue }),
    },
    own: {
      accounts: async () => broken.accounts ?? { kind: "there", count: 2 },
      keys: async () => broken.keys ?? [own],
      store: async () => broken.store ?? stored(),
      verifyStore: async () => broken.damage ?? [],
    },
    question: {
      config: schema.parse(settings(broken.settings ?? {})),
      configFile: "/etc/waybill/waybill.toml",
      hostname,
      version: "1.0.0",
      probes: ["other.example"],
      absentName: "absent.test",
      isPublic: (one) => !/^(?:10|127)\./.test(one),
      limits: checkLimits,
      ...broken.question,
    },
  };
}

const never = (): never => {
  throw new Error("nothing is fetched here");
};

export const lookAt = (broken: BrokenParts): Promise<Report> => checkSelf(toolsFor(broken));
export const lookQuickly = (broken: BrokenParts): Promise<Report> => checkQuickly(toolsFor(broken));
