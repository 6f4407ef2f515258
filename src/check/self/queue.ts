// The queue of the running server: no message without a next event, nothing due for long while nobody works on it, and who
// has waited for long.
import { failureText, roughDuration } from "../../mail/failure-text.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { QueueSeen, ServerSeen, WaitingDelivery } from "./ports.ts";
import { dayMs, minuteMs, say, selfCheck, type SelfTools } from "./question.ts";

/** The worker looks at least once a minute: what it has not taken after five looks, it does not see. */
const stuckMs = 5 * minuteMs;

/** So much later than its time, mail that is worked on one by one is felt by people. */
const behindMs = 15 * minuteMs;

/** What waits for a day is no greylisting any more, and no server that was started anew. */
const oldMs = dayMs;

const mostDestinations = 5;

export const queue = selfCheck({
  name: "queue",
  needs: ["running"],
  async run(asked, { running }) {
    if (running.kind !== "running") return;
    const seen = await asked.tools.server.queue();
    tellOfDue(seen, running, asked);
    tellOfOld(seen, running, asked);
    const { due, deferred, claimed, held } = seen.counts;
    const values = { waiting: due + deferred + claimed, deferred: deferred || undefined, held };
    say(asked, "queue.counts", { about: "the queue", values });
    if (held > 0) say(asked, "queue.held", { about: "the queue", values, changes: [act("see-held")] });
  },
});

type Running = ServerSeen & { readonly kind: "running" };

/** By the clock of the server: the lab's runs fast. */
function tellOfDue(
  { counts, nextDueAt, oldest, destinations }: QueueSeen,
  { now }: Running,
  asked: Asked<SelfTools>,
): void {
  const lateMs = nextDueAt === undefined ? 0 : now - nextDueAt;
  if (lateMs < stuckMs) return;
  const resting = new Set(
    destinations.filter(({ state }) => state === "closed" || state === "suspended").flatMap(({ domains }) => domains),
  );
  const late = oldest.filter(({ state, dueAt }) => (state === "due" || state === "deferred") && now - dueAt >= stuckMs);
  // a destination that is left alone for now has its mail wait, and that is meant
  if (late.length > 0 && late.every(({ domain }) => resting.has(domain))) return;
  const values = { late: roughDuration(lateMs), claimed: counts.claimed, waiting: counts.due + counts.deferred };
  if (counts.claimed === 0) say(asked, "queue.stuck", { about: "the queue", values, changes: [act("restart-stuck")] });
  else if (lateMs >= behindMs)
    say(asked, "queue.behind", { about: "the queue", values, changes: [act("see-destinations")] });
}

function tellOfOld({ oldest }: QueueSeen, { now }: Running, asked: Asked<SelfTools>): void {
  const old = oldest.filter(({ receivedAt, state }) => state !== "held" && now - receivedAt >= oldMs);
  const byDomain = [...Map.groupBy(old, ({ domain }) => domain)].toSorted(([, a], [, b]) => b.length - a.length);
  for (const [domain, waiting] of byDomain.slice(0, mostDestinations)) {
    const first = waiting.reduce((a, b) => (b.receivedAt < a.receivedAt ? b : a));
    const reasons = [
      ...new Set(waiting.flatMap(({ because }) => (because === undefined ? [] : [failureText(because)]))),
    ];
    say(asked, "queue.old", {
      about: domain,
      values: {
        ...ageOf(first, now),
        count: waiting.length,
        one: waiting.length === 1 ? "1" : undefined,
        reason: reasons[0],
      },
      evidence: reasons.slice(0, 10),
      changes: [act("see-deferred", { domain })],
    });
  }
  const more = byDomain.length - mostDestinations;
  if (more > 0) say(asked, "queue.more-old", { about: "the queue", values: { count: more } });
}

const ageOf = ({ receivedAt }: WaitingDelivery, now: number): { readonly age: string } => ({
  age: roughDuration(now - receivedAt),
});
