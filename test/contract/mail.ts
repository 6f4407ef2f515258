// Messages, events and shorthands that the contract suites share.
import type { Event } from "../../src/journal/event.ts";
import type { HistoryStore } from "../../src/journal/history.ts";
import type { Address } from "../../src/mail/address.ts";
import type { Recipient } from "../../src/mail/envelope.ts";
import type { Failure } from "../../src/mail/failure.ts";
import type { Message, QueueId } from "../../src/mail/message.ts";
import type { Body, ClaimRequest, NewMessage, QueueStore, Settlement } from "../../src/queue/store.ts";

export type Store = QueueStore & HistoryStore;

/** What a driver brings to the suites. */
export interface Driver {
  readonly name: string;
  /** An empty store. */
  readonly open: () => Promise<Store>;
}

export const ann = "ann@sender.example" as Address;
export const bob = "bob@one.example" as Address;
export const cleo = "cleo@one.example" as Address;
export const dan = "dan@two.example" as Address;

export const refusedForNow: Failure = {
  kind: "refused",
  host: { name: "mx.one.example" },
  stage: "rcpt",
  reply: { code: 451, enhanced: "4.7.1", lines: ["greylisted"] },
};

export const queueId = (n: number): QueueId => `q${String(n).padStart(5, "0")}` as QueueId;

export interface MailOptions {
  readonly to?: readonly Address[];
  readonly recipients?: readonly Recipient[];
  readonly from?: Message["reversePath"];
  readonly body?: Body | Uint8Array;
  readonly events?: readonly Event[];
  readonly message?: Partial<Message>;
}

/** Message n, received (and due) at instant n. */
export function mail(n: number, options: MailOptions = {}): NewMessage {
  const { to = [bob], from = ann, body = Buffer.from(`message ${n}`), events = [] } = options;
  const recipients = options.recipients ?? to.map((address) => ({ address }));
  const sizeBytes = body instanceof Uint8Array ? body.length : body.sizeBytes;
  const facts = { bodyType: "8bitmime", smtpUtf8: false, eightBit: false } as const;
  const message = { queueId: queueId(n), receivedAt: n, reversePath: from, ...facts, sizeBytes, ...options.message };
  return { message, body, recipients, expiresAt: n + 432_000_000, events };
}

export const claimAll = { by: "worker", now: 1_000_000, leaseMs: 60_000, limit: 100, exceptDomains: [] } as const;

export const claim = (store: QueueStore, request: Partial<ClaimRequest> = {}) =>
  store.claim({ ...claimAll, ...request });

export const done = (deliveryId: number, by = "worker"): Settlement => ({ deliveryId, by, next: { kind: "done" } });

type Deferral = Settlement["next"] & { kind: "deferred" };

export const deferred = (deliveryId: number, next: Partial<Deferral> & { by?: string } = {}): Settlement => {
  const { by = "worker", ...rest } = next;
  const usual = { dueAt: 2_000_000, because: refusedForNow, delayNoticeSent: false, attempted: true };
  return { deliveryId, by, next: { kind: "deferred", ...usual, ...rest } };
};

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export const readBody = async (store: QueueStore, id: QueueId): Promise<Buffer> => bytesOf(await store.read(id));

const pieceBytes = 10_000;

/** A body written in pieces. */
export async function compose(store: QueueStore, content: Uint8Array, top?: Uint8Array): Promise<Body> {
  const writer = store.compose();
  for (let at = 0; at < content.length; at += pieceBytes) await writer.write(content.subarray(at, at + pieceBytes));
  return writer.finish(top);
}

/** Bytes that differ everywhere, so that a lost or doubled block is seen. */
export function content(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) bytes[i] = 32 + ((i * 7 + (i >> 12) * 13) % 90);
  return bytes;
}

export const delivered = (n: number, to: Address, at = n): Event => ({
  kind: "delivered",
  at,
  queueId: queueId(n),
  to,
  host: { name: "mx.one.example" },
  reply: { code: 250, lines: ["taken"] },
  attempt: 1,
  steps: [],
});

export const received = (
  n: number,
  to: readonly Address[],
  options: { from?: Address; messageId?: string } = {},
): Event => ({
  kind: "received",
  at: n,
  queueId: queueId(n),
  from: options.from ?? ann,
  to,
  client: { address: "192.0.2.1", port: 40_000, protocol: "ESMTP" },
  sizeBytes: 100,
  ...(options.messageId !== undefined && { messageId: options.messageId }),
});

export const refusal = (at: number, to: Address, from: Address = ann): Event => ({
  kind: "refused",
  at,
  client: { address: "192.0.2.1", port: 40_000, protocol: "ESMTP" },
  stage: "rcpt",
  from,
  to,
  reply: { code: 550, enhanced: "5.1.1", lines: ["no such user"] },
});
