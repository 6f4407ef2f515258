// Delivery status notifications that people understand and machines parse. RFC 3464, RFC 3461 §6, RFC 6522, RFC 6533.
import { encodeWord } from "nodemailer/lib/mime-funcs";
import type { Instant } from "../base/world.ts";
import { type Address, isInternational } from "../mail/address.ts";
import type { BodyType, Recipient } from "../mail/envelope.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { formatDate } from "../mail/header.ts";
import type { Message, QueueId } from "../mail/message.ts";
import type { NoticeAction } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import type { Language } from "../explain/explanation.ts";
import { explainFailure, type FailureExplanation } from "../explain/failure.ts";
import { fillIn, textsIn } from "../explain/languages/language.ts";
import { languageOf } from "../explain/languages/reader.ts";
import { cleanAddress, isAscii } from "../mail/foreign-text.ts";
import { htmlText } from "./html-text.ts";
import { addressText, writeLetter } from "./letter.ts";
import { encodingOf, multipart, type Part, textPart } from "./mime.ts";
import { foldField } from "./lines.ts";
import { type Original, type Remembered, remember, returnedPart } from "./original.ts";
import { plainText } from "./plain-text.ts";
import { writeReport } from "./report.ts";

export interface NoticeRecipient {
  readonly recipient: Recipient;
  /** Why, for `failed` and `delayed`. */
  readonly failure?: Failure;
  /** The failure stands in a report that came back: its words are another system's, not said to us. */
  readonly isReported?: boolean;
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
  /** Where the message does not tell which one its sender reads. */
  readonly language: Language;
}

/** A recipient, and what its failure means: found once, needed in several places. */
export interface ExplainedRecipient extends NoticeRecipient {
  readonly explanation?: FailureExplanation;
}

export interface ExplainedRequest extends NoticeRequest {
  readonly recipients: readonly ExplainedRecipient[];
  /** The reader's. */
  readonly language: Language;
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

/** Writes a notice to the message's reverse-path, which must not be null (see noticeWanted). */
export function writeNotice(asked: NoticeRequest): Notice {
  const { reversePath } = asked.message;
  if (reversePath === "") throw new Error("A notice needs a return address: ask noticeWanted before writeNotice.");
  const remembered = remember(asked.original);
  const language = languageOf({ ...remembered.signs, address: reversePath }, asked.language);
  const request = { ...asked, language, recipients: asked.recipients.map((told) => explained(told, asked, language)) };
  const parts = [letterPart(request, remembered), reportPart(request), originalPart(request)];
  const messageId = `<${request.noticeId}@${request.hostname}>`;
  const encoding = parts.some((part) => part.encoding === "8bit") ? "8bit" : "7bit";
  const { boundary, content } = multipart(parts, request.noticeId);
  const header = [
    ...headerFields(request, { to: reversePath, messageId, remembered }),
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"\r\n`,
    foldField("Content-Transfer-Encoding", encoding),
    "\r\n",
  ].join("");
  const body = Buffer.concat([Buffer.from(header), content]);
  const smtpUtf8 = isInternational(reversePath);
  return { body, messageId, smtpUtf8, bodyType: encoding === "8bit" || smtpUtf8 ? "8bitmime" : "7bit" };
}

function explained(told: NoticeRecipient, { action }: NoticeRequest, language: Language): ExplainedRecipient {
  const { failure, recipient } = told;
  if (failure === undefined) return told;
  const givenUp = action === "failed";
  return { ...told, explanation: explainFailure(failure, { recipient: recipient.address, language, givenUp }) };
}

interface HeaderFacts {
  readonly to: Address;
  readonly messageId: string;
  readonly remembered: Remembered;
}

function headerFields(request: ExplainedRequest, { to, messageId, remembered }: HeaderFacts): string[] {
  const { message, action, recipients, hostname, at, language } = request;
  const { subjects, noSubject } = textsIn(language).notice;
  // RFC 5322 §3.6.4; a field that is no msg-id is not repeated
  const original = /^<[!-;=?-~]{1,900}>$/.test(message.messageId ?? "") ? message.messageId! : undefined;
  const name = recipients.map(({ recipient }) => addressText(recipient.address))[0];
  const subject = remembered.subject ?? fillIn(noSubject, { name });
  return [
    foldField("Date", formatDate(at)),
    foldField("From", `Mail Delivery System <MAILER-DAEMON@${hostname}>`),
    foldField("To", `<${cleanAddress(to)}>`),
    foldField("Subject", fieldText(fillIn(subjects[action], { subject }))),
    foldField("Message-ID", messageId),
    ...(original === undefined ? [] : [foldField("In-Reply-To", original), foldField("References", original)]),
    foldField("Auto-Submitted", "auto-replied"), // RFC 3834 §5: in direct response to a message; allowed for DSNs
    foldField("Content-Language", language), // RFC 3282
    foldField("MIME-Version", "1.0"),
  ];
}

/** RFC 2047; also for what looks like an encoded word, so that it shows as it is. */
const fieldText = (text: string): string => (isAscii(text) && !text.includes("=?") ? text : encodeWord(text, "B", 60));

/** The same letter twice; mail programs show the last kind that they can. RFC 2046 §5.1.4 */
function letterPart(request: ExplainedRequest, remembered: Remembered): Part {
  const { language, noticeId } = request;
  const { colon, headings } = textsIn(language);
  const letter = writeLetter(request, remembered);
  const parts = [textPart("plain", plainText(letter, colon)), textPart("html", htmlText(letter, { language, colon }))];
  const { boundary, content } = multipart(parts, `letter.${noticeId}`);
  return {
    type: `multipart/alternative; boundary="${boundary}"`,
    description: fieldText(headings.happened),
    encoding: "7bit",
    content,
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
    description: fieldText(textsIn(request.language).headings.forPrograms),
    encoding: encodingOf(content),
    content,
  };
}

function originalPart({ message, action, original, language }: ExplainedRequest): Part {
  // RFC 3461 §4.3: RET is about failures; of a message that is not lost, the header section is enough
  const { type, content } = returnedPart(
    message,
    original,
    action === "failed" && message.ret === "full" ? "whole" : "header",
  );
  return { type, description: fieldText(textsIn(language).headings.message), encoding: encodingOf(content), content };
}
