// The port of the queue: what the journey needs from a store, and what each driver promises.
// Drivers live in storage/ and pass test/contract/queue-store.contract.ts.
import type { Instant } from "../base/world.ts";
import type { Event } from "../journal/event.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/failure.ts";
import type { Message, QueueId } from "../mail/message.ts";

/** A message body on its way in: in memory while small, in a file from `largeBytes` on. */
export interface BodyWriter {
  /** Appends; the bytes are the writer's from now on. A promise means: the disk is behind, wait before writing more. May reject (disk full). */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /**
   * No more bytes follow. `top` stands in front of all that was written: header fields that say what was found in it. May
   * reject (disk full, more than `bodyTopBytes`); then the body is gone.
   */
  finish(top?: Uint8Array): Promise<Body>;
  /** Forgets the bytes, at any time before `keep`. Never rejects. */
  discard(): Promise<void>;
}

/** Most that may be put on top of a body: far more than our own header fields are. */
export const bodyTopBytes = 64 * 1024;

/** A finished body. Only the store that made it can keep it. */
export interface Body {
  readonly sizeBytes: number;
  /** The first bytes, up to 64 KiB: enough to read the header section. */
  readonly head: Uint8Array;
  /** At least one byte is above 127. RFC 6152. */
  readonly eightBit: boolean;
}

export interface NewMessage {
  readonly message: Message;
  /** A Uint8Array for what we write ourselves (notices). */
  readonly body: Body | Uint8Array;
  /** One delivery each, due at once. */
  readonly recipients: readonly Recipient[];
  readonly expiresAt: Instant;
  /** Written in the same transaction. */
  readonly events: readonly Event[];
}

/** One recipient's work item. */
export interface Delivery {
  readonly deliveryId: number;
  readonly message: Message;
  readonly recipient: Recipient;
  /** Finished attempts. */
  readonly attempts: number;
  readonly expiresAt: Instant;
  readonly lastFailure?: Failure;
  /** The one delay notice was sent, or is not wanted any more. */
  readonly delayNoticeSent: boolean;
  /** The operator asked for a bounce instead of an attempt. */
  readonly bounceOrdered: boolean;
}

/** The right to attempt deliveries, and to say how it ended; after `until` another worker may have them. */
export interface Lease {
  /** Name of the worker; a new one at each start of the process. */
  readonly by: string;
  readonly until: Instant;
}

export interface ClaimRequest {
  /** Name of the worker. */
  readonly by: string;
  readonly now: Instant;
  readonly leaseMs: number;
  /** At most this many deliveries. */
  readonly limit: number;
  /** Recipient domains that have as much work in hand as they may. */
  readonly exceptDomains: readonly string[];
}

export interface Settlement {
  readonly deliveryId: number;
  /** Who settles: `deferred` is ignored unless this worker still has the lease; `done` always counts. */
  readonly by: string;
  readonly next:
    | { readonly kind: "done" }
    | {
        readonly kind: "deferred";
        readonly dueAt: Instant;
        readonly because: Failure;
        readonly delayNoticeSent: boolean;
        /** False when the attempt was never made (shutdown): attempts stay as they were. */
        readonly attempted: boolean;
        /** No attempt either, but `because` is the last failure from now on, and the delivery `deferred`. */
        readonly postponed?: true;
      };
}

export interface QueueFilter {
  readonly queueId?: QueueId;
  readonly from?: ReversePath;
  readonly to?: Address;
  /** Recipient domain. */
  readonly domain?: string;
  readonly state?: DeliveryState;
}

/** `due` is waiting for its time (or for a worker), `claimed` is being delivered. */
export type DeliveryState = "due" | "deferred" | "claimed" | "held";

/** What `queue` lists. */
export interface QueuedDelivery extends Delivery {
  readonly state: DeliveryState;
  readonly dueAt: Instant;
}

/** retry: due now; hold/release; drop: forget without a notice; bounce: give up now, with a notice. */
export type QueueAction = "retry" | "hold" | "release" | "drop" | "bounce";

/** What a node needs that takes mail and delivers it. */
export interface WorkStore {
  /** A place to write a body to as it arrives. */
  compose(): BodyWriter;

  /**
   * Keeps a message and its deliveries. Once resolved, they survive kill -9 and power loss: from here the message is
   * ours (RFC 5321 §6.1). Rejects with StoreFull when there is no room; then nothing was kept. With a lease they are
   * that worker's at once, as if claimed: what is delivered within a moment costs no second trip to the store.
   */
  keep(message: NewMessage, lease?: Lease): Promise<Delivery[]>;

  /**
   * Due deliveries, whole messages together; never to two workers at once while a lease lasts. Lanes (a sender's domain
   * to a recipient's domain) take turns, so that none waits behind another's backlog; within one, the oldest due first.
   */
  claim(request: ClaimRequest): Promise<Delivery[]>;

  /**
   * All of it or nothing: states, events, notices. A message whose last delivery is done is removed with its body.
   * Of deliveries that are gone (dropped while they were attempted) no event is written, and no notice if all are gone.
   */
  settle(settlements: readonly Settlement[], events: readonly Event[], notices: readonly NewMessage[]): Promise<void>;

  /** The body as it was written, in chunks of bounded size. Rejects when there is no such message. */
  read(queueId: QueueId): Promise<AsyncIterable<Uint8Array>>;

  /** When the next unclaimed, unheld delivery or lease end falls due; undefined: nothing waits. */
  nextDueAt(): Promise<Instant | undefined>;
}

export interface QueueStore extends WorkStore, AsyncDisposable {
  /** Deliveries in order of arrival, `limit` at most, from after `after` on (a deliveryId). */
  list(filter: QueueFilter, limit: number, after?: number): Promise<QueuedDelivery[]>;

  /** Counts by state, of all that the filter names. */
  count(filter: QueueFilter): Promise<Record<DeliveryState, number>>;

  /** Applies an operator's action to all that the filter names, with an event for each; answers how many changed. */
  change(filter: QueueFilter, action: QueueAction, now: Instant): Promise<number>;

  /** At start-up: leases of workers other than `by` end, leftover bodies of unkept messages go. Answers how many leases ended. */
  recover(by: string): Promise<number>;
}

/** No room on the disk (or over the memory driver's limit): 452 4.3.1. */
export class StoreFull extends Error {
  override readonly name = "StoreFull";
}

/** What was asked for is not in the store. */
export class NotKept extends Error {
  override readonly name = "NotKept";
}
