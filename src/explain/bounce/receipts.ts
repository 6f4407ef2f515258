// A recipient's program tells what became of a message: displayed, deleted, … RFC 8098
import { firstAddress, readTypedAddress } from "./addresses.ts";
import { readHeader } from "./header.ts";
import type { Material } from "./material.ts";
import { readOriginal } from "./original.ts";
import type { BounceReport } from "./report.ts";
import { mtaName } from "./status-part.ts";

/** A message that was displayed, or deleted unread, has arrived. RFC 8098 §3.2.6: `failed` says that it could not be dealt with. */
export function readReceipt(material: Material, disposition: string): BounceReport {
  const { header } = readHeader(disposition.replace(/^\s+/, ""));
  const [final, original] = [header.get("final-recipient"), header.get("original-recipient")].map(readTypedAddress);
  const address =
    [final!, original!, firstAddress(material.header.get("from")) ?? ""].find((text) => text.includes("@")) ?? "";
  const text = header.get("disposition") || material.header.text("subject");
  const hasFailed = /;\s{0,5}failed\b/i.test(text) || header.has("failure");
  const messageId = header.get("original-message-id");
  const reportedBy = mtaName(header.get("reporting-ua")) || mtaName(header.get("mdn-gateway"));
  return {
    kind: hasFailed ? "failure" : "delivered",
    recipients: [
      {
        address,
        text: hasFailed ? header.get("failure") || text : text,
        recipient: address,
        action: hasFailed ? "failed" : "delivered",
        ...(hasFailed && { givenUp: true }),
      },
    ],
    original: readOriginal(material.returned, messageId === "" ? {} : { messageId }),
    ...(reportedBy !== "" && { reportedBy }),
    format: "rfc8098",
  };
}
