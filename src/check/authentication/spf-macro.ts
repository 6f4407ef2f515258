// Macros in SPF records: their syntax and what they stand for. RFC 7208 §7.
import { domainToASCII } from "node:url";
import type { IpAddress } from "./spf-address.ts";

export interface MacroValues {
  readonly client: IpAddress;
  readonly helo: string;
  readonly localPart: string;
  readonly senderDomain: string;
  /** Whose record is being read. */
  readonly domain: string;
  /** The client's validated name, %{p}. */
  readonly clientName?: string;
}

const token = /%%|%_|%-|%\{([a-z])(\d*)(r?)([.\-+,/_=]*)\}/gi;

/** What is wrong with a macro-string; `any`: the letters c, r and t, of explanations, may stand in it. */
export function macroFault(text: string, letters: "domain" | "any"): string | undefined {
  const wrong = /[^\x21-\x7e]/.exec(text);
  if (wrong !== null) return "it has a character that does not belong in a record (only printable ASCII does)";
  for (const [macro, letter = "s", digits] of text.matchAll(token)) {
    if (!/[slodiphcrtv]/i.test(letter)) return `there is no macro ${macro}`;
    if (letters === "domain" && /[crt]/i.test(letter)) return `${macro} may stand only in the text of an explanation`;
    if (digits !== undefined && digits !== "" && Number(digits) === 0) return `${macro}: 0 parts of a name are none`;
  }
  const rest = text.replaceAll(token, "");
  return rest.includes("%")
    ? `"%" begins a macro, as in %{i}, and "${rest.slice(rest.indexOf("%"))}" is none; "%%" stands for the sign itself`
    : undefined;
}

/** RFC 7208 §7.1: it ends in a macro, or in a dot and a top label. */
export function domainSpecFault(spec: string): string | undefined {
  if (spec === "") return "the domain is missing";
  const fault = macroFault(spec, "domain");
  if (fault !== undefined || /(?:%[%_-]|\})$/.test(spec)) return fault;
  const literal = spec.slice(spec.lastIndexOf("}") + 1).replace(/\.$/, "");
  return literal.includes(".") && topLabel.test(literal.slice(literal.lastIndexOf(".") + 1))
    ? undefined
    : `"${spec}" is not a full domain name`;
}

const topLabel = /^(?:[a-z\d]*[a-z][a-z\d]*|[a-z\d]+-[a-z\d-]*[a-z\d])$/i;

/** RFC 7208 §4.3, §7.3: a name that DNS can be asked for. */
export function isTargetName(name: string): boolean {
  const labels = name.split(".");
  const isLabel = (label: string): boolean => /^[\x20-\x7e]{1,63}$/.test(label);
  return name.length <= longestName && labels.length > 1 && labels.every(isLabel) && topLabel.test(labels.at(-1)!);
}

// eslint-disable-next-line no-control-regex
export const isAscii = (text: string): boolean => /^[\u0000-\u007f]*$/.test(text);

export const usesClientName = (spec: string): boolean => /%\{p/i.test(spec.replaceAll("%%", ""));

export const usesLocalPart = (spec: string): boolean => /%\{[sl]/i.test(spec.replaceAll("%%", ""));

/** The domain that a domain-spec stands for. RFC 7208 §7.3: what is too long loses labels at the left. */
export function expandDomain(spec: string, values: MacroValues): string {
  const expanded = spec.replaceAll(token, (macro: string, ...parts: string[]) => {
    const [letter, digits = "", reverse = "", delimiters = ""] = parts;
    if (letter === undefined) return { "%%": "%", "%_": " ", "%-": "%20" }[macro]!;
    const text = transform(letterValue(letter.toLowerCase(), values), { digits, reverse, delimiters });
    return letter === letter.toLowerCase() ? text : urlEscaped(text);
  });
  const plain = expanded.replace(/\.$/, "");
  let name = isAscii(plain) ? plain : domainToASCII(plain) || plain;
  while (name.length > longestName && name.includes(".")) name = name.slice(name.indexOf(".") + 1);
  return name;
}

const longestName = 253;

function letterValue(
  letter: string,
  { client, helo, localPart, senderDomain, domain, clientName }: MacroValues,
): string {
  switch (letter) {
    case "s":
      return `${localPart}@${senderDomain}`;
    case "l":
      return localPart;
    case "o":
      return senderDomain;
    case "d":
      return domain;
    case "i":
      return client.kind() === "ipv4" ? client.toString() : hexDigits(client);
    case "p":
      return clientName ?? "unknown";
    case "v":
      return client.kind() === "ipv4" ? "in-addr" : "ip6";
    case "h":
      return helo;
    default:
      return "";
  }
}

const hexDigits = (client: IpAddress): string => Buffer.from(client.toByteArray()).toString("hex").split("").join(".");

interface Transform {
  readonly digits: string;
  readonly reverse: string;
  readonly delimiters: string;
}

function transform(value: string, { digits, reverse, delimiters }: Transform): string {
  if (digits === "" && reverse === "" && delimiters === "") return value;
  const separators = delimiters === "" ? "." : delimiters;
  const parts = value.split(new RegExp(`[${separators.replaceAll(/[-/.]/g, "\\$&")}]`));
  const ordered = reverse === "" ? parts : parts.toReversed();
  return ordered.slice(digits === "" ? 0 : -Number(digits)).join(".");
}

/** RFC 7208 §7.3: all but the unreserved characters of RFC 3986 §2.3. */
const urlEscaped = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
