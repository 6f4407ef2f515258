// Mail addresses: parsed once at the door, then a branded string. RFC 5321 §4.1.2, RFC 6531 §3.3.
import ipaddr from "ipaddr.js";
import { domainToASCII, domainToUnicode } from "node:url";

/**
 * `local-part@domain` in canonical form: the local part as given (quoted only where it must be), the domain in
 * lower-case A-labels or as an address literal in brackets.
 */
export type Address = string & { readonly brand: "Address" };

/** Lower-case A-labels without a trailing dot, or an address literal in brackets. */
export type Domain = string & { readonly brand: "Domain" };

/** RFC 5321 §4.5.5: the null reverse-path `<>` is the empty string. */
export type ReversePath = Address | "";

/** RFC 5321 §4.5.3.1.1, §4.5.3.1.2, §4.5.3.1.3, in octets. */
export const addressLimits = { localPartBytes: 64, domainBytes: 255, pathBytes: 256 } as const;

// RFC 5321 §4.1.2, with UTF-8 as RFC 6531 §3.3 adds it.
const dotString = /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;
const quotedString = /^"(?:[ !#-[\]-~\u0080-\u{10ffff}]|\\[ -~])*"$/u;
const domainText = /^[\w.\-\u0080-\u{10ffff}]+$/u;
const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** A host or domain name in any case, U-labels or A-labels; undefined when it cannot be one. */
export function parseDomain(text: string): Domain | undefined {
  // the slow road is for IDNs only: as URLs do, it drops line ends and tabs
  if (!domainText.test(text)) return undefined;
  const ascii = isInternational(text) ? domainToASCII(text) : text.toLowerCase();
  if (ascii === "" || ascii.length > addressLimits.domainBytes) return undefined;
  return ascii.split(".").every((part) => part.length <= 63 && label.test(part)) ? (ascii as Domain) : undefined;
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]`. RFC 5321 §4.1.3. */
export function parseAddressLiteral(text: string): Domain | undefined {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : "";
  if (ipaddr.IPv4.isValidFourPartDecimal(inner)) return `[${inner}]` as Domain;
  const v6 = /^ipv6:(.+)$/i.exec(inner)?.[1];
  return v6 !== undefined && ipaddr.IPv6.isValid(v6) && !v6.includes("%")
    ? (`[IPv6:${v6.toLowerCase()}]` as Domain)
    : undefined;
}

// what most addresses are: all in ASCII, nothing quoted, the domain in lower case already; each length as limited below
const atext = "[\\w!#$%&'*+\\-/=?^`{|}~]";
const ldhLabel = "[a-z\\d_](?:[a-z\\d_-]{0,61}[a-z\\d_])?";
const plainAddress = new RegExp(`^(?=[^@]{1,64}@)${atext}+(?:\\.${atext}+)*@${ldhLabel}(?:\\.${ldhLabel})*$`);

/** `text`, if it is an address that is in canonical form as it stands; undefined: `parseAddress` has to look at it. */
export const asPlainAddress = (text: string): Address | undefined =>
  text.length <= addressLimits.pathBytes - "<>".length && plainAddress.test(text) ? (text as Address) : undefined;

/** RFC 5321 §4.1.2 Mailbox; undefined when it is not one. */
export const parseAddress = (text: string): Address | undefined => asPlainAddress(text) ?? parseAnyAddress(text);

function parseAnyAddress(text: string): Address | undefined {
  const at = text.lastIndexOf("@");
  if (at < 1) return undefined;
  const localPart = canonicalLocalPart(text.slice(0, at));
  const rest = text.slice(at + 1);
  const domain = rest.startsWith("[") ? parseAddressLiteral(rest) : parseDomain(rest);
  if (localPart === undefined || domain === undefined) return undefined;
  const address = `${localPart}@${domain}` as Address;
  return Buffer.byteLength(address) > addressLimits.pathBytes - "<>".length ? undefined : address;
}

/** RFC 5321 §4.1.2: quotes that are not needed say nothing, so `"ann"@x` is `ann@x`. */
function canonicalLocalPart(text: string): string | undefined {
  if (Buffer.byteLength(text) > addressLimits.localPartBytes) return undefined;
  if (dotString.test(text)) return text;
  if (!quotedString.test(text)) return undefined;
  const plain = text.slice(1, -1).replaceAll(/\\(.)/g, "$1");
  return dotString.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, "\\$&")}"`;
}

export const domainOf = (address: Address): Domain => address.slice(address.lastIndexOf("@") + 1) as Domain;

export const localPartOf = (address: Address): string => address.slice(0, address.lastIndexOf("@"));

/** `domain` is `parent`, or below it. Both in lower case and A-labels. */
export const isWithin = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);

/** One is the other, or below it. */
export const isRelated = (a: string, b: string): boolean => isWithin(a, b) || isWithin(b, a);

/** SMTPUTF8 is needed to carry this address (its domain is in A-labels already). RFC 6531 §3.2. */
// eslint-disable-next-line no-control-regex
export const isInternational = (address: string): boolean => /[^\u0000-\u007f]/.test(address);

/** For people: the domain in U-labels. */
export const displayAddress = (address: Address): string =>
  `${localPartOf(address)}@${domainToUnicode(domainOf(address)) || domainOf(address)}`;

/** RFC 5321 §4.5.1: the one address that everybody can reach, in any case of letters. */
export const isPostmaster = (address: Address): boolean => localPartOf(address).toLowerCase() === "postmaster";
