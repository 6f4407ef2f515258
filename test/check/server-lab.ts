// A lab for `check server`: mail.shop.example, with a server on each usual port, all in order, in which one thing after the
// other can be broken. Its servers stand on loopback behind pretended addresses and ports.
import { realWorld } from "../../src/base/world.ts";
import type { Connector, ConnectProblem, Line } from "../../src/check/net/connector.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import type { Report } from "../../src/check/run.ts";
import { checkServer } from "../../src/check/server/check-server.ts";
import { protocolOfPort, type ServerPlace, securityOfPort } from "../../src/check/server/place.ts";
import type { ServerQuestion } from "../../src/check/server/question.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { appSession, type AppServing } from "./app-server.ts";
import { type Authority, authority, selfSigned } from "./certificates.ts";
import { startLineServer } from "./line-server.ts";

export const host = "mail.shop.example";
const v4 = "192.0.2.25";
export const v6 = "2001:db8::25";

export type Certificate =
  | "good"
  | "expired"
  | "soon"
  | "future"
  | "other-name"
  | "self-signed"
  | "unlinked"
  | "scanner";

/** Who is behind a port. */
export interface Listening extends Partial<AppServing> {
  readonly certificate?: Certificate;
  /** TLS 1.1 and before. */
  readonly isOld?: true;
}

/** What differs from a server in order. */
export interface Broken {
  readonly ask: Pick<ServerPlace, "port"> & Partial<ServerPlace>;
  /** Instead of what is usual there. */
  readonly ports?: Readonly<Record<number, Listening | ConnectProblem>>;
  /** All ports of these addresses. */
  readonly addresses?: Readonly<Record<string, ConnectProblem>>;
  /** Zone text; `host A` and `host AAAA` unless told. */
  readonly zone?: string;
  readonly question?: Partial<ServerQuestion>;
  /** Of the machine that checks. */
  readonly now?: number;
  /** Before the first words of a server. */
  readonly slowMs?: number;
}

export interface ServerLab {
  check(broken: Broken): Promise<Report>;
}

const usualZone = `${host} A ${v4}`;

/** A greeting takes no longer in a lab, nor an answer. */
const limits = { connectMs: 1_000, greetingMs: 600, replyMs: 1_000, totalMs: 20_000 };

export async function serverLab(): Promise<ServerLab> {
  const now = Date.now();
  const ours = await authority(now);
  const pems = await makeCertificates(ours, now);
  return {
    async check({ ask, ports = {}, addresses = {}, zone = usualZone, question, now: pretended, slowMs = 0 }) {
      let offsetMs = pretended === undefined ? 0 : pretended - Date.now();
      const world = { ...realWorld(), now: () => Date.now() + offsetMs };
      await using servers = new AsyncDisposableStack();
      const connector: Connector = {
        async connect(to, limit) {
          const way = addresses[to.address] ?? ports[to.port] ?? {};
          const isMail = protocolOfPort(to.port) !== undefined || to.port in ports;
          const problem = typeof way === "string" ? way : isMail ? undefined : "refused";
          if (problem !== undefined) return { kind: "failed", problem, text: texts[problem] };
          const listening = way as Listening;
          const server = servers.use(await startLineServer(servingOf(to.port, listening, pems)));
          const connected = await socketConnector({ authorities: [ours.pem] }).connect(
            { ...to, address: "127.0.0.1", port: server.port },
            limit,
          );
          if (connected.kind === "failed") return connected;
          return { kind: "open", line: slowly(connected.line, () => (offsetMs += slowMs)) };
        },
      };
      const resolver = recordingResolver(fakeResolver(zone), world);
      const place = { protocol: protocolOfPort(ask.port) ?? "imap", security: securityOfPort(ask.port), host, ...ask };
      return await checkServer({
        world,
        resolver,
        connector,
        raw: { ask: async () => ({ answer: { kind: "no-data" }, isAuthentic: false }) },
        web: httpsWeb({ resolver }),
        dnsServers: ["192.0.2.53"],
        question: { place, hello: "doctor.test", isUnprovenFine: false, limits, ...question },
      });
    },
  };
}

const texts: Readonly<Record<ConnectProblem, string>> = {
  refused: "connect ECONNREFUSED",
  timeout: "no answer in 4000 ms",
  "no-route": "connect ENETUNREACH",
  reset: "read ECONNRESET",
  other: "something else",
};

const oldTls = { maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" } as const;

function servingOf(port: number, listening: Listening, pems: Readonly<Record<Certificate, string>>) {
  const protocol = protocolOfPort(port) ?? "imap";
  const speaks = protocol === "submission" ? "smtp" : protocol;
  const serving: AppServing = { speaks, security: securityOfPort(port), ...listening };
  return {
    session: () => appSession(serving),
    pem: pems[listening.certificate ?? "good"],
    isImplicit: serving.security === "tls",
    ...(listening.isOld && { tls: oldTls }),
  };
}

/** The first words of it take their time, by the lab's clock. */
function slowly(line: Line, wait: () => void): Line {
  let isFirst = true;
  return {
    place: line.place,
    read: (timeoutMs) => {
      if (isFirst) wait();
      isFirst = false;
      return line.read(timeoutMs);
    },
    write: (text) => line.write(text),
    secure: (how) => line.secure(how),
    close: () => line.close(),
  };
}

async function makeCertificates(ours: Authority, now: number): Promise<Record<Certificate, string>> {
  const names = [host];
  const stranger = await authority(now);
  const scanner = await authority(now, "Avast Mail Scanner Root");
  return {
    good: await ours.issue({ names }),
    expired: await ours.issue({ names, from: -100, to: -10 }),
    soon: await ours.issue({ names, from: -85, to: 5 }),
    future: await ours.issue({ names, from: 2, to: 90 }),
    "other-name": await ours.issue({ names: ["server12.hoster.example"] }),
    "self-signed": await selfSigned({ names }, now),
    unlinked: await stranger.issue({ names }),
    scanner: await scanner.issue({ names }),
  };
}
