// Apple's configuration profile (.mobileconfig): mail on an iPhone, iPad or Mac with one tap. It has no password in it: the
// device asks for it.
import { createHash } from "node:crypto";
import type { AppLogin, AppSettings, ServerSettings } from "./settings.ts";
import { element, formatXml, type XmlNode } from "./xml-writer.ts";

interface ProfileOwner {
  readonly address: string;
  /** As others see it; without it, the device asks. */
  readonly name?: string;
}

export const profileContentType = "application/x-apple-aspen-config";

/**
 * `settings` must be whole (`isWhole`) and made for this address. The identifiers are the same each time: to install it again
 * replaces what it set up.
 */
export function writeProfile(settings: AppSettings, { address, name }: ProfileOwner): string {
  const [incoming, outgoing] = [settings.incoming[0]!, settings.outgoing[0]!];
  const provider = settings.name ?? incoming.host;
  const identifier = `${reversed(address)}.${uuidOf(`identifier ${address}`)}`;
  const account: Dict = {
    PayloadType: "com.apple.mail.managed",
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.mail`,
    PayloadUUID: uuidOf(`mail ${address}`),
    PayloadDisplayName: address,
    EmailAccountDescription: provider,
    ...(name !== undefined && { EmailAccountName: name }),
    EmailAccountType: incoming.protocol === "pop3" ? "EmailTypePOP" : "EmailTypeIMAP",
    EmailAddress: address,
    ...serverKeys("Incoming", incoming),
    ...serverKeys("Outgoing", outgoing),
    OutgoingPasswordSameAsIncomingPassword: true,
  };
  return formatPlist({
    PayloadType: "Configuration",
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: uuidOf(`profile ${address}`),
    PayloadDisplayName: address,
    PayloadDescription: `${provider}: ${address}`,
    PayloadOrganization: provider,
    PayloadRemovalDisallowed: false,
    PayloadContent: [account],
  });
}

/** Apple's devices use STARTTLS by themselves where the port is one for it. */
const serverKeys = (direction: "Incoming" | "Outgoing", server: ServerSettings): Dict => ({
  [`${direction}MailServerHostName`]: server.host,
  [`${direction}MailServerPortNumber`]: server.port,
  [`${direction}MailServerUseSSL`]: server.security !== "none",
  [`${direction}MailServerAuthentication`]: authenticationOf(server.logins),
  ...(server.username !== undefined && { [`${direction}MailServerUsername`]: server.username }),
});

/** Profiles for mail know no OAuth: there, and where nothing is said, it is a password. */
function authenticationOf(logins: readonly AppLogin[]): string {
  const known: Partial<Record<AppLogin, string>> = {
    password: "EmailAuthPassword",
    encrypted: "EmailAuthCRAMMD5",
    kerberos: "EmailAuthNTLM",
    none: "EmailAuthNone",
  };
  return logins.flatMap((login) => known[login] ?? [])[0] ?? "EmailAuthPassword";
}

/** "ann@mail.example.org" → "org.example.mail" */
const reversed = (address: string): string =>
  address
    .slice(address.lastIndexOf("@") + 1)
    .split(".")
    .toReversed()
    .join(".");

/** RFC 9562 §5.8: of our own making, from a hash. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(`waybill ${text}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    .toUpperCase();
}

type Value = string | number | boolean | readonly Dict[];
type Dict = { readonly [key: string]: Value };

const doctype =
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">';

const formatPlist = (dict: Dict): string => formatXml(element("plist", [dictOf(dict)], { version: "1.0" }), doctype);

const dictOf = (dict: Dict): XmlNode =>
  element(
    "dict",
    Object.entries(dict).flatMap(([key, value]) => [element("key", key), valueOf(value)]),
  );

function valueOf(value: Value): XmlNode {
  if (typeof value === "string") return element("string", value);
  if (typeof value === "number") return element("integer", value);
  if (typeof value === "boolean") return element(String(value), "");
  return element("array", value.map(dictOf));
}
