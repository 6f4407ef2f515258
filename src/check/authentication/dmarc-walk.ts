// The way from a domain to its DMARC policy and its organizational domain: the tree walk of RFC 9989 §4.10, told.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import { type DmarcRecord, isDmarcRecord, readDmarcRecord } from "./dmarc-record.ts";
import { answerText, ask, check, type Step } from "./step.ts";

export interface FoundRecord {
  readonly domain: string;
  readonly record: DmarcRecord;
}

export interface TreeWalked {
  /** Longest name first; those that are of use. */
  readonly found: readonly FoundRecord[];
  /** The record that holds for the domain. */
  readonly policy?: FoundRecord;
  /** Absent when DNS failed on the way. */
  readonly organization?: string;
  /** Words: DNS failed. */
  readonly failed?: string;
  /** Words: what is wrong with records on the way. */
  readonly faults: readonly string[];
  /** A name on the way has several records. */
  readonly several: boolean;
  readonly steps: readonly Step[];
}

/** RFC 9989 §4.10: of longer names only the last seven labels are asked for, after the name itself. */
const mostLabels = 7;

export async function walkTree(domain: string, resolver: RecordingResolver): Promise<TreeWalked> {
  const found: FoundRecord[] = [];
  const steps: Step[] = [];
  const faults: string[] = [];
  let several = false;
  for (const name of namesUpwards(domain)) {
    const { answer, step } = await ask(resolver, "txt", `_dmarc.${name}`);
    if (answer.kind === "server-failure" || answer.kind === "timeout") {
      const failed = `_dmarc.${oneLine(name)}: ${answerText(answer)}`;
      return { ...conclude(domain, found, failed), faults, several, steps: [...steps, step] };
    }
    const texts = answer.kind === "found" ? answer.records : [];
    const { record, inner, fault } = readAnswer(name, texts);
    several ||= texts.filter(isDmarcRecord).length > 1;
    steps.push(inner === undefined ? step : { ...step, steps: [inner] });
    if (fault !== undefined) faults.push(fault);
    if (record === undefined) continue;
    found.push({ domain: name, record });
    if (record.psd !== "u") break;
  }
  return { ...conclude(domain, found), faults, several, steps };
}

/** The domain, then each name above it. */
function namesUpwards(domain: string): string[] {
  const labels = domain.split(".");
  const shorter = labels.slice(labels.length > mostLabels ? -mostLabels : 1);
  return [domain, ...shorter.map((_, i) => shorter.slice(i).join("."))];
}

interface ReadAnswer {
  readonly record?: DmarcRecord;
  readonly inner?: Step;
  readonly fault?: string;
}

/** RFC 9989 §4.10: several records are as good as none. */
function readAnswer(name: string, texts: readonly string[]): ReadAnswer {
  const [text, ...others] = texts.filter(isDmarcRecord);
  const at = `_dmarc.${oneLine(name)}`;
  if (text === undefined) {
    const similar = texts.find((other) => /dmarc/i.test(other));
    if (similar === undefined) return {};
    const fault = `"${oneLine(similar)}" at ${at} is no DMARC record: it must begin with v=DMARC1 and a semicolon`;
    return { fault, inner: check("record", fault, "bad") };
  }
  if (others.length > 0) {
    const fault = `${at} has ${others.length + 1} DMARC records, so none counts: leave one`;
    return { fault, inner: check("record", fault, "bad") };
  }
  const record = readDmarcRecord(text);
  const inner: Step = { kind: "record", name: at, record: text, text: `Record of ${oneLine(name)}: ${oneLine(text)}` };
  return record.discarded && record.faults.some((fault) => fault.endsWith("twice")) ? { inner } : { record, inner };
}

function conclude(
  domain: string,
  found: readonly FoundRecord[],
  failed?: string,
): Pick<TreeWalked, "found" | "policy" | "organization" | "failed"> {
  const own = found[0]?.domain === domain ? found[0] : undefined;
  if (failed !== undefined) return { found, failed, ...(own !== undefined && { policy: own }) };
  const organization = organizationOf(domain, found);
  const last = found.at(-1);
  const above = found.find((one) => one.domain === organization) ?? (last?.record.psd === "y" ? last : undefined);
  const policy = own ?? above;
  return { found, organization, ...(policy !== undefined && { policy }) };
}

/** RFC 9989 §4.10.2 */
function organizationOf(domain: string, found: readonly FoundRecord[]): string {
  for (const { domain: at, record } of found) {
    if (record.psd === "n") return at;
    if (record.psd === "y" && at !== domain)
      return domain
        .split(".")
        .slice(-(at.split(".").length + 1))
        .join(".");
  }
  return found.at(-1)?.domain ?? domain;
}
