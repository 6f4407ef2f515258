// Mozilla's autoconfig, config-v1.1.xml: what Thunderbird, K-9 and others fetch from a domain and from the public directory.
// draft-ietf-mailmaint-autoconfig
import { mostServers, quoted, readPlace } from "./place.ts";
import type { AppLogin, AppSettings, ForAddress, Read, Security, ServerSettings } from "./settings.ts";
import { childrenOf, isNamed, readXml, textIn, type XmlElement } from "./xml-reader.ts";
import { element, formatXml, type XmlNode } from "./xml-writer.ts";

/** Settings for this address are for everyone: apps put their own in the place of its parts. */
export const anyAddress: ForAddress = { localPart: "%EMAILLOCALPART%", domain: "%EMAILDOMAIN%" };

const anyUsername = `${anyAddress.localPart}@${anyAddress.domain}`;

const securityNames: Readonly<Record<string, Security>> = { SSL: "tls", STARTTLS: "starttls", plain: "none" };

/** The name that is written comes first; further ones are read, "plain" and "secure" as old files have them. */
const loginNames: Readonly<Record<AppLogin, readonly [string, ...string[]]>> = {
  password: ["password-cleartext", "plain"],
  encrypted: ["password-encrypted", "secure"],
  oauth2: ["OAuth2"],
  kerberos: ["GSSAPI", "NTLM"],
  "client-certificate": ["TLS-client-cert"],
  none: ["none", "client-IP-address"],
};

/** Mail by other protocols than ours is no mistake in a file. */
const otherTypes = new Set(["exchange", "ews", "eas", "activesync", "jmap", "graph", "webdav"]);

/** The settings that an app would use for this address; `skipped` tells of servers that are of no use. */
export function readAutoconfig(xml: string, address: ForAddress): Read {
  const read = readXml(xml);
  if (read.kind === "unreadable") return read;
  const root = read.element;
  if (!isNamed(root, "clientConfig"))
    return { kind: "unreadable", why: `It begins with ${quoted(root.name)}; settings begin with "clientConfig".` };
  const providers = childrenOf(root, "emailProvider");
  const isFor = (one: XmlElement): boolean => childrenOf(one, "domain").some(({ text }) => text === address.domain);
  const provider = providers.find(isFor) ?? providers[0];
  if (provider === undefined) return { kind: "unreadable", why: 'It has no "emailProvider" in it.' };
  const incoming = readServers(provider, "incomingServer", address);
  const outgoing = readServers(provider, "outgoingServer", address);
  const skipped = [...incoming.skipped, ...outgoing.skipped];
  if (incoming.servers.length + outgoing.servers.length === 0)
    return { kind: "unreadable", why: skipped[0] ?? "It names no server for IMAP, POP3 or SMTP." };
  const name = textIn(provider, "displayName");
  const settings: AppSettings = {
    ...(name !== undefined && { name: fill(name, address) }),
    incoming: incoming.servers,
    outgoing: outgoing.servers,
    pages: [provider, root].flatMap((place) => readPages(place, address)),
  };
  return { kind: "settings", settings, skipped };
}

function readServers(
  provider: XmlElement,
  kind: "incomingServer" | "outgoingServer",
  address: ForAddress,
): { readonly servers: readonly ServerSettings[]; readonly skipped: readonly string[] } {
  const servers: ServerSettings[] = [];
  const skipped: string[] = [];
  for (const [i, server] of childrenOf(provider, kind).slice(0, mostServers).entries()) {
    const type = (server.attributes.get("type") ?? (kind === "outgoingServer" ? "smtp" : "")).toLowerCase();
    const read = otherTypes.has(type) ? undefined : readServer(server, type, address);
    if (typeof read === "string") skipped.push(`${kind} ${i + 1} is of no use: ${read}.`);
    else if (read !== undefined) servers.push(read);
  }
  return { servers, skipped };
}

/** A string: what is wrong, as a clause. */
function readServer(server: XmlElement, type: string, address: ForAddress): ServerSettings | string {
  const isIncoming = isNamed(server, "incomingServer");
  const protocol = isIncoming ? (["imap", "pop3"] as const).find((one) => one === type) : "smtp";
  if (protocol === undefined || (!isIncoming && type !== "smtp")) return `apps know no type ${quoted(type)} there`;
  const host = textIn(server, "hostname");
  const place = readPlace(host && fill(host, address), textIn(server, "port"));
  if (typeof place === "string") return place;
  const wanted = textIn(server, "socketType");
  const security = wanted === undefined ? undefined : byName(securityNames, wanted);
  if (security === undefined)
    return `${wanted === undefined ? "it has no socketType" : `its socketType is ${quoted(wanted)}`}, and apps know "SSL", "STARTTLS" and "plain"`;
  const logins = childrenOf(server, "authentication").flatMap(({ text }) => loginOf(text) ?? []);
  const written = textIn(server, "username");
  const username = written === undefined ? undefined : fill(written, address);
  return {
    protocol,
    ...place,
    security,
    // what is not filled in by now, a person would have to be asked for
    ...(username !== undefined && !/%[A-Z\d]+%/.test(username) && { username }),
    logins: [...new Set(logins)],
    ...(childrenOf(server, "restriction").some(({ text }) => text === "client-IP-address") && {
      fromItsNetworkOnly: true,
    }),
  };
}

const byName = <T>(names: Readonly<Record<string, T>>, written: string): T | undefined =>
  Object.entries(names).find(([name]) => name.toLowerCase() === written.toLowerCase())?.[1];

const loginOf = (written: string): AppLogin | undefined =>
  (Object.keys(loginNames) as AppLogin[]).find((login) =>
    loginNames[login].some((name) => name.toLowerCase() === written.toLowerCase()),
  );

/** Apps fill these in wherever they stand. */
function fill(text: string, { localPart, domain }: ForAddress): string {
  const values = { ADDRESS: `${localPart}@${domain}`, LOCALPART: localPart, DOMAIN: domain } as const;
  return text.replaceAll(/%EMAIL(ADDRESS|LOCALPART|DOMAIN)%/g, (_all, name: keyof typeof values) => values[name]);
}

/** Pages for people, each with what its text in English says, or in the first language there is. */
function readPages(place: XmlElement, address: ForAddress): AppSettings["pages"] {
  const kinds = [
    { page: "documentation", url: "url", text: "descr" },
    { page: "enable", url: "visiturl", text: "instruction" },
  ] as const;
  return kinds.flatMap(({ page, url, text }) =>
    childrenOf(place, page)
      .slice(0, mostServers)
      .flatMap((element) => {
        const target = URL.parse(fill(element.attributes.get(url) ?? "", address));
        if (target === null || !/^https?:$/.test(target.protocol)) return [];
        const texts = childrenOf(element, text);
        const words = (texts.find(({ attributes }) => attributes.get("lang") === "en") ?? texts[0])?.text;
        return [{ url: target.href, ...(words && { text: fill(words, address) }) }];
      }),
  );
}

export interface Provider {
  /** The domains that the settings are for; the first is its id. */
  readonly domains: readonly string[];
}

/** `settings` must be whole (`isWhole`). */
export function writeAutoconfig(settings: AppSettings, { domains }: Provider): string {
  const [id = ""] = domains;
  const name = settings.name ?? id;
  const provider = [
    ...domains.map((domain) => element("domain", domain)),
    element("displayName", name),
    element("displayShortName", name),
    ...settings.incoming.map((server) => writeServer("incomingServer", server)),
    ...settings.outgoing.map((server) => writeServer("outgoingServer", server)),
    ...settings.pages.map(({ url, text }) =>
      element("documentation", text === undefined ? [] : [element("descr", text, { lang: "en" })], { url }),
    ),
  ];
  return formatXml(element("clientConfig", [element("emailProvider", provider, { id })], { version: "1.1" }));
}

function writeServer(kind: "incomingServer" | "outgoingServer", server: ServerSettings): XmlNode {
  const { protocol, host, port, security, username = anyUsername, logins } = server;
  const [socketType] = Object.entries(securityNames).find(([, one]) => one === security)!;
  const parts = [
    element("hostname", host),
    element("port", port),
    element("socketType", socketType),
    element("username", username.replace(anyUsername, "%EMAILADDRESS%")),
    ...(logins.length === 0 ? (["password"] as const) : logins).map((login) =>
      element("authentication", loginNames[login][0]),
    ),
    ...(server.fromItsNetworkOnly === true ? [element("restriction", "client-IP-address")] : []),
  ];
  return element(kind, parts, { type: protocol });
}
