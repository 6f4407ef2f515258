// The part of a notice that programs read. RFC 3464 §2, RFC 3461 §6.3, §9.2, RFC 6533 §3, §4.
import { type Domain, isInternational, parseAddressLiteral, parseDomain } from "../mail/address.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { formatDate } from "../mail/header.ts";
import { formatReply, type Reply } from "../mail/reply.ts";
import { statusOf } from "../explain/failure.ts";
import { asciiAddress, asciiText, clean, cleanAddress, textLimits } from "../mail/foreign-text.ts";
import { foldField } from "./lines.ts";
import type { ExplainedRecipient, ExplainedRequest } from "./notice.ts";

/** `ascii`: everything else is written as `\x{E4}`, so that the part is message/delivery-status. */
export type ReportCharset = "ascii" | "utf-8";

/** Fields of the message, an empty line, fields of each recipient, with CRLF. */
export function writeReport(request: ExplainedRequest, charset: ReportCharset): string {
  return [
    messageFields(request, charset),
    ...request.recipients.map((recipient) => recipientFields(request, recipient, charset)),
  ]
    .map((fields) => fields.join(""))
    .join("\r\n");
}

function messageFields({ message, hostname }: ExplainedRequest, charset: ReportCharset): string[] {
  const envid = fieldText(clean(message.envid ?? "", textLimits.replyLine), charset);
  return [
    ...(envid === "" ? [] : [foldField("Original-Envelope-Id", envid)]),
    foldField("Reporting-MTA", `dns; ${hostname}`),
    foldField("Arrival-Date", formatDate(message.receivedAt)),
  ];
}

function recipientFields({ action }: ExplainedRequest, told: ExplainedRecipient, charset: ReportCharset): string[] {
  const { recipient, failure, attemptedAt, willRetryUntil } = told;
  const host = told.host ?? (failure && hostOf(failure));
  const mta = host && mtaName(host);
  const reply = told.reply ?? (failure && replyOf(failure));
  return [
    ...originalRecipient(told, charset),
    foldField("Final-Recipient", addressText("rfc822", recipient.address, charset)),
    foldField("Action", action),
    foldField("Status", statusText(told, action === "failed")),
    ...(mta === undefined ? [] : [foldField("Remote-MTA", `dns; ${mta}`)]),
    ...diagnosticCode(told, reply, charset),
    ...(attemptedAt === undefined ? [] : [foldField("Last-Attempt-Date", formatDate(attemptedAt))]),
    // RFC 3464 §2.3.9: for delayed only
    ...(willRetryUntil === undefined || action !== "delayed"
      ? []
      : [foldField("Will-Retry-Until", formatDate(willRetryUntil))]),
  ];
}

/** RFC 3461 §6.3: ORCPT as it was given, or no field. */
function originalRecipient({ recipient: { orcpt } }: ExplainedRecipient, charset: ReportCharset): string[] {
  if (orcpt === undefined || !/^[\w-]{1,64}$/.test(orcpt.type)) return [];
  return [foldField("Original-Recipient", addressText(orcpt.type, orcpt.address, charset))];
}

/** RFC 6533 §3: the type of an international address is utf-8, in ASCII surroundings in utf-8-addr-xtext. */
function addressText(type: string, address: string, charset: ReportCharset): string {
  const fit = cleanAddress(address);
  if (!isInternational(fit))
    return `${type};${type.toLowerCase() === "utf-8" && charset === "ascii" ? asciiAddress(fit) : fit}`;
  return `utf-8;${charset === "ascii" ? asciiAddress(fit) : fit}`;
}

function statusText({ failure, reply }: ExplainedRecipient, permanent: boolean): string {
  if (failure !== undefined) return statusOf(failure, permanent);
  return reply?.enhanced?.startsWith("2.") ? reply.enhanced : "2.0.0";
}

function diagnosticCode(
  { explanation }: ExplainedRecipient,
  reply: Reply | undefined,
  charset: ReportCharset,
): string[] {
  if (reply !== undefined) {
    // RFC 3461 §9.2: the lines of a reply as they came, each on a line of its own
    const fit = reply.lines.slice(0, textLimits.replyLines).map((line) => clean(line, textLimits.replyLine));
    const [first, ...more] = fieldText(formatReply({ ...reply, lines: fit }), charset)
      .trimEnd()
      .split("\r\n");
    return [foldField("Diagnostic-Code", `smtp; ${first}`, ...more)];
  }
  const fact = explanation?.fact ?? "";
  return fact === "" ? [] : [foldField("Diagnostic-Code", `x-waybill; ${fieldText(fact, charset)}`)];
}

const fieldText = (text: string, charset: ReportCharset): string => (charset === "ascii" ? asciiText(text) : text);

/** The reply behind a failure, if a reply is behind it. */
const replyOf = (failure: Failure): Reply | undefined => {
  if (failure.kind === "expired") return failure.last && replyOf(failure.last);
  return failure.kind === "refused" ? failure.reply : undefined;
};

/** The machine behind a failure, if one is. */
const hostOf = (failure: Failure): RemoteHost | undefined => {
  if (failure.kind === "expired") return failure.last && hostOf(failure.last);
  return "host" in failure ? failure.host : undefined;
};

/** RFC 3464 §2.1.2: a name or an address literal; undefined for what is neither (the path of a socket). */
const mtaName = ({ name, address = "" }: RemoteHost): Domain | undefined =>
  addressLiteral(name) ?? parseDomain(name) ?? addressLiteral(address);

const addressLiteral = (address: string): Domain | undefined =>
  parseAddressLiteral(`[${address}]`) ?? parseAddressLiteral(`[IPv6:${address}]`);
