// A DMARC policy record, read tag by tag for people. RFC 9989 §4.7.
import type { DmarcPolicy } from "../../mail/verdict.ts";
import { oneLine } from "../../mail/printable.ts";
import { readTagList } from "../../mail/tag-list.ts";

export interface DmarcRecord {
  readonly text: string;
  /** As published; undefined: p= is missing or wrong. */
  readonly p?: DmarcPolicy;
  readonly sp?: DmarcPolicy;
  readonly np?: DmarcPolicy;
  /** t=y: one step milder than it says. */
  readonly testing: boolean;
  readonly psd: "y" | "n" | "u";
  readonly adkim: "r" | "s";
  readonly aspf: "r" | "s";
  /** Addresses of aggregate reports. */
  readonly rua: readonly string[];
  /** Each tag with what it means. */
  readonly tags: readonly { readonly tag: string; readonly meaning: string }[];
  /** Words: what is wrong, or useless. */
  readonly faults: readonly string[];
  /** Nobody will use it at all. */
  readonly discarded: boolean;
}

/** RFC 9989 §4.7: which texts at _dmarc are policy records. */
export const isDmarcRecord = (text: string): boolean =>
  /^\s*v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text.replace(/^\s*V/, "v"));

export function readDmarcRecord(text: string): DmarcRecord {
  const { tags, faults } = readTagList(text);
  const low = (name: string): string => (tags.get(name) ?? "").toLowerCase();
  const [p, sp, np] = [policyOf(low("p")), policyOf(low("sp")), policyOf(low("np"))];
  const rua = (tags.get("rua") ?? "")
    .split(",")
    .map((uri) => uri.trim())
    .filter((uri) => uri !== "");
  const wrong = (["sp", "np"] as const).some((name) => tags.has(name) && policyOf(low(name)) === undefined);
  const psd = low("psd");
  return {
    text,
    ...(p !== undefined && { p }),
    ...(sp !== undefined && { sp }),
    ...(np !== undefined && { np }),
    testing: low("t") === "y",
    psd: psd === "y" || psd === "n" ? psd : "u",
    adkim: low("adkim") === "s" ? "s" : "r",
    aspf: low("aspf") === "s" ? "s" : "r",
    rua,
    tags: [...tags].map(([name, value]) => ({ tag: `${name}=${value}`, meaning: meaningOf(name, value) })),
    faults: [...faults, ...[...tags].flatMap(([name, value]) => tagFault(name, value)), ...missingFaults(tags)],
    // RFC 6376 §3.2: a list with a tag twice is none; RFC 9989 §4.10.1: without p= and without reports, it is of no use
    discarded: faults.some((fault) => fault.endsWith("twice")) || ((p === undefined || wrong) && rua.length === 0),
  };
}

/** RFC 9989 §4.10.1: a policy that cannot be read counts as none. */
export const publishedPolicy = (record: DmarcRecord, kind: "p" | "sp" | "np"): DmarcPolicy => {
  if (record.p === undefined) return "none";
  return kind === "p" ? record.p : kind === "sp" ? (record.sp ?? record.p) : (record.np ?? record.sp ?? record.p);
};

const policyOf = (value: string): DmarcPolicy | undefined =>
  value === "none" || value === "quarantine" || value === "reject" ? value : undefined;

const policyMeaning: Readonly<Record<DmarcPolicy, string>> = {
  none: "do nothing, only report",
  quarantine: "treat as suspicious: the spam folder",
  reject: "refuse",
};

const alignmentMeaning = { r: "a subdomain will do, too (relaxed)", s: "only the very same domain (strict)" } as const;

function meaningOf(name: string, value: string): string {
  const low = value.toLowerCase();
  const policy = policyOf(low);
  switch (name) {
    case "v":
      return "a DMARC record";
    case "p":
      return `mail of the domain that fails: ${policy === undefined ? "not understood" : policyMeaning[policy]}`;
    case "sp":
      return `mail of its subdomains that fails: ${policy === undefined ? "not understood" : policyMeaning[policy]}`;
    case "np":
      return `mail of subdomains that do not exist: ${policy === undefined ? "not understood" : policyMeaning[policy]}`;
    case "adkim":
      return `the domain of a DKIM signature must match: ${alignmentMeaning[low === "s" ? "s" : "r"]}`;
    case "aspf":
      return `the domain that SPF passed must match: ${alignmentMeaning[low === "s" ? "s" : "r"]}`;
    case "t":
      return low === "y" ? "only testing: the policy is applied one step milder" : "in force, not a test";
    case "psd":
      return { y: "a public suffix: others register below it", n: "the organization begins here" }[low] ?? "not said";
    case "rua":
      return "where aggregate reports go";
    case "ruf":
      return "where reports of single failures go";
    case "fo":
      return "which failures are reported one by one";
    case "pct":
    case "rf":
    case "ri":
      return "no longer used (RFC 9989): remove it";
    default:
      return "unknown, and so ignored";
  }
}

function tagFault(name: string, value: string): string[] {
  const low = value.toLowerCase();
  const wrong = (allowed: string): string[] => [`${name}=${oneLine(value)} is not understood: write ${allowed}`];
  switch (name) {
    case "p":
    case "sp":
    case "np":
      return policyOf(low) === undefined ? wrong(`${name}=none, ${name}=quarantine or ${name}=reject`) : [];
    case "adkim":
    case "aspf":
      return low === "r" || low === "s" ? [] : wrong(`${name}=r or ${name}=s`);
    case "t":
      return low === "y" || low === "n" ? [] : wrong("t=y or t=n");
    case "psd":
      return /^[ynu]$/.test(low) ? [] : wrong("psd=n, or leave it out");
    case "rua":
    case "ruf":
      return value
        .split(",")
        .map((uri) => uri.trim())
        .filter((uri) => !/^[a-z][a-z\d+.-]*:\S*$/i.test(uri))
        .map(
          (uri) =>
            `${name}=${oneLine(uri)} is not a URI: write ${name}=mailto:${/@/.test(uri) ? oneLine(uri) : "reports@example.org"}`,
        );
    case "pct":
      return ["pct= is no longer used (RFC 9989): for a test write t=y, otherwise remove it"];
    default:
      return /^[A-Z]/.test(name) && name !== "V"
        ? [`tags are written in lower case: ${oneLine(name.toLowerCase())}=`]
        : [];
  }
}

const missingFaults = (tags: ReadonlyMap<string, string>): string[] =>
  tags.has("p") ? [] : ["the tag p= is missing: without it the record counts as p=none at best"];
