// Small bodies of messages kept a moment ago: most are delivered at once, and then need no second trip to the store.
import type { QueueId } from "../mail/message.ts";

export class RecentBodies {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Oldest first. */
  readonly #bodies = new Map<QueueId, Uint8Array>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(queueId: QueueId): Uint8Array | undefined {
    return this.#bodies.get(queueId);
  }

  add(queueId: QueueId, body: Uint8Array): void {
    this.#bodies.set(queueId, body);
    this.#bytes += body.length;
    for (const [oldest] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(oldest);
    }
  }

  forget(queueId: QueueId): void {
    this.#bytes -= this.#bodies.get(queueId)?.length ?? 0;
    this.#bodies.delete(queueId);
  }
}
