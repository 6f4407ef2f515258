// An SPF record, read term by term; what is wrong in a term is said of that term. RFC 7208 §4.6, §5, §6, §12.
import { parseIp } from "./spf-address.ts";
import { domainSpecFault, macroFault } from "./spf-macro.ts";

export type Qualifier = "+" | "-" | "~" | "?";

const mechanismNames = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"] as const;
export type MechanismName = (typeof mechanismNames)[number];

export interface Mechanism {
  readonly kind: "mechanism";
  /** As written. */
  readonly term: string;
  readonly qualifier: Qualifier;
  readonly name: MechanismName;
  /** A domain-spec with its macros, or of ip4 and ip6 the network's address. */
  readonly spec?: string;
  /** Prefix lengths. */
  readonly bits4: number;
  readonly bits6: number;
}

export interface Modifier {
  readonly kind: "modifier";
  readonly term: string;
  /** In lower case. */
  readonly name: string;
  readonly value: string;
}

export interface Wrong {
  readonly kind: "wrong";
  readonly term: string;
  /** Words: what is wrong, and where it can be guessed what was meant. */
  readonly problem: string;
}

export type Term = Mechanism | Modifier | Wrong;

/** RFC 7208 §4.5: which texts of a domain are SPF records. */
export const isSpfRecord = (text: string): boolean => /^v=spf1(?: |$)/i.test(text);

/** The terms after the version, in order. RFC 7208 §4.6.1: one or more spaces, and nothing else, stand between them. */
export function readSpfRecord(record: string): Term[] {
  const terms = record
    .split(" ")
    .slice(1)
    .filter((term) => term !== "")
    .map(readTerm);
  return terms.map((term, i) => {
    const once = term.kind === "modifier" && (term.name === "redirect" || term.name === "exp");
    const again = once && terms.slice(0, i).some((other) => other.kind === "modifier" && other.name === term.name);
    return again ? { kind: "wrong", term: term.term, problem: `${term.name}= may stand in a record only once` } : term;
  });
}

function readTerm(term: string): Term {
  const [, name, value] = /^([a-z][\w.-]*)=(.*)$/is.exec(term) ?? [];
  if (name !== undefined && value !== undefined) return readModifier(term, name.toLowerCase(), value);
  const [, sign = "", word = "", rest = ""] = /^([+\-?~]?)([^:/]*)(.*)$/s.exec(term) ?? [];
  const mechanism = mechanismNames.find((known) => known === word.toLowerCase());
  if (mechanism === undefined) return { kind: "wrong", term, problem: unknownProblem(term, word, rest) };
  const read = readArgument(mechanism, rest);
  return typeof read === "string"
    ? { kind: "wrong", term, problem: read }
    : { kind: "mechanism", term, qualifier: (sign || "+") as Qualifier, name: mechanism, ...read };
}

function readModifier(term: string, name: string, value: string): Term {
  const isKnown = name === "redirect" || name === "exp";
  const problem = isKnown ? domainSpecFault(value) : macroFault(value, "any");
  return problem === undefined ? { kind: "modifier", term, name, value } : { kind: "wrong", term, problem };
}

/** Unknown modifiers are allowed and ignored; these were meant to be mechanisms, or the start of a record. */
export const isMistaken = ({ name }: Modifier): boolean =>
  name === "v" || mechanismNames.some((known) => known === name);

type Argument = Pick<Mechanism, "spec" | "bits4" | "bits6">;

const wholeAddress = { bits4: 32, bits6: 128 };

/** What follows the name of a mechanism; a string: what is wrong with it. */
function readArgument(name: MechanismName, rest: string): Argument | string {
  switch (name) {
    case "all":
      return rest === "" ? wholeAddress : `nothing may follow "all"`;
    case "include":
    case "exists":
      return rest.startsWith(":") ? readDomain(rest.slice(1)) : `"${name}" needs a domain: ${name}:example.org`;
    case "ptr":
      if (rest === "") return wholeAddress;
      return rest.startsWith(":") ? readDomain(rest.slice(1)) : `write ptr, or ptr:example.org`;
    case "a":
    case "mx":
      return readHost(name, rest);
    case "ip4":
    case "ip6":
      return readNetwork(name, rest);
  }
}

const readDomain = (spec: string): Argument | string => domainSpecFault(spec) ?? { spec, ...wholeAddress };

function readHost(name: "a" | "mx", rest: string): Argument | string {
  const [whole, spec, bits4, bits6] = /^(?::(.+?))?(?:\/(\d+))?(?:\/\/(\d+))?$/s.exec(rest) ?? [];
  if (whole === undefined) return `write ${name}, ${name}:example.org or ${name}:example.org/24`;
  const fault =
    (spec === undefined ? undefined : domainSpecFault(spec)) ?? bitsFault(bits4, 32) ?? bitsFault(bits6, 128);
  return fault ?? { ...(spec !== undefined && { spec }), bits4: Number(bits4 ?? 32), bits6: Number(bits6 ?? 128) };
}

function readNetwork(name: "ip4" | "ip6", rest: string): Argument | string {
  const [, address = "", bits] = /^:([^/]*)(?:\/(.*))?$/s.exec(rest) ?? [];
  const sample = name === "ip4" ? "ip4:192.0.2.1 or ip4:192.0.2.0/24" : "ip6:2001:db8::1 or ip6:2001:db8::/32";
  const isAddress = name === "ip4" ? isIPv4(address) : isIPv6(address);
  if (!isAddress) {
    const other = name === "ip4" ? isIPv6(address) && "ip6" : isIPv4(address) && "ip4";
    return other ? `${address} belongs into ${other}:` : `"${address}" is not such an address; write ${sample}`;
  }
  const widest = name === "ip4" ? 32 : 128;
  return (
    bitsFault(bits, widest) ?? {
      ...wholeAddress,
      spec: address,
      [name === "ip4" ? "bits4" : "bits6"]: Number(bits ?? widest),
    }
  );
}

const bitsFault = (bits: string | undefined, widest: number): string | undefined =>
  bits === undefined || (/^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= widest)
    ? undefined
    : `"/${bits}" is not a prefix length of 0 to ${widest}`;

/** Guesses what was meant from the mistakes that people make. */
function unknownProblem(term: string, word: string, rest: string): string {
  const bare = term.replace(/^[+\-?~]/, "");
  if (/[^\x20-\x7e]/.test(term)) return "it has characters that do not belong in a record (only printable ASCII does)";
  if (isIPv4(bare.split("/")[0]!)) return `an address needs ip4: before it: ip4:${bare}`;
  if (isIPv6(bare.split("/")[0]!)) return `an address needs ip6: before it: ip6:${bare}`;
  if (/^(?:ip|ipv4)$/i.test(word)) return `there is no mechanism "${word}"; did you mean ip4${rest}?`;
  if (/^ipv6$/i.test(word)) return `there is no mechanism "${word}"; did you mean ip6${rest}?`;
  if (/^v=spf1/i.test(bare))
    return "the version stands at the start of a record only: two records were joined into one";
  if (/[;,]$/.test(bare)) return `terms are separated by spaces only; leave out the "${bare.at(-1)}"`;
  if (word === "") return "a mechanism's name is missing before the colon; a space stands where none belongs";
  if (/^[\w-]+(?:\.[\w-]+)+$/.test(bare)) return `a domain needs a mechanism before it: include:${bare}, or a:${bare}`;
  return `there is no mechanism "${word}"; there are ${mechanismNames.join(", ")}`;
}

const isIPv4 = (text: string): boolean => parseIp(text)?.kind() === "ipv4";

const isIPv6 = (text: string): boolean => parseIp(text)?.kind() === "ipv6";
