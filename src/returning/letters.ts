// What the sender of a message is told when something came back about it.
import { encodeWord } from "nodemailer/lib/mime-funcs";
import {
  type BounceReport,
  type ExplainedRecipient,
  languageOf,
  type OriginalMessage,
  type ReplyStage,
} from "../explain/index.ts";
import { type Address, isInternational } from "../mail/address.ts";
import type { Failure, Stage } from "../mail/failure.ts";
import { clean, isAscii, textLimits } from "../mail/foreign-text.ts";
import { fieldValue, type HeaderField, latin1, readHeader } from "../mail/header.ts";
import type { Message } from "../mail/message.ts";
import { assembleReply, type EnhancedCode, parseReplyLine, type Reply } from "../mail/reply.ts";
import { type NoticeParts, ownMessage, written } from "../notices.ts";
import { ownerWarning } from "../owner-warning.ts";
import type { NewMessage } from "../queue/store.ts";
import { readPart } from "./report-reader.ts";
import type { Arrived } from "./returning.ts";
import type { Story } from "./story.ts";
import { signOurs } from "../signing/sign-ours.ts";

export type Letters = Pick<
  NoticeParts,
  "world" | "hostname" | "newQueueId" | "signer" | "expand" | "giveUpAfterMs" | "language"
>;

/** What came was kept by another name; its story says so. */
const originOf = ({ envelope, client, judged }: Arrived) => ({
  from: envelope.reversePath,
  client,
  asked: envelope.recipients.map(({ address }) => address),
  ...(judged && { judged }),
});

interface BounceNews {
  readonly arrived: Arrived;
  readonly story: Story;
  readonly report: BounceReport;
  readonly failed: readonly { readonly recipient: ExplainedRecipient; readonly to: Address }[];
}

/** One notice, in place of the bounce. Throws Unwritable. */
export async function noticeOfBounce(
  parts: Letters,
  { arrived, story, report, failed }: BounceNews,
): Promise<NewMessage> {
  const { queueId, receivedAt: at } = arrived;
  const message = messageOf(story);
  const returned = returnedHeader(readPart(arrived.start), message);
  const { body, messageId, smtpUtf8, bodyType } = written({
    action: "failed",
    message,
    recipients: failed.map(({ recipient, to }) => ({
      recipient: { address: to },
      failure: failureOf(recipient, report.reportedBy),
      isReported: true,
      attemptedAt: at,
    })),
    original: { bytes: headerOf({ ...report.original, language: languageIn(returned) }, message), whole: false },
    hostname: parts.hostname,
    noticeId: queueId,
    at,
    language: parts.language ?? "en",
  });
  const recipients = parts.expand([{ address: story.received.from as Address }]);
  const letter = { queueId, at, messageId, smtpUtf8, bodyType, recipients, inPlaceOf: originOf(arrived) };
  return ownMessage(parts, { ...letter, body: await signOurs(parts.signer, body) });
}

/** What the history still has of it. */
const messageOf = ({ received }: Story): Message => ({
  queueId: received.queueId,
  receivedAt: received.at,
  reversePath: received.from,
  bodyType: "7bit",
  smtpUtf8: received.from !== "" && isInternational(received.from),
  sizeBytes: received.sizeBytes,
  eightBit: false,
  ...(received.messageId !== undefined && { messageId: received.messageId }),
});

/** As it stands in the report: the last section with our name of the message. The first is the report's own. */
function returnedHeader(report: Uint8Array, { queueId, messageId = `id ${queueId}` }: Message): HeaderField[] {
  const [, ...sections] = latin1(report).split(/(?:\r?\n){2}/);
  const section = sections.findLast((text) => text.includes(messageId) || text.includes(`id ${queueId}`)) ?? "";
  return readHeader(Buffer.from(section, "latin1"));
}

/** Content-Language of the message, or what its charsets tell instead: its fields are written in another one here. */
function languageIn(header: readonly HeaderField[]): string {
  const charsets = `${fieldValue(header, "Content-Type") ?? ""} ${fieldValue(header, "Subject") ?? ""}`;
  const told = languageOf({ charsets }, "en");
  return fieldValue(header, "Content-Language") ?? (told === "en" ? "" : told);
}

interface OriginalHeader extends OriginalMessage {
  readonly language: string;
}

/** Of the header only what people know the message by, and read: anybody can have written the rest. */
function headerOf({ subject, date, to, language }: OriginalHeader, { messageId }: Message): Uint8Array {
  const fields = [
    ["Date", date],
    ["To", to],
    ["Subject", subject],
    ["Message-ID", messageId],
    ["Content-Language", language],
  ] as const;
  const lines = fields.map(([name, value = ""]) => {
    const text = clean(value, textLimits.subject);
    if (text === "" || (!isAscii(text) && name !== "Subject")) return "";
    return `${name}: ${isAscii(text) ? text : encodeWord(text, "B", 60)}\r\n`;
  });
  return Buffer.from(lines.join(""));
}

const stages: Readonly<Record<ReplyStage, Stage>> = {
  connect: "greeting",
  hello: "hello",
  tls: "starttls",
  login: "mail", // not our login: another server's, on the way
  mail: "mail",
  rcpt: "rcpt",
  data: "content",
};

/** As if we had heard it ourselves. */
function failureOf({ host, stage = "rcpt", ...told }: ExplainedRecipient, reportedBy = "another mail server"): Failure {
  return {
    kind: "refused",
    host: { name: clean(host ?? reportedBy, 255) },
    stage: stages[stage],
    reply: replyIn(told),
  };
}

/** Where the report has no code, its words get the one that they amount to. */
function replyIn({ text, code, status = "" }: Pick<ExplainedRecipient, "text" | "code" | "status">): Reply {
  const words = clean(text, textLimits.evidence);
  const line = parseReplyLine(words);
  const said =
    line === undefined
      ? { code: code ?? (status.startsWith("4") ? 450 : 550), lines: [words] }
      : assembleReply(line.code, [line.text]);
  const fits = /^[45]\.\d{1,3}\.\d{1,3}$/.test(status) && status.startsWith(String(said.code)[0]!);
  return fits && said.enhanced === undefined ? { ...said, enhanced: status as EnhancedCode } : said;
}

interface ComplaintNews {
  readonly story: Story;
  readonly report: BounceReport;
  /** Who complained. */
  readonly to: readonly Address[];
  readonly inPlaceOf?: Arrived;
}

export function noticeOfComplaint(
  parts: Letters,
  { story, report, to, inPlaceOf }: ComplaintNews,
): Promise<NewMessage> {
  const { subject: about = "" } = report.original;
  const subject = clean(about, textLimits.subject);
  const title = `A recipient complained${subject === "" ? " about your message" : `: ${subject}`}`;
  const day = new Date(story.received.at).toISOString().slice(0, 10);
  const called = subject === "" ? "a message" : `your message "${subject}"`;
  const by = report.reportedBy === undefined ? "" : ` (told by ${clean(report.reportedBy, 255)})`;
  const words = [
    `${to.join(" and ")} marked ${called} of ${day} as unwanted${by}.`,
    "Please send no more messages of this kind to this address, and take it off your list.",
    `Your mail server knows the message as ${story.received.queueId}.`,
  ].join(" ");
  return ownerWarning(parts, {
    to: story.received.from as Address,
    subject: isAscii(title) ? title : encodeWord(title, "B", 60),
    words,
    ...(inPlaceOf && { queueId: inPlaceOf.queueId, inPlaceOf: originOf(inPlaceOf) }),
  });
}
