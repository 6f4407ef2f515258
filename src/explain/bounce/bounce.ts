// Reads any bounce: standard or private, for machines or for people only. What it says is never trusted, only told.
// RFC 3464, RFC 5965, RFC 6533, RFC 8098
import { kindOf, toneOf, withAction } from "./actions.ts";
import { findAddresses, firstAddress, sameAddress } from "./addresses.ts";
import { isPlainComplaint, readFeedback, readPlainComplaint, readUnsubscribe } from "./complaints.ts";
import type { HeaderFields } from "./header.ts";
import { readHumanPart } from "./human-part.ts";
import { readListRejection } from "./list-rejections.ts";
import { type Material, materialOf } from "./material.ts";
import { type Part, readMessage } from "./mime.ts";
import { messagesOf, readOctets } from "./octets.ts";
import { once } from "./once.ts";
import { headerInText, messageInText, readOriginal } from "./original.ts";
import { isAboutReader, isFromNobody, originOf } from "./origin.ts";
import { readReceipt } from "./receipts.ts";
import {
  addressesIn,
  distinctRecipients,
  type LastSources,
  recipientsBeyond,
  recipientsOfGroups,
  recipientsOfText,
} from "./recipients.ts";
import type { BounceReport } from "./report.ts";
import { type ReportLines, reportLines } from "./report-lines.ts";
import { readNotification } from "./sending-services.ts";
import { readStatusPart, type StatusReport } from "./status-part.ts";
import { speaksOf, systemOf } from "./words.ts";

export type { BounceReport, OriginalMessage, ReportedAction, ReportedRecipient } from "./report.ts";

/** What a message reports, if it is a report; of a mailbox file what its messages report. Never throws; of a huge one the head and the tail are read. */
export function readBounce(bytes: Uint8Array): BounceReport {
  const [first, ...others] = messagesOf(readOctets(bytes)).map((octets) => readReport(readMessage(octets), 0));
  const more = others.filter(({ kind }) => kind === first!.kind).flatMap(({ recipients }) => recipients);
  return more.length === 0 ? first! : { ...first!, recipients: distinctRecipients([...first!.recipients, ...more]) };
}

/** Reports come forwarded, in other messages: not deeper than this. */
const maxDepth = 3;

function readReport(message: Part, depth: number): BounceReport {
  const material = materialOf(message);
  if (material.feedback !== undefined) return readFeedback(material, material.feedback);
  if (material.disposition !== undefined) return readReceipt(material, material.disposition);
  const notification = material.texts[0] === undefined ? undefined : readNotification(material.texts[0]);
  if (notification !== undefined) return notification;
  const status = statusOf(material);
  if (status.groups.length > 0) return readDeliveryStatus(material, status);
  const forwarded = forwardedReport(material, depth);
  if (forwarded !== undefined) return forwarded;
  const inner =
    depth < maxDepth && material.enclosed !== undefined
      ? (): BounceReport => readReport(readMessage(material.enclosed!), depth + 1)
      : undefined;
  const origin = originOf(material);
  if (origin === "report") return readWords(material, inner);
  if (origin === "list-rejection") return readListRejection({ header: material.header, ...wordsOf(material) });
  if (origin === "unsubscribe") return readUnsubscribe(material);
  if (isPlainComplaint(material)) return readPlainComplaint(material);
  if (origin === "auto-reply") return readAnswer(material, "auto-reply");
  const report = inner?.();
  if (report !== undefined && report.kind !== "other") return { ...report, kind: "other" };
  return readAnswer(material, "other");
}

/** A report that a person has forwarded in the text of a mail. */
function forwardedReport({ header, texts }: Material, depth: number): BounceReport | undefined {
  if (depth >= maxDepth || isFromNobody(header) || speaksOf("bounceSender", header.text("from"))) return undefined;
  const { returned } = reportLines(texts.join("\n\n"));
  const octets = speaksOf("bounceSender", returned.slice(0, 500)) ? messageInText(returned) : undefined;
  const report = octets === undefined ? undefined : readReport(readMessage(octets), depth + 1);
  return report?.kind === "failure" || report?.kind === "delay" ? { ...report, kind: "other" } : undefined;
}

/** What the parts that are made for it say; some systems send one for each recipient. Then what stands in the text. */
function statusOf({ statuses, likeStatuses }: Material): StatusReport {
  const reports = statuses.map(readStatusPart);
  const groups = reports.flatMap((report) => report.groups);
  if (groups.length > 0) return { ...reports[0], groups };
  return likeStatuses.map(readStatusPart).find((report) => report.groups.length > 0) ?? { groups: [] };
}

interface Words {
  readonly lines: ReportLines;
  readonly text: string;
  readonly returned: HeaderFields | undefined;
  readonly sources: LastSources;
}

function wordsOf(material: Material): Words {
  const { header } = material;
  const lines = reportLines(material.texts.join("\n\n"));
  const returned = material.returned ?? headerInText(lines.returned);
  const sources = {
    named: ["x-failed-recipients", "x-bounced-address", "x-bounced-recipient", "x-failed-recipient"].flatMap((name) =>
      header.all(name).flatMap(addressesIn),
    ),
    originalTo: returned === undefined ? [] : addressesIn(returned.get("to")),
    subject: header.text("subject"),
  };
  return { lines, text: [...lines.lines, ...lines.transcript].join("\n"), returned, sources };
}

/** The one the report went to, and the one it comes from, are seldom those it is about. */
function senderTest({ header }: Material): (address: string) => boolean {
  const known = ["to", "from", "reply-to"].flatMap((name) =>
    findAddresses(header.get(name), 5).map(({ address }) => address),
  );
  return (address) => known.some((other) => sameAddress(other, address));
}

function readDeliveryStatus(material: Material, status: StatusReport): BounceReport {
  const words = wordsOf(material);
  const human = readHumanPart(words.lines, senderTest(material));
  const tone = once(() => toneOf(words.sources.subject, words.text));
  const isCut = words.returned === undefined && material.enclosed === undefined;
  const told = recipientsOfGroups(status.groups, human, words.sources);
  const recipients = (isCut ? [...told, ...recipientsBeyond(told, human)] : told).map((recipient) =>
    withAction(recipient, tone),
  );
  const { reportedBy, envelopeId } = status;
  return {
    kind: kindOf(recipients),
    recipients,
    original: readOriginal(words.returned, envelopeId === undefined ? {} : { envelopeId }),
    ...(reportedBy !== undefined && { reportedBy }),
    format: "rfc3464",
  };
}

/** `inner`: reads the message that the report encloses, as a report. */
function readWords(material: Material, inner: (() => BounceReport) | undefined): BounceReport {
  const words = wordsOf(material);
  const human = readHumanPart(words.lines, senderTest(material));
  // a gateway wraps another system's report in one of its own that says nothing
  if (human.recipients.length === 0 && words.sources.named.length === 0) {
    const report = inner?.();
    if (report?.format === "rfc3464") return report;
  }
  const all = `${words.sources.subject}\n${words.text}`;
  const found = recipientsOfText(human, words.sources);
  const bringsNothing = words.returned === undefined && words.sources.named.length === 0;
  if (bringsNothing && isAboutReader(material.header, found)) return readAnswer(material, "other");
  const isRefused = found.some(({ code = 0 }) => code >= 500);
  const isDelay = speaksOf("delay", all) && !isRefused && !speaksOf("gaveUp", all);
  const isReceipt =
    !isRefused &&
    !isDelay &&
    speaksOf("delivered", all) &&
    !speaksOf("failure", words.text.replaceAll(/deliver/gi, ""));
  const action = isDelay ? "delayed" : isReceipt ? "delivered" : "failed";
  const recipients = found.map(
    (recipient) => ({ ...recipient, action, ...(action === "failed" && { givenUp: true }) }) as const,
  );
  const system = systemOf(`${material.header.text("from")}\n${material.texts[0] ?? ""}`);
  return {
    kind: kindOf(recipients),
    recipients,
    original: readOriginal(words.returned),
    ...(system !== undefined && { reportedBy: system }),
    format: system ?? "words",
  };
}

function readAnswer(material: Material, kind: "auto-reply" | "other"): BounceReport {
  const { header, texts } = material;
  const address = firstAddress(header.get("from")) ?? "";
  const messageId = /<[^<>\s]{1,900}>/.exec(header.get("in-reply-to"))?.[0];
  const text = `${header.text("subject")}\n${(texts[0] ?? "").slice(0, 2_000)}`.trim();
  const recipient = { address, text, ...(address !== "" && { recipient: address }) };
  return {
    kind,
    recipients: kind === "auto-reply" ? [recipient] : [],
    original: readOriginal(material.returned, messageId === undefined ? {} : { messageId }),
    format: kind === "auto-reply" ? "rfc3834" : "message",
  };
}
