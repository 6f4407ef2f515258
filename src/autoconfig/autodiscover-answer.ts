// What servers answer to Autodiscover version 1: settings, another place to ask, or an error. MS-OXDSCLI §2.2.4
import { mostServers, quoted, readPlace } from "./place.ts";
import {
  type AppLogin,
  type AppProtocol,
  type AppSettings,
  type ForAddress,
  type Read,
  type Security,
  type ServerSettings,
  usualPorts,
} from "./settings.ts";
import { childrenOf, isNamed, readXml, textIn, type XmlElement } from "./xml-reader.ts";

export interface AutodiscoverError {
  /** 500: no such address here; 600: the request makes no sense; 601: an answer of this kind is not to be had. */
  readonly code: number;
  readonly message: string;
}

export type AutodiscoverAnswer =
  | Read
  /** Ask again, for this address. */
  | { readonly kind: "other-address"; readonly address: string }
  /** Ask again, there. */
  | { readonly kind: "other-url"; readonly url: string }
  | ({ readonly kind: "error" } & AutodiscoverError);

/** The answer to `writeAutodiscoverRequest`. */
export function readAutodiscover(xml: string, address: ForAddress): AutodiscoverAnswer {
  const read = readXml(xml);
  if (read.kind === "unreadable") return read;
  const response = childrenOf(read.element, "Response")[0];
  if (!isNamed(read.element, "Autodiscover") || response === undefined)
    return { kind: "unreadable", why: 'It is no answer: "Autodiscover" with a "Response" in it is missing.' };
  const error = [response, ...childrenOf(response, "Account")].flatMap((place) => childrenOf(place, "Error"))[0];
  if (error !== undefined) {
    const message = textIn(error, "Message") ?? "It gives no reason.";
    return { kind: "error", code: Number.parseInt(textIn(error, "ErrorCode") ?? "0", 10) || 0, message };
  }
  return redirection(response) ?? readAccounts(response, address);
}

/** MS-OXDSCLI §2.2.4.1.1.2.3 */
function redirection(response: XmlElement): AutodiscoverAnswer | undefined {
  for (const account of childrenOf(response, "Account")) {
    const [address, url] = [textIn(account, "RedirectAddr"), textIn(account, "RedirectUrl")];
    // an account that has settings goes before what stands beside them
    if (childrenOf(account, "Protocol").length > 0) continue;
    if (url !== undefined) return { kind: "other-url", url };
    if (address !== undefined) return { kind: "other-address", address };
  }
  return undefined;
}

function readAccounts(response: XmlElement, address: ForAddress): Read {
  const protocols = childrenOf(response, "Account").flatMap((account) => childrenOf(account, "Protocol"));
  const servers: ServerSettings[] = [];
  const skipped: string[] = [];
  const ours = protocols.flatMap((protocol) => {
    const type = protocolOf(protocol);
    return type === undefined ? [] : [{ protocol, type }];
  });
  for (const { protocol, type } of ours.slice(0, 3 * mostServers)) {
    const server = readProtocol(protocol, type, address);
    if (typeof server === "string") skipped.push(`The settings for ${type.toUpperCase()} are of no use: ${server}.`);
    else servers.push(server);
  }
  const incoming = servers.filter(({ protocol }) => protocol !== "smtp");
  const outgoing = servers.filter(({ protocol }) => protocol === "smtp");
  if (servers.length === 0) return { kind: "unreadable", why: skipped[0] ?? withoutServers(protocols) };
  // UsePOPAuth: as with the incoming server
  const same = incoming[0]?.username;
  const usesPopAuth = ours.some(({ type, protocol }) => type === "smtp" && isOn(protocol, "UsePOPAuth", false));
  const settings: AppSettings = {
    incoming,
    outgoing: usesPopAuth && same !== undefined ? outgoing.map((server) => ({ ...server, username: same })) : outgoing,
    pages: [],
  };
  return { kind: "settings", settings, skipped };
}

const withoutServers = (protocols: readonly XmlElement[]): string =>
  protocols.length === 0
    ? "It names no server."
    : `It names servers for ${[...new Set(protocols.map((one) => textIn(one, "Type") ?? "nothing"))].slice(0, mostServers).map(quoted).join(", ")} only, none for IMAP, POP3 or SMTP.`;

const protocolOf = (protocol: XmlElement): AppProtocol | undefined => {
  const type = (textIn(protocol, "Type") ?? protocol.attributes.get("Type") ?? "").toLowerCase();
  return (["imap", "pop3", "smtp"] as const).find((one) => one === type);
};

/** Real answers say "on" and "off", "true" and "false". */
function isOn(protocol: XmlElement, name: string, byDefault: boolean): boolean {
  const text = textIn(protocol, name)?.toLowerCase();
  return text === undefined ? byDefault : text === "on" || text === "true";
}

const starttlsPorts = new Set<number>([25, ...Object.values(usualPorts).map(({ starttls }) => starttls)]);

/** A string: what is wrong, as a clause. */
function readProtocol(protocol: XmlElement, type: AppProtocol, address: ForAddress): ServerSettings | string {
  const place = readPlace(textIn(protocol, "Server"), textIn(protocol, "Port") ?? String(usualPorts[type].tls));
  if (typeof place === "string") return place;
  const security = securityOf(protocol, place.port);
  if (security === undefined)
    return `its Encryption is ${quoted(textIn(protocol, "Encryption")!)}, and apps know "SSL", "TLS", "Auto" and "None"`;
  const isNeeded = isOn(protocol, "AuthRequired", true);
  const login: AppLogin = !isNeeded ? "none" : isOn(protocol, "SPA", false) ? "kerberos" : "password";
  return {
    protocol: type,
    ...place,
    security,
    ...(isNeeded && { username: textIn(protocol, "LoginName") ?? defaultLogin(protocol, address) }),
    logins: [login],
  };
}

/** MS-OXDSCLI §2.2.4: without LoginName, what stands before the @; with a domain, if that is required. */
const defaultLogin = (protocol: XmlElement, { localPart, domain }: ForAddress): string =>
  isOn(protocol, "DomainRequired", false) ? `${localPart}@${textIn(protocol, "DomainName") ?? domain}` : localPart;

/** `Encryption` overrides `SSL`, which says only that there is some, and is on unless it is off. Undefined: an unknown word. */
function securityOf(protocol: XmlElement, port: number): Security | undefined {
  const byPort: Security = starttlsPorts.has(port) ? "starttls" : "tls";
  switch (textIn(protocol, "Encryption")?.toLowerCase()) {
    case "ssl":
      return "tls";
    case "tls":
      return "starttls";
    case "none":
      return "none";
    case "auto":
      return byPort;
    case undefined:
      return isOn(protocol, "SSL", true) ? byPort : "none";
  }
  return undefined;
}
