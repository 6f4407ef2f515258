// The control API: how the commands on this machine look into the running server and steer it.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Instant, World } from "../base/world.ts";
import type { HistoryStore } from "../journal/history.ts";
import { isInternational } from "../mail/address.ts";
import type { Client } from "../mail/client.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { QueueId } from "../mail/message.ts";
import { type Reply, isPositive, isTransient } from "../mail/reply.ts";
import { type QueueAction, type QueueFilter, type QueueStore, NotKept } from "../queue/store.ts";
import { type DestinationPorts, destinationRoutes } from "./destinations.ts";
import { BadContent, crlfLines } from "./line-ends.ts";
import { type SenderPorts, senderRoutes } from "./senders.ts";
import { type SuppressionPorts, suppressionRoutes } from "./suppressions.ts";
import { actionBody, check, countQuery, listQuery, type Submission, submitQuery, traceQuery } from "./requests.ts";

export interface Status {
  readonly hostname: string;
  /** Of the program. */
  readonly version: string;
  readonly pid: number;
  readonly startedAt: Instant;
  /** The server's clock. */
  readonly now: Instant;
  /** "127.0.0.1:2525" */
  readonly listening: readonly string[];
  /** SMTP sessions open now. */
  readonly sessions: number;
}

export interface ControlPorts extends DestinationPorts {
  readonly queue: QueueStore;
  readonly history: HistoryStore;
  readonly world: World;
  status(): Status;
  /**
   * Takes a message as the end of DATA does: size limit, judge, keep. The last word of a positive reply is the queue id.
   * Rejects, and keeps nothing, when `content` rejects: the program that wrote it gave up.
   */
  submit(envelope: Envelope, client: Client, content: AsyncIterable<Uint8Array>): Promise<Reply>;
  /** The operator acted: something may be due now. */
  acted(action: QueueAction, filter: QueueFilter, changed: number): void;
  /** What is remembered of senders. */
  readonly remembered?: SenderPorts;
  /** Absent: suppression is off. */
  readonly suppressions?: SuppressionPorts;
}

/** Who submits through the socket. */
const local: Client = { address: "127.0.0.1", port: 0, protocol: "LOCAL" };

/** Routes, all JSON; faults of the request answer 4xx with `{ error }`, a sentence. */
export function createControlApi(ports: ControlPorts): Hono {
  const app = new Hono();
  app.get("/status", (c) => c.json(ports.status()));
  queueRoutes(app, ports);
  destinationRoutes(app, ports);
  if (ports.remembered !== undefined) senderRoutes(app, ports.remembered);
  suppressionRoutes(app, ports.suppressions);
  app.get("/trace", async (c) => {
    const { limit, ...query } = check(traceQuery, c.req.query());
    return c.json(await ports.history.find(query, limit));
  });
  app.post("/messages", async (c) => {
    const query = check(submitQuery, { ...c.req.query(), to: c.req.queries("to") ?? [] });
    const answer = await ports.submit(envelopeOf(query), local, crlfLines(c.req.raw.body ?? nothing()));
    return c.json({ reply: answer, ...(isPositive(answer) && { queueId: lastWord(answer) }) }, httpStatus(answer));
  });
  app.notFound((c) => c.json({ error: `there is no ${c.req.method} ${c.req.path} here` }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    if (error instanceof BadContent) return c.json({ error: error.message }, 422);
    if (error instanceof NotKept) return c.json({ error: error.message }, 404);
    return c.json({ error: `a fault of the server: ${error.message}` }, 500);
  });
  return app;
}

function queueRoutes(app: Hono, ports: ControlPorts): void {
  const { queue } = ports;
  app.get("/queue", async (c) => {
    const { limit, after, ...filter } = check(listQuery, c.req.query());
    return c.json(await queue.list(filter, limit, after));
  });
  app.get("/queue/counts", async (c) => c.json(await queue.count(check(countQuery, c.req.query()))));
  app.get("/queue/next", async (c) => c.json({ dueAt: await queue.nextDueAt() }));
  app.post("/queue/actions", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { filter, action } = check(actionBody, body);
    const changed = await queue.change(filter, action, ports.world.now());
    ports.acted(action, filter, changed);
    return c.json({ changed });
  });
  app.get("/queue/:id", async (c) => {
    const queueId = c.req.param("id") as QueueId;
    const deliveries = await queue.list({ queueId }, mostShown);
    if (deliveries.length === 0) throw new NotKept(`${queueId} is not in the queue`);
    return c.json({ deliveries, head: await readHead(await queue.read(queueId)) });
  });
}

/** Deliveries of one message that are shown; more are a mailing list's. */
const mostShown = 1_000;

/** A header section longer than this is cut. */
const headBytes = 64 * 1024;

/** The header section as text, without the empty line. */
async function readHead(content: AsyncIterable<Uint8Array>): Promise<string> {
  let head = "";
  for await (const bytes of content) {
    head += Buffer.from(bytes).toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end >= 0 || head.length >= headBytes) {
      head = head.slice(0, end >= 0 ? end : headBytes);
      break;
    }
  }
  return Buffer.from(head, "latin1").toString("utf8");
}

function envelopeOf({ from, to, smtpUtf8, notify, ret, envid }: Submission): Envelope {
  return {
    reversePath: from,
    bodyType: "8bitmime",
    smtpUtf8: smtpUtf8 === "true" || [from, ...to].some(isInternational),
    ...(ret !== undefined && { ret }),
    ...(envid !== undefined && { envid }),
    recipients: to.map((address) => ({ address, ...(notify !== undefined && { notify }) })),
  };
}

const lastWord = ({ lines }: Reply): string | undefined => lines.at(-1)?.split(" ").at(-1);

const httpStatus = (answer: Reply) => (isPositive(answer) ? 201 : isTransient(answer) ? 503 : 422);

async function* nothing(): AsyncGenerator<Uint8Array> {}
