// Reports are read on the thread that serves sessions: little of each, and one after another, so that nobody waits for long.
import { setImmediate as turn } from "node:timers/promises";
import type { World } from "../base/world.ts";
import {
  type BounceReport,
  explain,
  explainBounce,
  type ExplainedRecipient,
  readBounce,
  type ReportedRecipient,
} from "../explain/index.ts";

export const readingLimits = {
  bytes: 32 * 1024, // hundreds of recipients, read in some 10 ms
  perSecond: 20, // at addresses that anybody can write to
  explainedAtOnce: 2, // 5 ms each, at the worst
} as const;

const anyReport = [
  "From: MAILER-DAEMON@host.example",
  "Content-Type: message/delivery-status",
  "",
  ...Array.from(
    { length: 50 },
    (_, i) => `\nFinal-Recipient: rfc822; ${i}@host.example\nDiagnostic-Code: smtp; 550 unknown`,
  ),
].join("\n");

/** The first report takes half a second, for all that is known of failures has to be loaded: better before any session. */
export const getReadyToRead = (): void => void explainBounce(Buffer.from(anyReport));

export interface ReadReport extends BounceReport {
  /** Nothing of the report stands behind what was read. */
  readonly isWhole: boolean;
}

export class ReportReader {
  readonly #world: Pick<World, "now">;
  #last: Promise<unknown> = Promise.resolve();
  #second = 0;
  #reports = 0;

  constructor(world: Pick<World, "now">) {
    this.#world = world;
  }

  /** False: so many were read in this second that another one would cost others their time. */
  hasRoom(): boolean {
    const second = Math.floor(this.#world.now() / 1_000);
    if (second !== this.#second) [this.#second, this.#reports] = [second, 0];
    this.#reports += 1;
    return this.#reports <= readingLimits.perSecond;
  }

  read(start: Uint8Array): Promise<ReadReport> {
    return this.#inTurn(() => {
      const report = readBounce(readPart(start));
      return { ...report, isWhole: start.length <= readingLimits.bytes || hasReturned(report) };
    });
  }

  async explain(recipients: readonly ReportedRecipient[]): Promise<ExplainedRecipient[]> {
    const explained: ExplainedRecipient[] = [];
    for (let from = 0; from < recipients.length; from += readingLimits.explainedAtOnce) {
      const some = recipients.slice(from, from + readingLimits.explainedAtOnce);
      explained.push(...(await this.#inTurn(() => some.map(withExplanation))));
    }
    return explained;
  }

  /** Sessions have their turn before it, whoever else waits. */
  #inTurn<T>(work: () => T): Promise<T> {
    const done = this.#last.then(() => turn()).then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

const withExplanation = (recipient: ReportedRecipient): ExplainedRecipient => ({
  ...recipient,
  explanation: explain(recipient),
});

/** What is looked at of what came. */
export const readPart = (start: Uint8Array): Uint8Array => start.subarray(0, readingLimits.bytes);

/** The message that came back stands behind the report. */
const hasReturned = ({ original: { subject, messageId, from, to, date } }: BounceReport): boolean =>
  [subject, messageId, from, to, date].some((field) => field !== undefined);

const readers = new WeakMap<Pick<World, "now">, ReportReader>();

/** All that share a thread share one. */
export function readerIn(world: Pick<World, "now">): ReportReader {
  let reader = readers.get(world);
  if (reader === undefined) readers.set(world, (reader = new ReportReader(world)));
  return reader;
}
