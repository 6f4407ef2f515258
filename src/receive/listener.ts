// A listening socket: accepts clients, within limits, and sees that none stays longer than it may.
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { canonicalAddress, type Networks } from "../base/networks.ts";
import type { Client } from "../mail/client.ts";
import { formatReply, type Reply } from "../mail/reply.ts";
import type { Session } from "../smtp/effect.ts";
import type { Admission } from "./admission.ts";
import { Connection } from "./connection.ts";
import { HandshakeError, readEndpoint, secure, tlsFactsOf, type Endpoint } from "./handshake.ts";
import type { ReceiveEvent, ReceiveStage } from "./stage.ts";
import type { Happening } from "./visits.ts";
import { handshakeLimitMs, lookEveryMs, ownTimes, type ReceiveTimes } from "./time-limits.ts";

export interface ListenOptions {
  /** Host `::` is all addresses of both families. */
  readonly address: { readonly host: string; readonly port: number };
  /** Other threads of this process listen there, too: the system spreads the connections. Linux. */
  readonly isShared?: boolean;
  readonly tls:
    | { readonly mode: "none" }
    | {
        readonly mode: "starttls" | "implicit";
        /** Asked for each session: it may be another one by then. */
        readonly certificate: { readonly secureContext: SecureContext };
      };
  /** Connections from these must begin with a PROXY header. */
  readonly proxies: Networks;
  /** Shared by all listeners. */
  readonly admission: Admission;
  readonly times: ReceiveTimes;
  readonly newSession: (client: Client) => Session;
  readonly onEvent: (event: ReceiveEvent) => void;
  /** Of listeners for mail apps. */
  readonly onVisit?: (client: Client, happening: Happening) => void;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Sessions now. */
  sessions(): number;
  /** Accepts no more; 421 to who is between commands; messages on their way may finish within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** The address cannot be listened on; the message says why and what to do. */
class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Begins to accept clients. Rejects with a ListenError when the address cannot be had. */
export async function listen(options: ListenOptions, stage: ReceiveStage): Promise<Listener> {
  /** Without a connection: in a handshake before the session, or refused. */
  const sockets = new Map<Socket, Connection | undefined>();
  const connections = (): Connection[] => [...sockets.values()].filter((connection) => connection !== undefined);
  const { onEvent, times } = options;

  const accept = (socket: Socket): void => {
    sockets.set(socket, undefined);
    socket.on("error", ignore).on("close", () => sockets.delete(socket)); // each error is followed by a close
    const peer = endpointOf(socket);
    if (peer === undefined) return;
    const enter = (connection: Connection | undefined): void => {
      if (sockets.has(socket)) sockets.set(socket, connection);
    };
    const fail = (error: unknown): void => {
      socket.destroy();
      onEvent({ kind: "trouble", text: error instanceof Error ? error.message : String(error), address: peer.address });
    };
    try {
      const welcomed = welcome({ socket, peer, options, stage });
      if (welcomed instanceof Promise) welcomed.then(enter).catch(fail);
      else enter(welcomed);
    } catch (error) {
      fail(error);
    }
  };

  // half-open: a client that has sent all and ended its side still gets the replies
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  const { address, port } = await bind(server, options.address, options.isShared ?? false);
  server.on("error", (error) => onEvent({ kind: "trouble", text: `cannot accept a connection: ${error.message}` }));
  const timer = setInterval(() => {
    const now = performance.now();
    for (const connection of sockets.values()) connection?.checkTime(now);
  }, lookEveryMs(times));

  return {
    address,
    port,
    sessions: () => connections().length,
    async close(graceMs) {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const [socket, connection] of sockets) {
        if (connection) connection.shutDown();
        else socket.destroy();
      }
      const end = setTimeout(() => {
        for (const connection of connections()) connection.abort();
      }, graceMs);
      await closed;
      clearTimeout(end);
      clearInterval(timer);
    },
  };
}

const ignore = (): void => {};

/** Connections that the system holds until we take them; it has a limit of its own (net.core.somaxconn). */
const backlog = 4_096;

interface Arrival {
  readonly socket: Socket;
  readonly peer: Endpoint;
  readonly options: ListenOptions;
  readonly stage: ReceiveStage;
}

type Welcomed = Connection | undefined;

/** From a fresh socket to a session, at once if no handshake comes before it; undefined: the client was refused or has left. */
const welcome = (arrival: Arrival): Welcomed | Promise<Welcomed> =>
  arrival.options.proxies.has(arrival.peer.address) ? welcomeProxied(arrival) : admit(arrival);

async function welcomeProxied(arrival: Arrival): Promise<Welcomed> {
  const { socket, peer, options } = arrival;
  const proxied = await readEndpoint(socket, handshakeLimitMs(options.times));
  return socket.destroyed ? undefined : admit({ ...arrival, peer: proxied ?? peer });
}

function admit({ socket, peer, options, stage }: Arrival): Welcomed | Promise<Welcomed> {
  const { tls, times, onEvent, onVisit, admission } = options;
  const { address, port } = peer;
  const client: Client = { address, port, protocol: "SMTP" };
  const refusal = admission.enter(address);
  if (refusal) {
    onEvent({ kind: "refused", stage: "connect", reply: refusal, client });
    turnAway(socket, tls.mode === "implicit" ? undefined : refusal);
    return undefined;
  }
  socket.on("close", () => admission.leave(address));
  onVisit?.(client, { kind: "connected", port: socket.localPort ?? 0, security: tls.mode });
  const secureContext = tls.mode === "none" ? undefined : tls.certificate.secureContext;
  const open = (wire: Socket, client: Client): Connection =>
    new Connection({
      stage,
      times,
      onEvent,
      secureContext,
      socket: wire,
      session: options.newSession(client),
      ...(onVisit && { onVisit }),
    });
  if (tls.mode !== "implicit") return open(socket, client);
  return secure(socket, tls.certificate.secureContext, handshakeLimitMs(times)).then(
    (wire) => {
      if (wire.destroyed) return undefined;
      const facts = tlsFactsOf(wire);
      onVisit?.(client, { kind: "secured", version: facts.version });
      return open(wire, { ...client, tls: facts });
    },
    (error: unknown) => {
      if (error instanceof HandshakeError) onVisit?.(client, { kind: "not-secured", fault: error.fault });
      throw error;
    },
  );
}

/** Words, unless the client waits for a TLS handshake: that would cost more than the session we refuse. */
function turnAway(socket: Socket, refusal: Reply | undefined): void {
  if (!refusal) return void socket.destroy();
  const timer = setTimeout(() => socket.destroy(), ownTimes.lingerMs);
  socket.once("close", () => clearTimeout(timer));
  socket.end(formatReply(refusal));
  socket.resume();
}

/** Undefined when the client is gone already. */
function endpointOf(socket: Socket): Endpoint | undefined {
  const address = canonicalAddress(socket.remoteAddress ?? "");
  return address === undefined ? void socket.destroy() : { address, port: socket.remotePort ?? 0 };
}

/** Rejects when a program listens there: to share an address would hide that. The first thread asks, before it binds. */
export async function checkFree(address: ListenOptions["address"]): Promise<void> {
  const server = createServer();
  await bind(server, address, false);
  await new Promise((resolve) => server.close(resolve));
}

function bind(server: Server, { host, port }: ListenOptions["address"], reusePort: boolean): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    server.once("error", fail);
    // without a host, Node takes both families, or IPv4 alone on a machine without IPv6
    server.listen({ port, backlog, reusePort, ...(host !== "::" && { host }) }, () => {
      server.off("error", fail);
      resolve(server.address() as AddressInfo);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const remedies: Record<string, string> = {
    EADDRINUSE:
      "another program listens there; stop it (is a second mail server running?) or choose another port in [[listen]]",
    EACCES:
      "the server's user may not; ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or choose a port above 1023 in [[listen]]",
    EADDRNOTAVAIL: "this machine has no such address; choose one of its own, or `*`, in [[listen]]",
  };
  const remedy = remedies[error.code ?? ""] ?? `${error.message}; check the address in [[listen]]`;
  const where = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new ListenError(`cannot listen on ${where}: ${remedy}`, { cause: error });
}
