// What a report means for the history of the message that it is about.
import type { BounceReport, ExplainedRecipient } from "../explain/index.ts";
import type { Event } from "../journal/event.ts";
import type { Address } from "../mail/address.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";
import type { Arrived } from "./returning.ts";
import { isShared, namedIn, type Story, toldOf } from "./story.ts";

interface Failed {
  readonly recipient: ExplainedRecipient;
  readonly to: Address;
  readonly report: BounceReport;
}

const reportedBack = ({ queueId: reportId, receivedAt: at }: Arrived, story: Story, { reportedBy }: BounceReport) => ({
  at,
  queueId: story.received.queueId,
  reportId,
  ...(reportedBy !== undefined && { reportedBy: clean(reportedBy, 255) }),
  ...(isShared(story) && ({ isShared: true } as const)),
});

export function bouncedLater(arrived: Arrived, story: Story, { recipient, to, report }: Failed): Event {
  const { cause, permanence, confidence, summary } = recipient.explanation;
  const { address } = recipient;
  const isOther = address !== "" && address.toLowerCase() !== to.toLowerCase();
  return {
    kind: "bounced-later",
    ...reportedBack(arrived, story, report),
    to,
    cause,
    permanence,
    confidence,
    summary,
    text: clean(recipient.text, textLimits.evidence),
    ...(isOther && { final: clean(address, textLimits.address) }),
  };
}

/** Of feedback reports, those that say: not wanted. RFC 5965 §7.3, RFC 6430 */
const unwanted = new Set(["abuse", "fraud", "virus", "opt-out", "opt-out-list", "other", "miscategorized"]);

/** Each recipient complains of a message once. */
export function complaintsIn(
  arrived: Arrived,
  story: Story,
  report: BounceReport,
): Extract<Event, { kind: "complained" }>[] {
  const feedbackType = report.original.feedbackType ?? "abuse";
  if (!unwanted.has(feedbackType)) return [];
  const { from, judged, client } = story.received;
  const told = toldOf(story, "complained");
  const about = reportedBack(arrived, story, report);
  const sender = judged && { identity: judged.identity, client };
  return [...namedIn(story, report.recipients).of.keys()]
    .filter((to) => !told.has(to))
    .map((to) => ({ kind: "complained", ...about, to, from, feedbackType, ...(sender && { sender }) }));
}
