// A listener of the web server: whom it lets in, how long they may take, and what the site is told of them.
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { Hono } from "hono";
import { createServer as createHttpServer, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { canonicalAddress, type Networks } from "../base/networks.ts";
import type { World } from "../base/world.ts";
import type { Log } from "../journal/log.ts";
import type { Admission } from "../receive/admission.ts";
import type { Certificates } from "./certificates.ts";
import type { WebLimits } from "./limits.ts";
import { words } from "./refusals.ts";
import { type ListenerKind, type Visit, visitOf, type WebEnvironment } from "./visit.ts";

/** What all listeners share. */
export interface Shared {
  readonly world: Pick<World, "now">;
  readonly logger: Log["logger"];
  readonly limits: WebLimits;
  readonly site: Hono<WebEnvironment>;
  readonly proxies: Networks;
  /** For strangers. */
  readonly admission: Admission;
  /** Of each listener. */
  readonly maxConnections: number;
  readonly certificates: Certificates | undefined;
}

/** Not listening yet. */
export function createListener(listener: ListenerKind, shared: Shared): Server {
  const { limits, certificates, logger, maxConnections } = shared;
  const serverOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.lookEveryMs,
  };
  const fetch = (request: Request, { incoming }: HttpBindings): Promise<Response> =>
    answer(request, incoming, { listener, shared });
  const common = {
    fetch: fetch as (request: Request, env: unknown) => Promise<Response>,
    overrideGlobalObjects: false,
  };
  const server =
    listener === "https" && certificates !== undefined
      ? createAdaptorServer({
          ...common,
          createServer: createHttpsServer,
          serverOptions: {
            ...serverOptions,
            ...certificates.usual(),
            handshakeTimeout: limits.handshakeMs,
            SNICallback: (name: string, done: (error: null, context?: SecureContext) => void) =>
              done(null, certificates.contextFor(name)),
          },
        })
      : createAdaptorServer({ ...common, createServer: createHttpServer, serverOptions });
  const web = server as Server;
  web.maxConnections = maxConnections;
  web.maxRequestsPerSocket = limits.requestsPerConnection;
  web.on("connection", (socket) => admit(socket, shared));
  web.on("request", (request, response) => limitAnswer(request.socket, response, limits));
  web.on("tlsClientError", (error: Error, socket: Socket) => {
    logger.debug({ client: socket.remoteAddress }, `TLS failed with a visitor of the web server: ${error.message}`);
    socket.destroy();
  });
  return web;
}

/** One connection too many is closed without a word; a proxy has many clients. */
function admit(socket: Socket, { admission, proxies, logger }: Shared): void {
  const address = canonicalAddress(socket.remoteAddress ?? "");
  if (address === undefined) return void socket.destroy();
  if (proxies.has(address)) return;
  if (admission.enter(address) === undefined) return void socket.once("close", () => admission.leave(address));
  logger.debug({ client: address }, `the web server turned ${address} away: too many connections`);
  socket.destroy();
}

/** Who asks and takes no answer would keep its place for ever. */
function limitAnswer(socket: Socket, response: ServerResponse, { answerMs }: WebLimits): void {
  const impatience = setTimeout(() => socket.destroy(), answerMs).unref();
  response.once("close", () => clearTimeout(impatience));
}

interface Asked {
  readonly listener: ListenerKind;
  readonly shared: Shared;
}

async function answer(
  request: Request,
  incoming: HttpBindings["incoming"],
  { listener, shared }: Asked,
): Promise<Response> {
  const { site, proxies, logger, world } = shared;
  const startedAt = world.now();
  if (hostCount(incoming) > 1) return new Response(`${words.manyHosts}\n`, { status: 400 });
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  const visit: Visit = visitOf(
    {
      address: incoming.socket.remoteAddress,
      listener,
      forwardedFor: header("x-forwarded-for"),
      forwardedProto: header("x-forwarded-proto"),
    },
    proxies,
  );
  const response = await site.fetch(request, { visit });
  if (logger.isLevelEnabled("debug")) {
    const { host, pathname } = new URL(request.url); // without the query: there are addresses of people in it
    const facts = { client: visit.address, status: response.status, tookMs: world.now() - startedAt };
    logger.debug(facts, `${visit.address} asked for ${request.method} ${host}${pathname}: ${response.status}`);
  }
  return response;
}

/** RFC 9112 §3.2: with two names, a web server in front of us may have meant the other. */
const hostCount = ({ rawHeaders }: HttpBindings["incoming"]): number =>
  rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host").length;
