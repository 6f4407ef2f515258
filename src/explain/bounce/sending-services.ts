// Notifications of sending services: JSON in the text of a mail. Amazon SES by way of SNS.
import { firstAddress } from "./addresses.ts";
import type { BounceReport, OriginalMessage, ReportedAction, ReportedRecipient } from "./report.ts";
import { findReplies, statusIn, withoutRepeatedCodes } from "./reply-text.ts";

type Json = Readonly<Record<string, unknown>>;

/** Undefined: the text is no such notification. */
export function readNotification(text: string): BounceReport | undefined {
  if (!/"(?:notificationType|eventType)"\s{0,5}:/.test(text.slice(0, 20_000))) return undefined;
  const notification = parseFirstObject(text);
  if (notification === undefined) return undefined;
  // SNS wraps the notification in a message of its own
  const inner = typeof notification["Message"] === "string" ? parseFirstObject(notification["Message"]) : undefined;
  return readEvent(inner ?? notification);
}

/** JSON from the first brace to the end of its line, or to the last brace: a footer stands below it. */
function parseFirstObject(text: string): Json | undefined {
  const start = text.indexOf("{");
  if (start === -1) return undefined;
  const footer = text.indexOf("\n--\n", start);
  const until = footer === -1 ? text.length : footer;
  const end = text.lastIndexOf("}", until) + 1;
  // long lines are folded by mail programs: a line end within a string is not JSON
  return parse(text.slice(start, end)) ?? parse(text.slice(start, end).replaceAll(/\n/g, ""));
}

function parse(text: string): Json | undefined {
  try {
    return object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const object = (value: unknown): Json | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const string = (value: unknown): string => (typeof value === "string" ? value : "");

function readEvent(event: Json): BounceReport | undefined {
  const type = string(event["notificationType"] ?? event["eventType"]);
  const original = originalOf(object(event["mail"]));
  const base = { original, format: "amazon-ses" } as const;
  switch (type) {
    case "Bounce":
      return { ...base, ...bounceOf(object(event["bounce"]) ?? {}) };
    case "Complaint": {
      const complaint = object(event["complaint"]) ?? {};
      const feedbackType = string(complaint["complaintFeedbackType"]) || "abuse";
      const recipients = addressesOf(complaint["complainedRecipients"]).map((address) => ({
        address,
        recipient: address,
        text: feedbackType,
      }));
      return { ...base, kind: "complaint", recipients, original: { ...original, feedbackType } };
    }
    case "Delivery": {
      const delivery = object(event["delivery"]) ?? {};
      const text = string(delivery["smtpResponse"]) || "delivered";
      return {
        ...base,
        kind: "delivered",
        recipients: addressesOf(delivery["recipients"]).map((address) => ({
          address,
          recipient: address,
          text,
          action: "delivered",
        })),
      };
    }
    case "DeliveryDelay": {
      const delay = object(event["deliveryDelay"]) ?? {};
      return {
        ...base,
        kind: "delay",
        recipients: list(delay["delayedRecipients"]).map((entry) =>
          recipientOf(object(entry) ?? {}, "delayed", string(delay["delayType"])),
        ),
      };
    }
    default:
      return undefined;
  }
}

function bounceOf(bounce: Json): Pick<BounceReport, "kind" | "recipients" | "reportedBy"> {
  const kinds = [bounce["bounceType"], bounce["bounceSubType"]].map(string).filter((text) => text !== "");
  const recipients = list(bounce["bouncedRecipients"]).map((entry) =>
    recipientOf(object(entry) ?? {}, "failed", kinds.join(" ")),
  );
  const reportedBy = string(bounce["reportingMTA"]).replace(/^\s*\w{1,10};\s*/, "");
  return { kind: "failure", recipients, ...(reportedBy !== "" && { reportedBy }) };
}

function recipientOf(entry: Json, action: ReportedAction, kinds: string): ReportedRecipient {
  const address = firstAddress(string(entry["emailAddress"])) ?? "";
  const diagnostic = string(entry["diagnosticCode"]).replace(/^\s*[\w-]{1,20};\s*/, "");
  const status = statusIn(string(entry["status"]));
  const code = findReplies(diagnostic)[0]?.code;
  return {
    address,
    recipient: address,
    text: diagnostic === "" ? kinds : withoutRepeatedCodes(diagnostic),
    action,
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(action === "failed" && { givenUp: true }),
  };
}

const addressesOf = (value: unknown): string[] =>
  list(value).map((entry) => firstAddress(string(object(entry)?.["emailAddress"] ?? entry)) ?? "");

function originalOf(mail: Json | undefined): OriginalMessage {
  const headers = object(mail?.["commonHeaders"]);
  const facts: readonly (readonly [keyof OriginalMessage, string])[] = [
    ["messageId", string(headers?.["messageId"])],
    ["subject", string(headers?.["subject"])],
    ["from", string(list(headers?.["from"])[0])],
    ["to", list(headers?.["to"]).map(string).join(", ")],
    ["date", string(headers?.["date"] ?? mail?.["timestamp"])],
    ["envelopeId", string(mail?.["messageId"])],
    ["returnPath", string(mail?.["source"])],
  ];
  return Object.fromEntries(facts.filter(([, value]) => value !== ""));
}
