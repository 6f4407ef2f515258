// Names, addresses and places as people write them in waybill.toml, and in the form that the server compares.
import { isIP, isIPv4, isIPv6 } from "node:net";
import type { Address } from "../mail/address.ts";
import { localPartOf, parseAddress, parseDomain } from "../mail/address.ts";
import { patternKind, Refusal, textKind } from "./kind.ts";
import { show } from "./show.ts";

/** Text with at least one character. */
export const text = patternKind({ name: "text", write: 'Write it in quotes: "…".', examples: [] }, /./s);

/** Name of a file or folder. */
export const filePath = patternKind(
  { name: "a file name", write: "Write its name in quotes.", examples: ["/etc/waybill/file"] },
  // eslint-disable-next-line no-control-regex -- no file system takes a NUL
  /^[^\0]+$/,
);

const hostPattern =
  /^(?=.{1,253}$)(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/** Labels of letters, digits and hyphens; in lower case. */
export const hostName = textKind(
  {
    name: "a host name",
    write: 'Write a name such as "mail.example.org".',
    examples: ["mail.example.org"],
    json: { type: "string", pattern: hostPattern.source },
  },
  (written) => {
    if (isIP(written) !== 0) return new Refusal(`${show(written)} is an address, not a host name`);
    return hostPattern.test(written) ? written.toLowerCase() : undefined;
  },
);

const toDomain = (written: string): string | undefined => (isIP(written) === 0 ? parseDomain(written) : undefined);

/** → lower-case A-labels. */
export const domainName = textKind(
  { name: "a domain", write: 'Write only what stands behind the @: "example.org".', examples: ["example.org"] },
  toDomain,
);

/** As `domainName`; the dot at its end, with which DNS tools write it, is dropped. */
export const zoneName = textKind(
  {
    name: "a domain",
    write: 'Write the zone as its operator names it: "list.example.org".',
    examples: ["example.org"],
  },
  (written) => toDomain(written.replace(/\.$/, "")),
);

/** "example.org" or "*.example.org" → the same in lower-case A-labels. */
export const domainPattern = textKind(
  {
    name: "a domain",
    write:
      'Write "example.org" for this domain, "*.example.org" for all below it; leave the line out for all recipients.',
    examples: ["example.org", "*.example.org"],
  },
  (written) => {
    const wildcard = written.startsWith("*.") ? "*." : "";
    const domain = toDomain(written.slice(wildcard.length));
    return domain && `${wildcard}${domain}`;
  },
);

/** → the address in canonical form (`Address` of mail/address.ts). */
export const mailAddress = textKind(
  { name: "a mail address", write: 'Write it in full: "ann@example.org".', examples: ["ann@example.org"] },
  (written): string | undefined => parseAddress(written),
);

const toLocalPart = (written: string): string | undefined => {
  const address: Address | undefined = parseAddress(`${written}@example.org`);
  return address && localPartOf(address);
};

/** An address or a local part, in canonical form. */
export const aliasTarget = textKind(
  {
    name: "a mail address",
    write: 'Write "ann@example.org", or only "ann" for an address in the same domain.',
    examples: ["ann", "ben@example.com"],
  },
  (written): string | undefined => parseAddress(written) ?? toLocalPart(written),
);

/** An address in canonical form, or a domain in lower-case A-labels. */
export const addressOrDomain = textKind(
  {
    name: "a mail address or a domain",
    write: 'Write "ann@example.org" or "example.org"; leave the line out for all senders.',
    examples: ["example.org"],
  },
  (written): string | undefined => parseAddress(written) ?? toDomain(written),
);

/** What stands before the @, in canonical form. */
export const localPart = textKind(
  { name: "a local part", write: 'Write only what stands before the @: "ann".', examples: ["ann"] },
  toLocalPart,
);

/** "", or one character that RFC 5321 §4.1.2 lets stand in an unquoted local part. */
export const separator = patternKind(
  { name: "a separator", write: 'Write one character such as "+" or "-", or "" for none.', examples: ["+"] },
  /^[!#$%&'*+\-/=?^_`{|}~.]?$/,
);

/** "HOST:PORT" → its parts, `[::1]` without the brackets; undefined when it is no such thing. */
export function splitPort(written: string): { host: string; port: number } | undefined {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written) ?? [];
  if (port === undefined || Number(port) > 65_535 || (v6 !== undefined && !isIPv6(v6))) return undefined;
  return { host: v6 ?? name!, port: Number(port) };
}

/** → `{ host, port }`; the host is an IP address, for `*` "::". */
export const listenAddress = textKind(
  {
    name: "an address with a port",
    write: 'Write "127.0.0.1:25", "[::1]:25", or "*:25" for all addresses of the machine.',
    examples: ["*:25"],
    format: ({ host, port }: { host: string; port: number }) => {
      if (host === "::") return `*:${port}`;
      return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    },
  },
  (written) => {
    const { host, port } = splitPort(written) ?? { host: "", port: 0 };
    if (host === "*") return { host: "::", port };
    if (isIP(host) !== 0) return { host, port };
    if (hostPattern.test(host)) return new Refusal(`${show(host)} is not an IP address`);
    return isIP(written) === 0 ? undefined : new Refusal(`the port is missing behind ${show(written)}`);
  },
);

/** An IP address. */
export const ipAddress = textKind(
  { name: "an IP address", write: 'Write "192.0.2.1" or "2001:db8::1".', examples: ["192.0.2.1"] },
  (written) => (isIP(written) === 0 ? undefined : written),
);

/** "192.0.2.53", "192.0.2.53:5353", "2001:db8::53" or "[2001:db8::53]:5353". */
export const resolverAddress = textKind(
  {
    name: "a resolver address",
    write: 'Write an IP address, with a port if it is not 53: "192.0.2.53", "127.0.0.1:5353", "[::1]:5353".',
    examples: ["192.0.2.53", "[::1]:5353"],
  },
  (written) => (isIP(splitPort(written)?.host ?? written) === 0 ? undefined : written),
);

/** An address, or a network in CIDR notation. RFC 4632 §3.1, RFC 4291 §2.3. */
export const network = textKind(
  {
    name: "a network",
    write: 'Write an IP address or a network: "192.0.2.7", "10.0.0.0/8", "2001:db8::/32".',
    examples: ["10.0.0.0/8"],
  },
  (written) => {
    const [, address = "", bits = "0"] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(written) ?? [];
    return isIP(address) !== 0 && Number(bits) <= (isIPv4(address) ? 32 : 128) ? written : undefined;
  },
);

/** A host name in lower case, or an IP address. */
export const nextHop = textKind(
  {
    name: "a host",
    write: 'Write a name or an IP address: "smtp.example.org". The port has a setting of its own, `port`.',
    examples: ["smtp.example.org"],
  },
  (written) => {
    if (isIP(written) !== 0) return written;
    if (splitPort(written)) return new Refusal(`${show(written)} contains a port`);
    return hostPattern.test(written) ? written.toLowerCase() : undefined;
  },
);

/** `maildir:PATH`, `lmtp:HOST:PORT`, `lmtp:/PATH` or `relay`, as written. */
export const handOver = textKind(
  {
    name: "a way to deliver",
    write: 'Write "maildir:PATH", "lmtp:HOST:PORT", "lmtp:/PATH/OF/SOCKET" or "relay".',
    examples: ["maildir:/var/mail/{domain}/{user}"],
    json: { type: "string", pattern: "^(?:maildir:.+|lmtp:.+|relay)$" },
  },
  (written) => {
    if (written === "relay") return written;
    const [, way, place = ""] = /^(maildir|lmtp):(.+)$/.exec(written) ?? [];
    if (way === undefined) return undefined;
    if (way === "lmtp") return isLmtpPlace(place) ? written : undefined;
    const unknown = place.match(/\{[^}]*\}?/g)?.find((name) => name !== "{user}" && name !== "{domain}");
    if (unknown === undefined) return written;
    return new Refusal(`${show(unknown)} is not known in a path`, "Known are {user} and {domain}.");
  },
);

/** `/PATH` or HOST:PORT. */
const isLmtpPlace = (place: string): boolean => {
  const host = splitPort(place)?.host;
  return place.startsWith("/") || (host !== undefined && (isIP(host) !== 0 || hostPattern.test(host)));
};
