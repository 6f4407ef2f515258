// Small bodies of messages kept a moment ago: most are delivered at once, and then need no second trip to the store.
import { bytesIn, type Parts } from "../base/parts.ts";
import type { QueueId } from "../mail/message.ts";

export class RecentBodies {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Oldest first. */
  readonly #bodies = new Map<QueueId, Parts>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(queueId: QueueId): Parts | undefined {
    return this.#bodies.get(queueId);
  }

  add(queueId: QueueId, body: Parts): void {
    this.#bodies.set(queueId, body);
    this.#bytes += bytesIn(body);
    for (const [oldest] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes) return;
      this.forget(oldest);
    }
  }

  forget(queueId: QueueId): void {
    this.#bytes -= bytesIn(this.#bodies.get(queueId) ?? []);
    this.#bodies.delete(queueId);
  }
}
