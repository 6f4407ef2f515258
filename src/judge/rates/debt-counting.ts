// What all threads of a process note of their debts, to be exchanged with the other processes of the store.
import type { Instant } from "../../base/world.ts";
import type { CountJournal } from "./count-journal.ts";
import type { Counting } from "./count-sharing.ts";
import type { CountChange, SharedCount } from "./count-store.ts";
import type { Debts } from "./debts.ts";
import { joined } from "./shared-count.ts";

export interface DebtCountingParts {
  /** Without a journal: what others tell is no news. */
  readonly debts: Debts;
  readonly journal: CountJournal;
  /** What other threads noted since they were asked last. Never rejects. */
  readonly askOthers: () => Promise<readonly CountChange[]>;
}

/**
 * The largest changes are handed over; where there are more than a batch holds, the rest stays with this process: it is of
 * those who are far from any limit.
 */
export class DebtCounting implements Counting {
  readonly #parts: DebtCountingParts;
  /** Of what was taken: the debts with all that was taken, as far as this process knew. */
  readonly #before = new Map<string, Instant>();

  constructor(parts: DebtCountingParts) {
    this.#parts = parts;
  }

  set onNews(tell: () => void) {
    this.#parts.journal.onNews = tell;
  }

  owns(): boolean {
    return true;
  }

  async take(most: number): Promise<readonly CountChange[]> {
    const { debts, journal, askOthers } = this.#parts;
    const theirs = await askOthers();
    const changes = new Map<string, CountChange>();
    for (const change of [...journal.take(), ...theirs])
      changes.set(change.key, joined(changes.get(change.key), change));
    const now = debts.now();
    const telling = [...changes.values()].filter(({ movedMs, least }) => movedMs !== 0 || least > now);
    const largest = telling.sort((a, b) => weightOf(b) - weightOf(a)).slice(0, most);
    for (const { key } of largest) this.#before.set(key, debts.until(key));
    return largest;
  }

  settle({ key, until }: SharedCount): void {
    const { debts } = this.#parts;
    const before = this.#before.get(key);
    debts.correct(key, before ?? debts.until(key), until);
    if (before !== undefined) this.#before.set(key, until);
  }

  taken(): void {
    this.#before.clear();
  }
}

/** A refusal, which does not move a debt but says how long it is, goes before all that adds up. */
const weightOf = ({ movedMs, least }: CountChange): number => (movedMs === 0 ? least : Math.abs(movedMs));
