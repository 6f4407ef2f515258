// Delivery status notifications that people understand and machines parse. RFC 3464, RFC 3461 §6, RFC 6522, RFC 6533.
import { encode, wrap } from "nodemailer/lib/qp";
import { encodeWord } from "nodemailer/lib/mime-funcs";
import type { Instant } from "../base/world.ts";
import { type Address, isInternational } from "../mail/address.ts";
import type { BodyType, Recipient } from "../mail/envelope.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { formatDate } from "../mail/header.ts";
import type { Message, QueueId } from "../mail/message.ts";
import type { NoticeAction } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import { describe, type Explanation } from "../explain/describe.ts";
import { cleanAddress, isAscii } from "../mail/foreign-text.ts";
import { addressText, writeLetter } from "./letter.ts";
import { foldField } from "./lines.ts";
import { type Original, type Remembered, remember, returnedPart } from "./original.ts";
import { writeReport } from "./report.ts";

export interface NoticeRecipient {
  readonly recipient: Recipient;
  /** Why, for `failed` and `delayed`. */
  readonly failure?: Failure;
  /** Who answered; without it, the failure's host. */
  readonly host?: RemoteHost;
  readonly reply?: Reply;
  readonly attemptedAt?: Instant;
  /** For `delayed`. */
  readonly willRetryUntil?: Instant;
}

export interface NoticeRequest {
  readonly action: NoticeAction;
  readonly message: Message;
  readonly recipients: readonly NoticeRecipient[];
  readonly original: Original;
  readonly hostname: string;
  readonly noticeId: QueueId;
  readonly at: Instant;
}

/** A recipient, and what its failure means: found once, needed in several places. */
export interface ExplainedRecipient extends NoticeRecipient {
  readonly explanation?: Explanation;
}

export interface ExplainedRequest extends NoticeRequest {
  readonly recipients: readonly ExplainedRecipient[];
}

export interface Notice {
  /** The whole message, header section included, lines end in CRLF. */
  readonly body: Uint8Array;
  /** With its angle brackets. */
  readonly messageId: string;
  /** SMTPUTF8 is needed to send it. RFC 6531 §3.2. */
  readonly smtpUtf8: boolean;
  readonly bodyType: Extract<BodyType, "7bit" | "8bitmime">;
}

interface Part {
  readonly type: string;
  readonly description: string;
  readonly encoding: "7bit" | "8bit" | "quoted-printable";
  readonly content: Uint8Array;
}

/** Writes a notice to the message's reverse-path, which must not be null (see noticeWanted). */
export function writeNotice(asked: NoticeRequest): Notice {
  const { reversePath } = asked.message;
  if (reversePath === "") throw new Error("A notice needs a return address: ask noticeWanted before writeNotice.");
  const request = { ...asked, recipients: asked.recipients.map(explain) };
  const remembered = remember(request.original);
  const parts = [letterPart(request, remembered), reportPart(request), originalPart(request)];
  const boundary = unusedBoundary(request.noticeId, parts);
  const messageId = `<${request.noticeId}@${request.hostname}>`;
  const encoding = parts.some((part) => part.encoding === "8bit") ? "8bit" : "7bit";
  const header = [
    ...headerFields(request, { to: reversePath, messageId, remembered }),
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n`,
    foldField("Content-Transfer-Encoding", encoding),
  ].join("");
  const body = Buffer.concat([
    Buffer.from(header),
    ...parts.flatMap((part) => [Buffer.from(partHeader(part, boundary)), part.content]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const smtpUtf8 = isInternational(reversePath);
  return { body, messageId, smtpUtf8, bodyType: encoding === "8bit" || smtpUtf8 ? "8bitmime" : "7bit" };
}

const explain = (told: NoticeRecipient): ExplainedRecipient => ({
  ...told,
  ...(told.failure && { explanation: describe(told.failure, told.recipient.address) }),
});

interface HeaderFacts {
  readonly to: Address;
  readonly messageId: string;
  readonly remembered: Remembered;
}

function headerFields({ message, action, recipients, hostname, at }: NoticeRequest, facts: HeaderFacts): string[] {
  // RFC 5322 §3.6.4; a field that is no msg-id is not repeated
  const original = /^<[!-;=?-~]{1,900}>$/.test(message.messageId ?? "") ? message.messageId! : undefined;
  const about =
    facts.remembered.subject ??
    `your message to ${recipients.map(({ recipient }) => addressText(recipient.address))[0] ?? "nobody"}`;
  return [
    foldField("Date", formatDate(at)),
    foldField("From", `Mail Delivery System <MAILER-DAEMON@${hostname}>`),
    foldField("To", `<${cleanAddress(facts.to)}>`),
    foldField("Subject", `${subjects[action]}: ${fieldText(about)}`),
    foldField("Message-ID", facts.messageId),
    ...(original === undefined ? [] : [foldField("In-Reply-To", original), foldField("References", original)]),
    foldField("Auto-Submitted", "auto-replied"), // RFC 3834 §5: in direct response to a message; allowed for DSNs
    foldField("MIME-Version", "1.0"),
  ];
}

const subjects: Record<NoticeAction, string> = {
  failed: "Not delivered",
  delayed: "Still trying",
  delivered: "Delivered",
  relayed: "Passed on",
};

/** RFC 2047; also for what looks like an encoded word, so that it shows as it is. */
const fieldText = (text: string): string => (isAscii(text) && !text.includes("=?") ? text : encodeWord(text, "B", 60));

function letterPart(request: ExplainedRequest, remembered: Remembered): Part {
  const letter = writeLetter(request, remembered);
  const isPlain = isAscii(letter);
  return {
    type: `text/plain; charset=utf-8`,
    description: "What happened",
    encoding: isPlain ? "7bit" : "quoted-printable",
    content: Buffer.from(isPlain ? letter : wrap(encode(letter))),
  };
}

function reportPart(request: ExplainedRequest): Part {
  const { message, recipients } = request;
  const addresses = [
    message.reversePath,
    ...recipients.flatMap(({ recipient: { address, orcpt } }) => [address, orcpt?.address ?? ""]),
  ];
  // RFC 6533 §4: who sends international mail can read an international report
  const isGlobal = message.smtpUtf8 && addresses.some(isInternational);
  const content = Buffer.from(writeReport(request, isGlobal ? "utf-8" : "ascii"));
  return {
    type: isGlobal ? "message/global-delivery-status" : "message/delivery-status",
    description: "The same, for programs",
    encoding: encodingOf(content),
    content,
  };
}

function originalPart({ message, action, original }: NoticeRequest): Part {
  // RFC 3461 §4.3: RET is about failures; of a message that is not lost, the header section is enough
  const { type, content } = returnedPart(
    message,
    original,
    action === "failed" && message.ret === "full" ? "whole" : "header",
  );
  return { type, description: "Your message", encoding: encodingOf(content), content };
}

const encodingOf = (content: Uint8Array): "7bit" | "8bit" => (content.some((byte) => byte > 127) ? "8bit" : "7bit");

const partHeader = ({ type, description, encoding }: Part, boundary: string): string =>
  `\r\n--${boundary}\r\n${foldField("Content-Type", type)}${foldField("Content-Description", description)}${foldField("Content-Transfer-Encoding", encoding)}\r\n`;

/** RFC 2046 §5.1.1: a boundary must not occur in the parts. */
function unusedBoundary(noticeId: QueueId, parts: readonly Part[]): string {
  const contents = parts.map(({ content }) => Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  for (let i = 0; ; i++) {
    const boundary = `=_${noticeId}.${i}`;
    if (!contents.some((content) => content.includes(boundary))) return boundary;
  }
}
