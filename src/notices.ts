// Notices to the sender (DSNs): dsn/ writes them, the queue keeps them in the transaction that settles the outcome.
import type { Instant, World } from "./base/world.ts";
import { writeNotice } from "./dsn/notice.ts";
import { noticeWanted } from "./dsn/wanted.ts";
import type { Language } from "./explain/explanation.ts";
import type { Event } from "./journal/event.ts";
import type { Address, ReversePath } from "./mail/address.ts";
import type { Recipient } from "./mail/envelope.ts";
import type { Message, QueueId } from "./mail/message.ts";
import type { NoticeAction } from "./mail/outcome.ts";
import type { Decision } from "./queue/settle.ts";
import type { NewMessage, WorkStore } from "./queue/store.ts";
import type { ExpandedMail } from "./route/expand.ts";
import { signOurs } from "./signing/sign-ours.ts";
import type { Signer } from "./signing/signer.ts";

export interface NoticeParts {
  readonly queue: WorkStore;
  readonly world: World;
  readonly hostname: string;
  readonly newQueueId: () => QueueId;
  /** Without one, notices go out unsigned. */
  readonly signer?: Signer;
  /** Whom the recipients of a message stand for. */
  readonly expand: (recipients: readonly Recipient[], mail?: ExpandedMail) => readonly Recipient[];
  /** Of a return address of ours, whom it leads to; undefined: it is none, or nobody knows. */
  readonly returnedTo?: (address: Address) => Promise<ReadonlyMap<Address, Address>> | undefined;
  readonly giveUpAfterMs: number;
  /** Originals up to this size are returned whole, if the sender asked for it. */
  readonly returnedBytes: number;
  /** Of notices about messages that do not tell what their sender reads; "en" unless told. */
  readonly language?: Language;
}

export interface Notices {
  readonly messages: readonly NewMessage[];
  /** About the original message: which notice tells what. */
  readonly events: readonly Event[];
}

export interface News {
  readonly decisions: readonly Decision[];
  /** False: the message itself cannot be read, and is not returned. */
  readonly withOriginal: boolean;
}

/** One notice per kind of news about a message, to those who want it. Rejects with Unwritable, or when the store does. */
export async function composeNotices(
  parts: NoticeParts,
  message: Message,
  { decisions, withOriginal }: News,
): Promise<Notices> {
  const messages: NewMessage[] = [];
  const events: Event[] = [];
  for (const [action, told] of Map.groupBy(decisions, ({ tell }) => tell)) {
    if (action === undefined) continue;
    const { wanted, unwanted } = partition(action, message, told);
    events.push(
      ...unwanted.map(({ delivery, why }): Event => ({
        kind: "notice-suppressed",
        ...about(parts, message),
        to: delivery.recipient.address,
        text: why,
      })),
    );
    if (wanted.length === 0) continue;
    const notice = await compose(parts, message, { action, told: wanted, withOriginal });
    messages.push(notice);
    events.push(
      ...wanted.map(({ delivery }): Event => ({
        kind: "notice",
        ...about(parts, message),
        action,
        to: delivery.recipient.address,
        noticeId: notice.message.queueId,
      })),
    );
  }
  return { messages, events };
}

const about = ({ world }: NoticeParts, { queueId }: Message) => ({ at: world.now(), queueId });

function partition(action: NoticeAction, { reversePath }: Message, told: readonly Decision[]) {
  const wanted: Decision[] = [];
  const unwanted: { delivery: Decision["delivery"]; why: string }[] = [];
  for (const decision of told) {
    const answer = noticeWanted(action, reversePath, decision.delivery.recipient);
    if (answer.kind === "wanted") wanted.push(decision);
    // that nobody asked to be told of a success is no news
    else if (action === "failed") unwanted.push({ delivery: decision.delivery, why: answer.why });
  }
  return { wanted, unwanted };
}

async function compose(
  parts: NoticeParts,
  message: Message,
  { action, told, withOriginal }: { action: NoticeAction; told: readonly Decision[]; withOriginal: boolean },
): Promise<NewMessage> {
  const at = parts.world.now();
  const queueId = parts.newQueueId();
  const toldOf = told.map(({ delivery, outcome }) => ({
    recipient: delivery.recipient,
    attemptedAt: at,
    ...(outcome.kind === "delivered" ? { host: outcome.host, reply: outcome.reply } : { failure: outcome.because }),
    ...(outcome.kind === "deferred" && { willRetryUntil: delivery.expiresAt }),
  }));
  const original = withOriginal
    ? await readOriginal(parts, message, action)
    : { bytes: new Uint8Array(0), whole: false };
  const {
    body: unsigned,
    messageId,
    smtpUtf8,
    bodyType,
  } = written({
    action,
    message,
    recipients: toldOf,
    original,
    hostname: parts.hostname,
    noticeId: queueId,
    at,
    language: parts.language ?? "en",
  });
  const body = await signOurs(parts.signer, unsigned);
  const recipients = await readersOf(parts, message.reversePath);
  return ownMessage(parts, { queueId, at, body, messageId, smtpUtf8, bodyType, recipients });
}

async function readersOf({ expand, returnedTo }: NoticeParts, reversePath: ReversePath): Promise<readonly Recipient[]> {
  if (reversePath === "") return [];
  const leadsTo = await returnedTo?.(reversePath);
  return expand([{ address: reversePath }], leadsTo && { returnedTo: leadsTo });
}

export interface OwnMessage extends Pick<Message, "queueId" | "smtpUtf8" | "bodyType"> {
  readonly at: Instant;
  readonly body: Uint8Array;
  readonly messageId: string;
  readonly recipients: readonly Recipient[];
  /** What came, and is not kept itself. */
  readonly inPlaceOf?: Pick<Extract<Event, { kind: "received" }>, "from" | "client" | "asked" | "judged">;
}

/** To be kept as any other. Its sender is the null reverse-path: nobody is told if it does not arrive. */
export function ownMessage(
  { hostname, giveUpAfterMs }: Pick<NoticeParts, "hostname" | "giveUpAfterMs">,
  { at, body, messageId, recipients, inPlaceOf, ...facts }: OwnMessage,
): NewMessage {
  const { queueId } = facts;
  const sizeBytes = body.byteLength;
  const client = { address: "127.0.0.1", port: 0, protocol: "LOCAL", helloName: hostname } as const;
  const origin = inPlaceOf ?? { from: "", client };
  const to = recipients.map(({ address }) => address);
  const eightBit = facts.bodyType === "8bitmime";
  return {
    message: { ...facts, receivedAt: at, reversePath: "", sizeBytes, eightBit, messageId },
    body,
    recipients,
    expiresAt: at + giveUpAfterMs,
    events: [{ kind: "received", at, queueId, ...origin, to, sizeBytes, messageId }],
  };
}

/** The header section at least; all of it where RET=FULL asks for it and it is not too large. RFC 3461 §4.3. */
async function readOriginal(
  { queue, returnedBytes }: NoticeParts,
  message: Message,
  action: NoticeAction,
): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const whole = action === "failed" && message.ret === "full" && message.sizeBytes <= returnedBytes;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await queue.read(message.queueId)) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (!whole && bytes >= headerBytes) break;
  }
  return { bytes: Buffer.concat(chunks), whole };
}

/** Enough to hold a header section. */
const headerBytes = 64 * 1024;

/** A notice cannot be written, however often it is tried. */
export class Unwritable extends Error {
  override readonly name = "Unwritable";
}

/** Throws Unwritable. */
export function written(request: Parameters<typeof writeNotice>[0]): ReturnType<typeof writeNotice> {
  try {
    return writeNotice(request);
  } catch (error) {
    throw new Unwritable(String(error), { cause: error });
  }
}
