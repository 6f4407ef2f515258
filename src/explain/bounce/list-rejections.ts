// The program that keeps a list takes no message from this sender. The recipient is the list; seldom does the report name it.
import { findAddresses, firstAddress } from "./addresses.ts";
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

/** The list's address: in the subject, in the message that comes back, in List-Post, or before the owner's. RFC 2142 §6, RFC 2369 §3.4 */
function listIn({ header, lines, returned }: ListRejection): string {
  const to = new Set(findAddresses(header.get("to")).map(({ address }) => address));
  const named = [header.text("subject"), listLine(lines)]
    .flatMap((text) => findAddresses(text, 5))
    .map(({ address }) => address);
  const sentTo = findAddresses(returned?.get("to") ?? "", 5).map(({ address }) => address);
  const from = firstAddress(header.get("from")) ?? "";
  const [, list = "", domain = ""] =
    /^(?:owner-)?(.{1,200}?)(?:[-+](?:owner|bounces|request|admin))?(@.{1,250})$/.exec(from) ?? [];
  const [local, host] = [list.toLowerCase(), domain.toLowerCase()];
  const ofList = sentTo.find((address) => address.toLowerCase() === local + host);
  const post = firstAddress(header.get("list-post"));
  const isProgram = /^(?:listserv|majordomo|sympa|mailman|listproc|ecartis|lyris|listmaster|mailer-daemon)$/.test(
    local,
  );
  return named.find((address) => !to.has(address)) ?? ofList ?? sentTo[0] ?? post ?? (isProgram ? "" : list + domain);
}
