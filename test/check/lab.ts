// A lab for the doctor: a mail domain in perfect order, in which one thing after the other can be broken. Its records are a
// zone in memory, its servers stand on loopback behind pretended addresses.
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server as HttpsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { realWorld } from "../../src/base/world.ts";
import { checkDomain } from "../../src/check/domain/check-domain.ts";
import type { DomainQuestion } from "../../src/check/domain/question.ts";
import type { Connector } from "../../src/check/net/connector.ts";
import type { RawRecord, RawResolver } from "../../src/check/net/raw-dns.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import type { Report } from "../../src/check/run.ts";
import { checkLimits } from "../../src/check/tools.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { lookUp, parseZone, type Zone } from "../../src/dns/zone.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { startScriptServer } from "../support/script-server.ts";
import type { Script } from "../support/scripted-peer.ts";
import { type Authority, authority, selfSigned } from "./certificates.ts";

export const domain = "shop.example";
const host = `mx.${domain}`;
const address = "192.0.2.10";

/** Foreign to the domain; our own name. */
const hello = "doctor.test";

export const rsaKey = (modulusLength: number): string => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength });
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
};

export const certificates = ["good", "expired", "soon", "future", "other-name", "self-signed", "unlinked"] as const;
export type CertificateName = (typeof certificates)[number];

/** What differs from the perfect domain. */
export interface Broken {
  /** Zone lines that are added, `@` stands for the domain. */
  readonly add?: readonly string[];
  /** Zone lines that begin so are left out; `@` stands for the domain. */
  readonly drop?: readonly string[];
  readonly script?: Script;
  /** Of some addresses only. */
  readonly scripts?: Readonly<Record<string, Script>>;
  readonly certificate?: CertificateName;
  /** Names that the good certificate is for, too. */
  readonly names?: readonly string[];
  /** `old`: TLS 1.1 and before; `none`: the pretended addresses answer nothing; `closed`: they refuse. */
  readonly server?: "usual" | "old" | "none" | "closed";
  /** Of some addresses only. */
  readonly unreachable?: Readonly<Record<string, "none" | "closed">>;
  readonly policy?: {
    readonly status?: number;
    readonly location?: string;
    readonly text?: string;
    readonly contentType?: string;
  };
  /** TLSA data by name; `fits` and `differs` stand for the right and a wrong one, `rollover` for both. */
  readonly tlsa?: "fits" | "differs" | "usage-1" | "rollover";
  /** The TLSA records, and the root. */
  readonly isSigned?: boolean;
  /** The domain's MX records. */
  readonly isMxSigned?: boolean;
  /** The resolver does not look at DNSSEC. */
  readonly isResolverSimple?: true;
  /** What verifies DNSSEC finds it wrong. */
  readonly isBogus?: true;
  /** By name; `lame`: it does not have the zone. Text: its MX records. */
  readonly nameServers?: Readonly<Record<string, "good" | "lame" | "silent" | { readonly mx: string }>>;
  /** The web server's authority is unknown. */
  readonly isWebStrange?: true;
  readonly question?: Partial<DomainQuestion>;
}

export const key2048 = rsaKey(2_048);

const perfect = (line: string): string => line.replaceAll("@", domain);

const zoneLines = [
  `@ MX 10 ${host}`,
  `@ A 192.0.2.80`,
  `${host} A ${address}`,
  `${address} PTR ${host}`,
  `@ TXT "v=spf1 ip4:${address} -all"`,
  `s1._domainkey.@ TXT "v=DKIM1; k=rsa; p=${key2048}"`,
  `_dmarc.@ TXT "v=DMARC1; p=reject; rua=mailto:dmarc\u0000@"`,
  `_mta-sts.@ TXT "v=STSv1; id=20260101"`,
  `mta-sts.@ A 127.0.0.1`,
  `_smtp._tls.@ TXT "v=TLSRPTv1; rua=mailto:tls\u0000@"`,
];

/** `@` is the domain at the start of names; in addresses it is itself: there it stands behind NUL. */
const written = (line: string): string => perfect(line).replaceAll("\u0000", "@");

const goodPolicy = `version: STSv1\r\nmode: enforce\r\nmx: ${host}\r\nmax_age: 604800\r\n`;

export interface Lab extends AsyncDisposable {
  /** Checks the domain, broken as it says. */
  check(broken: Broken): Promise<Report>;
}

export async function startLab(): Promise<Lab> {
  const now = Date.now();
  const ours = await authority(now);
  const pems = await makeCertificates(ours, now);
  let policy: NonNullable<Broken["policy"]> = {};
  const web = await startWeb(await ours.issue({ names: [`mta-sts.${domain}`] }), () => policy);
  return {
    async check(broken) {
      policy = broken.policy ?? {};
      const { server = "usual", certificate = "good" } = broken;
      const { names } = broken;
      const pem = names === undefined ? pems[certificate] : await ours.issue({ names: [host, ...names] });
      const old = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      await using smtp = await startScriptServer({
        script: broken.script ?? usualScript(),
        pem,
        ...(server === "old" && { tls: old }),
      });
      await using others = await startOthers(broken.scripts ?? {}, pem);
      const { unreachable = {} } = broken;
      const connector = pretending(socketConnector({ authorities: [ours.pem] }), (address) =>
        server === "none" || server === "closed"
          ? server
          : (unreachable[address] ?? others.ports[address] ?? smtp.port),
      );
      const zone = zoneOf(broken);
      const resolver = recordingResolver(fakeResolver(zone), realWorld());
      const raw = rawResolverOf(zone, broken, pem);
      const fetching = httpsWeb({ resolver, port: web.port, authorities: broken.isWebStrange ? [] : [ours.pem] });
      const servers = { nameServer: nameServerOf(broken), dnsServers: ["192.0.2.53"] };
      const tools = { world: realWorld(), resolver, raw, connector, web: fetching, ...servers };
      return await checkDomain({ ...tools, question: { ...question, ...broken.question } });
    },
    async [Symbol.asyncDispose]() {
      web.server.closeAllConnections();
      web.server.close();
      await once(web.server, "close");
    },
  };
}

async function startOthers(
  scripts: NonNullable<Broken["scripts"]>,
  pem: string,
): Promise<AsyncDisposable & { readonly ports: Readonly<Record<string, number>> }> {
  await using stack = new AsyncDisposableStack();
  const ports: Record<string, number> = {};
  for (const [address, script] of Object.entries(scripts))
    ports[address] = stack.use(await startScriptServer({ script, pem })).port;
  const moved = stack.move();
  return { ports, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

const question: DomainQuestion = {
  domain,
  hello,
  port: 25,
  selectors: ["s1"],
  senders: [address],
  lists: [],
  isPublic: (one) => !/^(?:0|10|127)\./.test(one),
  limits: { ...checkLimits, replyMs: 700, visitMs: 2_500 },
};

const zoneOf = ({ add = [], drop = [], nameServers = {} }: Broken): Zone => {
  const dropped = drop.map(perfect);
  const kept = zoneLines.map(written).filter((line) => !dropped.some((start) => line.startsWith(start)));
  const servers = Object.keys(nameServers).map((name, i) => `${name} A 192.0.2.${200 + i}`);
  return parseZone([...kept, ...servers, ...add.map(written)].join("\n"), new WildZone());
};

/** With wildcards, RFC 4592. */
class WildZone extends Map<string, NonNullable<ReturnType<Zone["get"]>>> {
  override get(name: string): ReturnType<Zone["get"]> {
    const own = super.get(name);
    if (own !== undefined || name.startsWith("*.")) return own;
    return [...this.keys()].some((other) => other.endsWith(`.${name}`))
      ? undefined
      : super.get(name.replace(/^.*?\.(?=shop|_domainkey)/, "*."));
  }
}

/** The first has 192.0.2.200, and so on. */
const nameServerOf =
  ({ nameServers = {} }: Broken) =>
  (address: string): RawResolver => ({
    async ask(name, type) {
      const state = Object.values(nameServers)[Number(address.split(".")[3]) - 200] ?? "silent";
      if (state === "silent") return { answer: { kind: "timeout" }, isAuthentic: false };
      if (state === "lame") return { answer: { kind: "no-data" }, isAuthentic: false, isAuthority: false };
      const exchange = state === "good" ? host : state.mx;
      const records: RawRecord[] =
        type === "MX"
          ? [{ type, name, data: { preference: 10, exchange } }]
          : [{ type: "SOA", name, data: { serial: 1 } }];
      return { answer: { kind: "found", records }, isAuthentic: false, isAuthority: true };
    },
  });

/** As a good server answers; strangers to strangers it refuses. */
export const usualScript =
  (changes: Readonly<Record<string, ReturnType<Script>>> = {}): Script =>
  (turn, line) => {
    if (turn in changes) return changes[turn];
    if (turn === "GREETING") return `220 ${host} ESMTP`;
    if (turn === "EHLO") return `250-${host}\r\n250-STARTTLS\r\n250 SIZE 10000000`;
    if (turn === "STARTTLS") return { kind: "start-tls" };
    if (turn !== "RCPT") return undefined;
    return changes[line.toLowerCase()] ?? (line.includes(`@${domain}`) ? undefined : "550 5.7.1 relaying denied");
  };

/** Each pretended address leads to the one server. */
const pretending = (real: Connector, whereIs: (address: string) => number | "none" | "closed"): Connector => ({
  async connect(to, limit) {
    const where = whereIs(to.address);
    if (where === "none") return { kind: "failed", problem: "timeout", text: "no answer" };
    if (where === "closed") return { kind: "failed", problem: "refused", text: "connect ECONNREFUSED" };
    const connected = await real.connect({ ...to, address: "127.0.0.1", port: where }, limit);
    return connected;
  },
});

function rawResolverOf(zone: Zone, broken: Broken, pem: string): RawResolver {
  const { isSigned = true, isMxSigned = true, isBogus, isResolverSimple, nameServers = {} } = broken;
  return {
    async ask(name, type, how) {
      const found = (isAuthentic: boolean, records: readonly RawRecord[]) => ({
        answer: { kind: "found", records } as const,
        isAuthentic: isAuthentic && isResolverSimple === undefined,
      });
      if (type === "TLSA" && broken.tlsa !== undefined) return found(isSigned, tlsaRecords(name, broken.tlsa, pem));
      if (name === "." && type === "NS") return found(true, [{ type, name, data: "a.root.example" }]);
      if (name === domain && type === "NS")
        return found(
          true,
          Object.keys(nameServers).map((data) => ({ type, name, data })),
        );
      if (isBogus && how === "unchecked") return found(false, []);
      const { kind, records } = lookUp(zone, name, type);
      if (kind === "SERVFAIL") return { answer: { kind: "server-failure", text: "SERVFAIL" }, isAuthentic: false };
      if (kind === "SILENT") return { answer: { kind: "timeout" }, isAuthentic: false };
      if (records.length === 0) return { answer: { kind: "no-data" }, isAuthentic: false };
      return found(isMxSigned && type === "MX", records.map(rawRecord));
    },
  };
}

const rawRecord = ({ type, owner, text, preference }: ReturnType<typeof lookUp>["records"][number]): RawRecord =>
  (type === "MX"
    ? { type, name: owner, data: { preference, exchange: text } }
    : { type, name: owner, data: text }) as RawRecord;

function tlsaRecords(name: string, tlsa: NonNullable<Broken["tlsa"]>, pem: string): RawRecord[] {
  const publicKey = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  const right = createHash("sha256").update(publicKey).digest();
  const digests = {
    fits: [right],
    "usage-1": [right],
    differs: [Buffer.alloc(32)],
    rollover: [Buffer.alloc(32), right],
  };
  return digests[tlsa].map((certificate) => ({
    type: "TLSA",
    name,
    data: { usage: tlsa === "usage-1" ? 1 : 3, selector: 1, matchingType: 1, certificate },
  }));
}

async function makeCertificates(ours: Authority, now: number): Promise<Record<CertificateName, string>> {
  const names = [host];
  const stranger = await authority(now);
  return {
    good: await ours.issue({ names }),
    expired: await ours.issue({ names, from: -100, to: -10 }),
    soon: await ours.issue({ names, from: -85, to: 5 }),
    future: await ours.issue({ names, from: 2, to: 90 }),
    "other-name": await ours.issue({ names: ["www.other.example"] }),
    "self-signed": await selfSigned({ names }, now),
    unlinked: await stranger.issue({ names }),
  };
}

/** Serves the policy of MTA-STS. */
async function startWeb(
  pem: string,
  policy: () => NonNullable<Broken["policy"]>,
): Promise<{ readonly server: HttpsServer; readonly port: number }> {
  const options: ServerOptions = { key: pem, cert: pem };
  const server = createServer(options, (_request, response) => {
    const { status = 200, location, text = goodPolicy, contentType = "text/plain" } = policy();
    response.writeHead(status, { "content-type": contentType, ...(location !== undefined && { location }) });
    response.end(text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}
