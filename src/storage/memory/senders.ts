// What is remembered of senders, of the memory driver.
import type { Instant } from "../../base/world.ts";
import { idText, isAlive, isKeptForEver, merged, pinned } from "../../judge/sender-record.ts";
import {
  type Fading,
  type Pin,
  pruneSlice,
  type SenderChange,
  type SenderId,
  type SenderKind,
  senderKinds,
  type SenderPage,
  type SenderRecord,
  type SenderStore,
} from "../../judge/sender-store.ts";

export class MemorySenders implements SenderStore {
  readonly #records = new Map<string, SenderRecord>();

  async recallSenders(ids: readonly SenderId[], now: Instant): Promise<SenderRecord[]> {
    return ids.flatMap((id) => this.#records.get(idText(id)) ?? []).filter((record) => isAlive(record, now));
  }

  async learnSenders(changes: readonly SenderChange[], fading: Fading): Promise<void> {
    for (const change of changes) {
      const key = idText(change);
      this.#records.set(key, merged(this.#records.get(key), change, fading));
    }
  }

  async pinSender(id: SenderId, pin: Pin | undefined, { now }: Fading): Promise<void> {
    const key = idText(id);
    const record = pinned(this.#records.get(key), { id, pin, now });
    if (record === undefined) this.#records.delete(key);
    else this.#records.set(key, record);
  }

  async forgetSender(id: SenderId): Promise<boolean> {
    return this.#records.delete(idText(id));
  }

  async pageSenders(kind: SenderKind, { now, limit, after = "" }: SenderPage): Promise<SenderRecord[]> {
    const alive = this.#of(kind).filter((record) => record.key > after && isAlive(record, now));
    return alive.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  async pruneSenders(now: Instant, most: Readonly<Record<SenderKind, number>>): Promise<number> {
    const gone = senderKinds.flatMap((kind) => {
      const mortal = this.#of(kind).filter((record) => !isKeptForEver(record));
      const soonest = mortal.sort((a, b) => a.expiresAt - b.expiresAt);
      const beyond = soonest.length - most[kind];
      return soonest.filter((record, i) => i < beyond || !isAlive(record, now)).slice(0, pruneSlice);
    });
    for (const record of gone) this.#records.delete(idText(record));
    return gone.length;
  }

  #of(kind: SenderKind): SenderRecord[] {
    return [...this.#records.values()].filter((record) => record.kind === kind);
  }
}
