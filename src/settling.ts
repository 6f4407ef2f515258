// Settling: what the outcomes of an attempt mean, written down in one transaction with their events and notices.
import type { Event } from "./journal/event.ts";
import type { Journal } from "./journal/journal.ts";
import type { Message, QueueId } from "./mail/message.ts";
import type { Outcome } from "./mail/outcome.ts";
import { composeNotices, type News, type NoticeParts, type Notices, Unwritable } from "./notices.ts";
import { decide, type Decision, type SettleParts } from "./queue/settle.ts";
import { type Delivery, NotKept } from "./queue/store.ts";
import type { Ending, Worker } from "./queue/worker.ts";

export interface SettlingParts extends NoticeParts, SettleParts {
  readonly journal: Journal;
  /** Is told when something falls due. */
  readonly work: Pick<Worker, "wake">;
  readonly onBug: (error: unknown, queueId: QueueId) => void;
}

/** When the store does not take an outcome, or a notice cannot be written. */
const patience = { firstMs: 1_000, longestMs: 60_000, noticeTries: 5, originalTries: 30 } as const;

/** Outcomes, their events and the notices about them: one transaction, tried until the store takes it. */
export async function settle(
  parts: SettlingParts,
  ended: readonly { delivery: Delivery; outcome: Outcome }[],
  { stopping, settled: tell }: Ending,
): Promise<void> {
  const decisions = ended.map(({ delivery, outcome }) =>
    decide(delivery, outcome, { ...parts, stopped: stopping.aborted }),
  );
  const { message } = ended[0]!.delivery;
  let unwritable = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      const [withNotices, withOriginal] = [unwritable < patience.noticeTries, tries <= patience.originalTries];
      const settled = await write(parts, message, { decisions, withNotices, withOriginal });
      tell?.(ended.map(({ delivery }) => delivery));
      parts.journal.note(settled);
      return;
    } catch (error) {
      if (error instanceof NotKept) return; // the operator dropped it meanwhile
      if (error instanceof Unwritable) unwritable += 1; // a store that is away is no reason to tell nobody
      parts.onBug(error, message.queueId);
      if (stopping.aborted) return; // the lease ends with the next start: a second delivery, never a lost one
      await parts.world.sleep(Math.min(patience.firstMs * 2 ** (tries - 1), patience.longestMs), stopping);
    }
  }
}

interface Written extends News {
  /** False when they could not be written again and again: the outcomes must not wait for that for ever. */
  readonly withNotices: boolean;
}

/** All events that are true now. */
async function write(parts: SettlingParts, message: Message, { withNotices, ...news }: Written): Promise<Event[]> {
  const { decisions } = news;
  const notices = withNotices ? await composeNotices(parts, message, news) : withoutNotices(parts, message, decisions);
  const events = [...decisions.flatMap(({ event }) => event ?? []), ...notices.events];
  const settlements = decisions.map(({ settlement }) => settlement);
  await parts.queue.settle(settlements, events, notices.messages);
  if (notices.messages.length > 0) parts.work.wake();
  for (const { next } of settlements) if (next.kind === "deferred") parts.work.wake(next.dueAt);
  return [...events, ...notices.messages.flatMap((notice) => notice.events)];
}

function withoutNotices({ world }: SettlingParts, { queueId }: Message, decisions: readonly Decision[]): Notices {
  const text = "the notice could not be written because of a fault of this server";
  const events = decisions
    .filter(({ tell }) => tell !== undefined)
    .map(({ delivery }): Event => ({
      kind: "notice-suppressed",
      at: world.now(),
      queueId,
      to: delivery.recipient.address,
      text,
    }));
  return { messages: [], events };
}
