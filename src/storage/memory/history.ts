// The history of the memory driver: a list of events.
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import type { HistoryQuery } from "../../journal/history.ts";
import { keyOf, keysOf } from "../event-keys.ts";

export class MemoryHistory {
  #events: Event[] = [];
  /** Of messages, by queue id: until their last event goes. */
  readonly #keys = new Map<string, Set<string>>();

  record(events: readonly Event[]): void {
    for (const event of events) {
      this.#events.push(event);
      const queueId = queueIdOf(event);
      if (queueId === undefined) continue;
      const keys = this.#keys.get(queueId) ?? new Set();
      for (const key of keysOf(event)) keys.add(key);
      this.#keys.set(queueId, keys);
    }
  }

  find(query: HistoryQuery, messages: number): Event[] {
    const stories = this.#stories();
    if ("queueId" in query) return stories.filter(([first]) => queueIdOf(first!) === query.queueId).flat();
    const key = keyOf(query);
    return stories
      .filter(([first]) => this.#hasKey(first!, key))
      .sort(([a], [b]) => a!.at - b!.at)
      .slice(-messages)
      .flat();
  }

  #hasKey(event: Event, key: string): boolean {
    const queueId = queueIdOf(event);
    return queueId === undefined ? keysOf(event).includes(key) : this.#keys.get(queueId)!.has(key);
  }

  /** Events of one message are a story; a refusal, of no message, is a story of its own. */
  #stories(): Event[][] {
    return [...Map.groupBy(this.#events, (event) => queueIdOf(event) ?? event).values()];
  }

  /** `isQueued`: by queue id. */
  prune(before: Instant, limit: number, isQueued: (queueId: string) => boolean): number {
    const old = (event: Event): boolean => event.at < before && !isQueued(queueIdOf(event) ?? "");
    const oldest = this.#events.filter(old).sort((a, b) => a.at - b.at);
    const forgotten = new Set(oldest.slice(0, limit));
    this.#events = this.#events.filter((event) => !forgotten.has(event));
    const left = new Set(this.#events.map(queueIdOf));
    for (const queueId of this.#keys.keys()) if (!left.has(queueId)) this.#keys.delete(queueId);
    return forgotten.size;
  }
}

const queueIdOf = (event: Event): string | undefined => (event.kind === "refused" ? undefined : event.queueId);
