// XCLIENT: a trusted proxy tells whom it speaks for. Defined by Postfix's XCLIENT_README; values are xtext.
import ipaddr from "ipaddr.js";
import type { Client } from "../mail/client.ts";
import { decodeXtext } from "./xtext.ts";

export type ClientFacts = Partial<Pick<Client, "address" | "port" | "name" | "protocol" | "helloName">>;

/** The attributes that EHLO announces. */
export const xclientAttributes = "NAME ADDR PORT PROTO HELO";

/** No network holds it: a client of unknown address must not inherit the proxy's rights. */
const unknownAddress = "0.0.0.0";

type Attribute = (value: string | undefined) => ClientFacts | undefined;

/** The value is undefined when the proxy does not know it. */
const attributes: ReadonlyMap<string, Attribute> = new Map<string, Attribute>([
  ["NAME", (value) => ({ name: value })],
  ["HELO", (value) => ({ helloName: value })],
  ["ADDR", readAddress],
  ["PORT", readPort],
  ["PROTO", readProtocol],
]);

/** `words` are `NAME=value`; undefined: one of them makes no sense. */
export function parseXclient(words: readonly string[]): ClientFacts | undefined {
  const facts: ClientFacts = {};
  for (const word of words) {
    const [, name = "", encoded = ""] = /^(\w+)=(.+)$/.exec(word) ?? [];
    const value = decodeXtext(encoded);
    if (value === undefined || /\s/.test(value)) return undefined;
    const isUnknown = /^\[(?:temp)?unavail(?:able)?\]$/i.test(value);
    const read = attributes.get(name.toUpperCase())?.(isUnknown ? undefined : value);
    if (read === undefined) return undefined;
    Object.assign(facts, read);
  }
  return words.length === 0 ? undefined : facts;
}

function readAddress(value: string | undefined): ClientFacts | undefined {
  const text = value?.replace(/^ipv6:/i, "") ?? unknownAddress;
  const isV6 = ipaddr.IPv6.isValid(text) && !text.includes("%");
  if (!isV6 && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  const address = ipaddr.process(text); // IPv4-mapped IPv6 becomes IPv4
  return { address: address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString() };
}

function readPort(value = "0"): ClientFacts | undefined {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? { port: Number(value) } : undefined;
}

function readProtocol(value: string | undefined): ClientFacts | undefined {
  const protocol = value?.toUpperCase() ?? "SMTP";
  return protocol === "SMTP" || protocol === "ESMTP" ? { protocol } : undefined;
}
