// The program that keeps a list takes no message from this sender. The recipient is the list; seldom does the report name it.
import { findAddresses, firstAddress, sameAddress } from "./addresses.ts";
import type { HeaderFields } from "./header.ts";
import { readOriginal } from "./original.ts";
import type { BounceReport } from "./report.ts";
import type { ReportLines } from "./report-lines.ts";
import { whyOf } from "./why.ts";

interface ListRejection {
  readonly header: HeaderFields;
  readonly lines: ReportLines;
  readonly returned: HeaderFields | undefined;
}

export function readListRejection({ header, lines, returned }: ListRejection): BounceReport {
  const address = listIn({ header, lines, returned });
  const why = whyOf(lines.lines) ?? { text: header.text("subject") };
  return {
    kind: "failure",
    recipients: [{ address, ...(address !== "" && { recipient: address }), ...why, action: "failed", givenUp: true }],
    original: readOriginal(returned),
    format: "list",
  };
}

/** "Your request to the ann@example.org mailing list" */
const listLine = ({ lines }: ReportLines): string =>
  lines.find((line) =>
    /\blists?:? .{0,30}@|@\S{1,250} .{0,20}\blist\b|\b(?:posting|message|mail|submission) to .{0,40}@/i.test(line),
  ) ?? "";

/** "to the HIST-L list", "for list garden", where a program that keeps many lists writes. */
const nameOfList = ({ lines }: ReportLines): string | undefined => {
  const [, before, behind] =
    /\b(?:for|to) list "?([\w.-]{2,60})|\bto\s+the\s+([\w.-]{2,60})\s+list\b/i.exec(lines.slice(0, 30).join(" ")) ?? [];
  return before ?? behind;
};

const programs = /^(?:listserv|majordomo|sympa|mailman|listproc|ecartis|lyris|listmaster|mailer-daemon)@/i;

/** "garden-owner@example.org" writes for "garden@example.org". */
function listOfSender(from: string, lines: ReportLines): string {
  const domain = from.slice(from.lastIndexOf("@"));
  const name = programs.test(from)
    ? (nameOfList(lines) ?? "")
    : /^(?:owner-)?(.{1,200}?)(?:[-+](?:owner|bounces|request|admin))?@/.exec(from)?.[1];
  return name === undefined || name === "" ? "" : name + domain;
}

/** The list's address: in the subject, in the message that comes back, in List-Post, or made of the owner's. RFC 2142 §6, RFC 2369 §3.4 */
function listIn({ header, lines, returned }: ListRejection): string {
  const to = new Set(addressesOf(header.get("to")));
  const named = [header.text("subject"), listLine(lines)].flatMap(addressesOf).find((address) => !to.has(address));
  const sentTo = addressesOf(returned?.get("to") ?? "");
  const ofSender = listOfSender(firstAddress(header.get("from")) ?? "", lines);
  const isSentTo = sentTo.some((address) => sameAddress(address, ofSender));
  return named ?? (isSentTo ? ofSender : sentTo[0]) ?? firstAddress(header.get("list-post")) ?? ofSender;
}

const addressesOf = (text: string): string[] => findAddresses(text, 5).map(({ address }) => address);
