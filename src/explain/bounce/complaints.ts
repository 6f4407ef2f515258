// Feedback: someone, or his mail provider, complains of a message, or wants to get no more of them. RFC 5965, RFC 6591, RFC 6449
import { findAddresses, firstAddress, readTypedAddress } from "./addresses.ts";
import { maxRecipients } from "./anchors.ts";
import { type HeaderFields, readHeader } from "./header.ts";
import type { Material } from "./material.ts";
import { readOriginal } from "./original.ts";
import type { BounceReport, OriginalMessage } from "./report.ts";
import { mtaName } from "./status-part.ts";

/** Fields of a feedback report that name the one who complains; the first that does counts. */
const recipientFields = [
  "original-rcpt-to",
  "removal-recipient",
  "redacted-address",
  "original-recipient",
  "final-recipient",
];

/** Fields of the message itself in which providers leave the recipient. */
const returnedFields = [
  "x-hmxmroriginalrecipient",
  "x-original-to",
  "delivered-to",
  "envelope-to",
  "x-envelope-to",
  "x-apparently-to",
  "x-rcpt-to",
];

export function readFeedback(material: Material, feedback: string): BounceReport {
  const { header } = readHeader(feedback.replace(/^\s+/, ""));
  const feedbackType = /[\w-]{1,40}/.exec(header.get("feedback-type"))?.[0]?.toLowerCase() ?? "abuse";
  const told = recipientFields
    .map((name) =>
      header
        .all(name)
        .map(readTypedAddress)
        .filter((address) => address.includes("@")),
    )
    .find((addresses) => addresses.length > 0);
  const returnPath = firstAddress(header.get("original-mail-from"));
  const envelopeId = header.get("original-envelope-id");
  const original = {
    feedbackType,
    ...(returnPath !== undefined && { returnPath }),
    ...(envelopeId !== "" && { envelopeId }),
  };
  const reportedBy = mtaName(header.get("reporting-mta")) || header.get("user-agent").split("/")[0]!.trim();
  return complaint(material, {
    addresses: told ?? [],
    original,
    format: "rfc5965",
    ...(reportedBy !== "" && { reportedBy }),
  });
}

/** Hotmail's way, before it was a standard: the message alone, its recipient in a field of its own. */
export const isPlainComplaint = ({ header, returned }: Material): boolean =>
  returned !== undefined &&
  (returned.has("x-hmxmroriginalrecipient") ||
    /\b(?:complaint|abuse report|spam report|feedback report|reported as spam|junk mail report)\b/i.test(
      header.text("subject"),
    ));

export const readPlainComplaint = (material: Material): BounceReport =>
  complaint(material, { addresses: [], original: { feedbackType: "abuse" }, format: "complaint" });

/** A mail program tells a list that its user wants no more. */
export function readUnsubscribe(material: Material): BounceReport {
  const address = firstAddress(material.header.get("from"));
  return complaint(material, {
    addresses: address === undefined ? [] : [address],
    original: { feedbackType: "opt-out" },
    format: "unsubscribe",
  });
}

interface Complaint {
  readonly addresses: readonly string[];
  readonly original: OriginalMessage;
  readonly format: string;
  readonly reportedBy?: string;
}

function complaint(material: Material, { addresses, original, format, reportedBy }: Complaint): BounceReport {
  const { returned } = material;
  const sentTo = (returned === undefined ? undefined : recipientIn(returned)) ?? "";
  const whose = addresses.length > 0 ? [...new Set(addresses)].slice(0, maxRecipients) : [sentTo];
  const text = material.header.text("subject");
  return {
    kind: "complaint",
    recipients: whose.map((address) => ({ address, text, ...(address !== "" && { recipient: address }) })),
    original: readOriginal(returned, original),
    ...(reportedBy !== undefined && { reportedBy }),
    format,
  };
}

/** Whom the message was sent to; To counts where it names one only. */
function recipientIn(returned: HeaderFields): string | undefined {
  for (const name of returnedFields) {
    const address = firstAddress(returned.get(name));
    if (address !== undefined) return address;
  }
  const to = findAddresses(returned.get("to"), 2);
  return to.length === 1 ? to[0]!.address : undefined;
}
