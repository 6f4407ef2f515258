// The commands' side of the control API: finds the running server's socket and asks over it.
import { request } from "node:http";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import type { Status } from "../api/control.ts";
import type { Instant } from "../base/world.ts";
import { loadConfig } from "../config/load.ts";
import { formatProblems } from "../config/problem.ts";
import type { Config } from "../config/schema.ts";
import type { DestinationStatus } from "../deliver/pacing/status.ts";
import type { Event } from "../journal/event.ts";
import type { DeferralStatus } from "../judge/greylist/desk.ts";
import type { SenderStatus } from "../judge/reputation/desk.ts";
import type { Suppression } from "../judge/suppression/suppression-store.ts";
import type { Reply } from "../mail/reply.ts";
import type { Identity } from "../mail/verdict.ts";
import type { DeliveryState, QueueAction, QueuedDelivery } from "../queue/store.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

/** As the person typed it; the server checks it. */
export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

interface Submission {
  readonly reply: Reply;
  /** Absent: it was refused. */
  readonly queueId?: string;
}

export interface MessageDetail {
  readonly deliveries: readonly QueuedDelivery[];
  /** The header section, lines end in CRLF. */
  readonly head: string;
}

export type DestinationAction = "suspend" | "resume" | "drain";

interface DestinationOrder {
  readonly name: string;
  readonly action: DestinationAction;
  readonly because?: string;
}

export interface SenderOrder {
  readonly name: string;
  readonly action: "pin" | "forget";
  /** Of a pin; without it, the pin is taken away. */
  readonly as?: "good" | "bad";
  readonly because?: string;
}

interface SuppressionOrder {
  readonly action: "add" | "lift";
  readonly address: string;
  readonly sender?: string;
  readonly because?: string;
}

/** Each rejects with a CommandError in words. */
export interface ControlClient {
  status(): Promise<Status>;
  /** The server's clock; the lab's runs fast. */
  now(): Promise<Instant>;
  list(query: Query): Promise<QueuedDelivery[]>;
  counts(filter: Query): Promise<Record<DeliveryState, number>>;
  /** When the next delivery falls due; absent: nothing waits. */
  next(): Promise<{ dueAt?: Instant }>;
  show(queueId: string): Promise<MessageDetail>;
  change(filter: Query, action: QueueAction): Promise<{ changed: number }>;
  trace(query: Query): Promise<Event[]>;
  /** `query`: a name, or nothing for all. */
  destinations(query: Query): Promise<DestinationStatus[]>;
  steer(order: DestinationOrder): Promise<{ site: string; action: DestinationAction; due: number }>;
  /** `query`: a name, or a class and a limit. */
  senders(query: Query): Promise<SenderStatus[]>;
  judge(order: SenderOrder): Promise<{ identities: Identity[] }>;
  deferrals(query: Query): Promise<DeferralStatus[]>;
  allow(what: string): Promise<{ allowed: DeferralStatus[] }>;
  /** `query`: an address, ended, and a limit. */
  suppressions(query: Query): Promise<Suppression[]>;
  suppress(order: SuppressionOrder): Promise<{ suppressions: Suppression[] }>;
  /** `query`: from, to, and what the sender asks for. */
  submit(query: Query, content: Uint8Array): Promise<Submission>;
}

/** The settings, or a CommandError with all that is wrong in them. */
export async function readConfig(configFile: string | undefined): Promise<Config> {
  const loaded = await loadConfig(configFile);
  if (loaded.kind === "bad") throw new CommandError(exitCodes.badConfig, formatProblems(loaded.problems));
  return loaded.config;
}

/** `dataDir` as the config has it; `starter`: the command to name, `codeWhenDown`: how to end, when no server runs. */
export function controlClient(
  dataDir: string,
  starter: string,
  codeWhenDown: number = exitCodes.unavailable,
): ControlClient {
  const server = { dataDir, starter, codeWhenDown };
  const ask = async <T>(path: string, query: Query = {}): Promise<T> => fetchJson(server, { path, query });
  const post = async <T>(path: string, content: Uint8Array, query: Query = {}): Promise<T> =>
    fetchJson(server, { path, query, content });
  return {
    status: () => ask("/status"),
    now: async () => (await ask<Status>("/status")).now,
    list: (query) => ask("/queue", query),
    counts: (filter) => ask("/queue/counts", filter),
    next: () => ask("/queue/next"),
    show: (queueId) => ask(`/queue/${encodeURIComponent(queueId)}`),
    change: (filter, action) => post("/queue/actions", Buffer.from(JSON.stringify({ filter, action }))),
    trace: (query) => ask("/trace", query),
    destinations: (query) => ask("/destinations", query),
    steer: (order) => post("/destinations/actions", Buffer.from(JSON.stringify(order))),
    senders: (query) => ask("/senders", query),
    judge: (order) => post("/senders/actions", Buffer.from(JSON.stringify(order))),
    deferrals: (query) => ask("/greylist", query),
    allow: (what) => post("/greylist/actions", Buffer.from(JSON.stringify({ what }))),
    suppressions: (query) => ask("/suppressions", query),
    suppress: (order) => post("/suppressions/actions", Buffer.from(JSON.stringify(order))),
    submit: (query, content) => post("/messages", content, query),
  };
}

interface Server {
  readonly dataDir: string;
  readonly starter: string;
  readonly codeWhenDown: number;
}

interface Asked {
  readonly path: string;
  readonly query: Query;
  /** With it, the request is a POST. */
  readonly content?: Uint8Array;
}

async function fetchJson<T>(server: Server, { path, query, content }: Asked): Promise<T> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    for (const one of [value].flat()) if (one !== undefined) search.append(key, String(one));
  const socketPath = join(server.dataDir, "control.sock");
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const asked = { socketPath, path: `${path}?${search.toString()}`, method: content === undefined ? "GET" : "POST" };
  const sent = request({ ...asked, agent: false }, (response) => {
    textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
  });
  sent.on("error", reject);
  sent.end(content);
  const { status, text } = await promise.catch((error: NodeJS.ErrnoException) => {
    throw noAnswer(error, server, socketPath);
  });
  const answer = parseJson(text);
  if (status < 300 || "reply" in answer) return answer as T; // a refused message has an answer too: the reply
  const { error = `the server answered ${status}` } = answer as { error?: string };
  throw new CommandError(codeOf[status] ?? exitCodes.bug, error);
}

const codeOf: Readonly<Record<number, number>> = {
  400: exitCodes.usage,
  404: exitCodes.notFound,
  422: exitCodes.badData,
};

function parseJson(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new CommandError(exitCodes.bug, "what answers on the control socket is no Waybill of this version");
  }
}

function noAnswer(
  { code, message }: NodeJS.ErrnoException,
  { dataDir, starter, codeWhenDown }: Server,
  socketPath: string,
): CommandError {
  if (code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTDIR")
    return new CommandError(
      codeWhenDown,
      `No Waybill is running for ${dataDir} (no control socket at ${socketPath}). Start one with: ${starter}`,
    );
  if (code === "EACCES" || code === "EPERM")
    return new CommandError(
      exitCodes.noPermission,
      `You may not open the control socket ${socketPath}. Run this as the user that runs Waybill.`,
    );
  return new CommandError(
    exitCodes.tryAgain,
    `The Waybill at ${socketPath} broke off (${message}). Try again; look at its log if that does not help.`,
  );
}
