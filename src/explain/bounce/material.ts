// What of a message's parts matters for a report: words for people, fields for machines, the message that comes back.
import { type HeaderFields, readHeader } from "./header.ts";
import { octetsOfMessage, type Part, textOf } from "./mime.ts";
import { hasStatusFields } from "./status-part.ts";

export interface Material {
  readonly header: HeaderFields;
  readonly type: string;
  /** Texts in front of the message that comes back; behind it only where there are none in front. */
  readonly texts: readonly string[];
  /** Delivery statuses by their type. */
  readonly statuses: readonly string[];
  /** Texts that have such fields in them. */
  readonly likeStatuses: readonly string[];
  readonly feedback?: string;
  /** A disposition notification. RFC 8098 */
  readonly disposition?: string;
  /** Header of the message that comes back. */
  readonly returned?: HeaderFields;
  /** The message that comes back as a part, its header included: it may be the report itself, forwarded. */
  readonly enclosed?: string;
}

type Draft = { -readonly [K in keyof Material]: Material[K] } & {
  texts: string[];
  statuses: string[];
  likeStatuses: string[];
  late: string[];
};

export function materialOf(message: Part): Material {
  const draft: Draft = {
    header: message.header,
    type: message.type,
    texts: [],
    statuses: [],
    likeStatuses: [],
    late: [],
  };
  collect(message, draft);
  const { late, ...material } = draft;
  return material.texts.length > 0 ? material : { ...material, texts: late };
}

function collect(part: Part, draft: Draft): void {
  const kind = kindOfPart(part);
  switch (kind) {
    case "status":
      draft.statuses.push(textOf(part));
      return;
    case "feedback":
      draft.feedback ??= textOf(part);
      return;
    case "disposition":
      draft.disposition ??= textOf(part);
      return;
    case "message":
      takeReturned(part, draft);
      return;
    case "multipart":
      collectParts(part, draft);
      return;
    case "text":
      takeText(part, draft);
      return;
    case "ignored":
      return;
  }
}

function kindOfPart({
  type,
  parts,
  header,
}: Part): "status" | "feedback" | "disposition" | "message" | "multipart" | "text" | "ignored" {
  if (parts.length > 0) return "multipart";
  if (type.endsWith("/delivery-status") || type.endsWith("/global-delivery-status")) return "status";
  if (type.endsWith("/feedback-report")) return "feedback";
  if (type.endsWith("disposition-notification")) return "disposition";
  if (
    type.startsWith("message/") ||
    type === "text/rfc822-headers" ||
    type === "text/rfc822" ||
    type === "text/rfc822-header"
  )
    return "message";
  if (type.startsWith("text/")) return "text";
  if (type.startsWith("multipart/")) return "text"; // no boundary was found in it
  return /\.(?:txt|eml|log)\b/i.test(header.get("content-disposition") + header.get("content-type"))
    ? "text"
    : "ignored";
}

/** Of alternatives that say the same the plain one; HTML where it is empty. */
function collectParts({ type, parts }: Part, draft: Draft): void {
  const plain = parts.find((part) => part.type === "text/plain" && part.body.trim() !== "");
  const html = parts.find((part) => part.type === "text/html");
  const chosen = type === "multipart/alternative" ? plain : undefined;
  for (const part of parts) if (chosen === undefined || part !== html) collect(part, draft);
}

function takeReturned(part: Part, draft: Draft): void {
  const octets = octetsOfMessage(part);
  const { header } = readHeader(octets);
  if (part.type.startsWith("message/")) draft.enclosed ??= octets;
  if (header.size > 0) draft.returned ??= header;
}

/** A report that someone forwarded: each line with a mark in front. */
function unquoted(text: string): string {
  if (!text.includes("\n>")) return text;
  const lines = text.split("\n");
  const quoted = lines.filter((line) => line.startsWith("> ") || line === ">").length;
  return quoted < 8 || quoted * 2 < lines.length ? text : lines.map((line) => line.replace(/^> ?/, "")).join("\n");
}

function takeText(part: Part, draft: Draft): void {
  // a message that comes back without a type of its own: its header is the part's
  if (
    part.header !== draft.header &&
    part.header.has("from") &&
    (part.header.has("subject") || part.header.has("received"))
  ) {
    draft.returned ??= part.header;
    return;
  }
  const text = unquoted(textOf(part));
  if (text.trim() === "") return;
  if (hasStatusFields(text)) draft.likeStatuses.push(text);
  else if (/(?:^|\n)feedback-type[ \t]{0,3}:/i.test(text) && /(?:^|\n)(?:version|user-agent)[ \t]{0,3}:/i.test(text))
    draft.feedback ??= text;
  if (draft.returned === undefined) draft.texts.push(text);
  else draft.late.push(text);
}
