// What comes back after a message was handed over. A bounce at one of our return addresses goes into the history of the
// message, and its sender gets one notice in plain words in place of it; a complaint likewise. All else that comes to a
// return address, and whatever cannot be told, goes on to the sender as it came.
import type { Event } from "../journal/event.ts";
import type { HistoryStore } from "../journal/history.ts";
import type { Address } from "../mail/address.ts";
import type { Envelope } from "../mail/envelope.ts";
import type { QueueId } from "../mail/message.ts";
import { aboutMessages } from "./evidence.ts";
import { type Letters, noticeOfBounce, noticeOfComplaint } from "./letters.ts";
import { readerIn, readPart, type ReadReport } from "./report-reader.ts";
import { bouncedLater, complaintsIn } from "./reported-events.ts";
import { namedIn, type Story, storyOf, toldOf } from "./story.ts";
import { newMessage, type Received } from "../queue/new-message.ts";
import type { NewMessage } from "../queue/store.ts";
import type { Returns } from "../route/returns.ts";

export interface ReturningParts extends Letters {
  readonly returns: Pick<Returns, "read" | "isSigned">;
  readonly history: Pick<HistoryStore, "story">;
  /** Where feedback loops write to; in lower case. */
  readonly feedback: ReadonlySet<string>;
  /** It sends from here, so that we tell it ourselves. */
  readonly isOurSender: (address: Address) => boolean;
  /** It was a mailbox of ours, and there is none any more. */
  readonly isGone: (address: Address) => boolean;
  readonly onBug: (error: unknown, queueId: QueueId) => void;
}

export interface Arrived extends Omit<Received, "recipients"> {
  /** Of what came: enough to read a report. */
  readonly start: Uint8Array;
}

export interface Arrival {
  /** To be kept. Its body is another one than what came, where a report was read for its reader. */
  readonly message: NewMessage;
  /** To be kept behind it: it is not lost with them. */
  readonly letters: readonly NewMessage[];
}

const isReturned = (
  { returns }: Pick<ReturningParts, "returns">,
  { recipients }: Pick<Envelope, "recipients">,
): boolean => recipients.some(({ address }) => returns.read(address) !== undefined);

const isFeedback = (
  { feedback }: Pick<ReturningParts, "feedback">,
  { recipients }: Pick<Envelope, "recipients">,
): boolean => feedback.size > 0 && recipients.some(({ address }) => feedback.has(address.toLowerCase()));

/** It goes to an address where reports are expected. */
export const mayReport = (
  parts: Pick<ReturningParts, "returns" | "feedback">,
  envelope: Pick<Envelope, "recipients">,
): boolean => isReturned(parts, envelope) || isFeedback(parts, envelope);

/** How a message that came is kept. Rejects when the history cannot be read. */
export function arrivalOf(parts: ReturningParts, arrived: Arrived): Arrival | Promise<Arrival> {
  if (isReturned(parts, arrived.envelope)) return comeBack(parts, arrived);
  const plain: Arrival = { message: addressed(parts, arrived), letters: [] };
  return isFeedback(parts, arrived.envelope) ? withFeedback(parts, arrived, plain) : plain;
}

function addressed(parts: ReturningParts, arrived: Arrived, returnedTo?: ReadonlyMap<Address, Address>): NewMessage {
  const { envelope, queueId } = arrived;
  const { reversePath } = envelope;
  const mail = { reversePath, queueId, ...(returnedTo && { returnedTo }) };
  return newMessage({ ...arrived, recipients: parts.expand(envelope.recipients, mail) });
}

/** Mail of ours that came through here again has a return address for its sender. */
export function leadsTo(
  { returns, history }: Pick<ReturningParts, "returns" | "history">,
  address: Address,
): Promise<ReadonlyMap<Address, Address>> | undefined {
  const read = returns.read(address);
  if (read?.kind !== "valid") return undefined;
  return storyOf(history, read.queueId).then((story) => {
    const { from = "" } = story?.received ?? {};
    return new Map(from === "" ? [] : [[address, from]]);
  });
}

async function comeBack(parts: ReturningParts, arrived: Arrived): Promise<Arrival> {
  const { recipients } = arrived.envelope;
  const stories = new Map<Address, Story>();
  for (const { address } of recipients) {
    const read = parts.returns.read(address);
    const story = read?.kind === "valid" ? await storyOf(parts.history, read.queueId) : undefined;
    if (story !== undefined) stories.set(address, story);
    else if (read !== undefined)
      throw new Error(`the message of the return address <${address}> is not in the history`);
  }
  const returnedTo = new Map(Array.from(stories, ([address, { received }]) => [address, received.from as Address]));
  const handedOn = addressed(parts, arrived, returnedTo);
  const [first] = recipients;
  const story = stories.get(first!.address);
  if (story === undefined || recipients.length > 1) return { message: handedOn, letters: [] }; // no report is sent so
  try {
    return { message: (await told(parts, { arrived, story, handedOn })) ?? handedOn, letters: [] };
  } catch (error) {
    parts.onBug(error, arrived.queueId);
    return { message: handedOn, letters: [] };
  }
}

interface Returned {
  readonly arrived: Arrived;
  readonly story: Story;
  /** As it is kept where nothing else is to be said. */
  readonly handedOn: NewMessage;
}

async function told(parts: ReturningParts, returned: Returned): Promise<NewMessage | undefined> {
  const report = await readerIn(parts.world).read(returned.arrived.start);
  switch (report.kind) {
    case "failure":
      return bounced(parts, returned, report);
    case "complaint":
      return complained(parts, returned, report);
    case "delay":
    case "delivered":
    case "auto-reply":
    case "other":
      return undefined;
  }
}

const withEvents = (message: NewMessage, events: readonly Event[]): NewMessage => ({
  ...message,
  events: [...message.events, ...events],
});

/** In one notice, which is written at once. */
const mostTold = 10;

async function bounced(
  parts: ReturningParts,
  { arrived, story, handedOn }: Returned,
  report: ReadReport,
): Promise<NewMessage | undefined> {
  const failed = report.recipients.filter(({ action = "failed" }) => action === "failed");
  const { of, isPartial } = namedIn(story, failed);
  const told = toldOf(story, "bounced-later");
  const unheard = [...of].filter(([to]) => !told.has(to));
  const explained = await readerIn(parts.world).explain(unheard.map(([, recipient]) => recipient));
  const news = explained.map((recipient, i) => ({ recipient, to: unheard[i]![0] }));
  const events = news.map((one) => bouncedLater(arrived, story, { ...one, report }));
  const { from } = story.received;
  const isTellable = news.length > 0 && news.length <= mostTold && from !== "" && parts.isOurSender(from);
  const isAll = report.isWhole && !isPartial && news.length === of.size;
  if (!isTellable || !isAll) return withEvents(handedOn, events);
  const notice = await noticeOfBounce(parts, { arrived, story, report, failed: news });
  const about = { at: arrived.receivedAt, queueId: story.received.queueId, noticeId: arrived.queueId };
  const notices = news.map(({ to }): Event => ({ kind: "notice", ...about, action: "failed", to }));
  return withEvents(notice, [...events, ...notices]);
}

async function complained(
  parts: ReturningParts,
  { arrived, story, handedOn }: Returned,
  report: ReadReport,
): Promise<NewMessage | undefined> {
  const complaints = complaintsIn(arrived, story, report);
  const { from } = story.received;
  const [first] = complaints;
  if (first === undefined || from === "" || !parts.isOurSender(from)) return withEvents(handedOn, complaints);
  const letter = await noticeOfComplaint(parts, {
    story,
    report,
    to: complaints.map(({ to }) => to),
    inPlaceOf: arrived,
  });
  return withEvents(letter, complaints);
}

/** At an address for feedback loops: it is delivered, and read. */
async function withFeedback(parts: ReturningParts, arrived: Arrived, plain: Arrival): Promise<Arrival> {
  try {
    const reader = readerIn(parts.world);
    if (!reader.hasRoom()) return plain;
    const report = await reader.read(arrived.start);
    if (report.kind !== "complaint") return plain;
    for (const story of await aboutMessages(parts, readPart(arrived.start), report)) {
      const complaints = complaintsIn(arrived, story, report);
      if (complaints.length === 0) continue;
      const { from, judged } = story.received;
      const isOurs = judged === undefined && from !== "" && parts.isOurSender(from);
      const to = complaints.map(({ to }) => to);
      const letters = isOurs ? [await noticeOfComplaint(parts, { story, report, to })] : [];
      return { message: withEvents(plain.message, complaints), letters };
    }
  } catch (error) {
    parts.onBug(error, arrived.queueId);
  }
  return plain;
}
