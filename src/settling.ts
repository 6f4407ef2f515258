// Settling: what the outcomes of an attempt mean, written down in one transaction with their events and notices.
import type { Journal } from "./journal/journal.ts";
import type { QueueId } from "./mail/message.ts";
import type { Outcome } from "./mail/outcome.ts";
import { composeNotices, type NoticeParts } from "./notices.ts";
import { decide, type SettleParts } from "./queue/settle.ts";
import type { Delivery } from "./queue/store.ts";

export interface SettlingParts extends NoticeParts, SettleParts {
  readonly journal: Journal;
  /** Something is due now. */
  readonly wake: () => void;
  readonly onBug: (error: unknown, queueId: QueueId) => void;
}

/** Between tries when the store does not take an outcome. */
const patience = { firstMs: 1_000, longestMs: 60_000 } as const;

/** Outcomes, their events and the notices about them: one transaction, tried until the store takes it. */
export async function settle(
  parts: SettlingParts,
  ended: readonly { delivery: Delivery; outcome: Outcome }[],
  signal: AbortSignal,
): Promise<void> {
  const decisions = ended.map(({ delivery, outcome }) =>
    decide(delivery, outcome, { ...parts, stopped: signal.aborted }),
  );
  const { message } = ended[0]!.delivery;
  for (let waitMs: number = patience.firstMs; ; waitMs = Math.min(waitMs * 2, patience.longestMs)) {
    try {
      const notices = await composeNotices(parts, message, decisions);
      const events = [...decisions.flatMap(({ event }) => event ?? []), ...notices.events];
      await parts.queue.settle(
        decisions.map(({ settlement }) => settlement),
        events,
        notices.messages,
      );
      parts.journal.note([...events, ...notices.messages.flatMap((notice) => notice.events)]);
      if (notices.messages.length > 0) parts.wake();
      return;
    } catch (error) {
      parts.onBug(error, message.queueId);
      if (signal.aborted) return; // the lease ends with the next start: a second delivery, never a lost one
      await parts.world.sleep(waitMs, signal);
    }
  }
}
