// Autodiscover version 2: a small JSON answer to /autodiscover/autodiscover.json?Email=…&Protocol=…, which says where the service
// for one protocol is.
import { shortLine } from "../mail/printable.ts";
import { quoted } from "./place.ts";

export type AutodiscoverV2Answer =
  | { readonly kind: "url"; readonly protocol: string; readonly url: string }
  /** "ProtocolNotSupported", "UserNotFound". */
  | { readonly kind: "error"; readonly code: string; readonly message: string }
  | { readonly kind: "unreadable"; readonly why: string };

const maxChars = 16 * 1024;

export function readAutodiscoverV2(json: string): AutodiscoverV2Answer {
  const { Protocol, Url, ErrorCode, ErrorMessage } = parse(json) ?? {};
  if (typeof Url === "string" && URL.canParse(Url))
    return { kind: "url", protocol: typeof Protocol === "string" ? Protocol : "", url: Url };
  if (typeof ErrorCode === "string")
    return { kind: "error", code: ErrorCode, message: typeof ErrorMessage === "string" ? ErrorMessage : "" };
  return {
    kind: "unreadable",
    why: `It is no JSON with a "Url" or an "ErrorCode": ${quoted(shortLine(json, 60, "…"))}.`,
  };
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  if (json.length > maxChars) return undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** What a server without Exchange says to `Protocol=…`: where version 1 is, and that it has no other. */
export function writeAutodiscoverV2(
  protocol: string | undefined,
  v1Url: string,
): { readonly status: 200 | 400; readonly body: Readonly<Record<string, string>> } {
  const fail = (ErrorCode: string, ErrorMessage: string) =>
    ({ status: 400, body: { ErrorCode, ErrorMessage } }) as const;
  if (protocol === undefined || protocol === "")
    return fail("MandatoryParameterMissing", 'The parameter "Protocol" is missing: "AutodiscoverV1" is known here.');
  if (protocol.toLowerCase() === "autodiscoverv1")
    return { status: 200, body: { Protocol: "AutodiscoverV1", Url: v1Url } };
  return fail("ProtocolNotSupported", `The protocol ${quoted(protocol)} is not known here, "AutodiscoverV1" is.`);
}
