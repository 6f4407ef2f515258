// What a domain of ours should publish, and what of it is there.
import { addressesOf, isFailure, recordsIn } from "../../dns/answer.ts";
import type { Answer } from "../../dns/resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import { isStsRecord } from "../../mail/sts-policy.ts";
import { readTagList } from "../../mail/tag-list.ts";
import { isDmarcRecord } from "../authentication/dmarc-record.ts";
import { isSpfRecord } from "../authentication/spf-record.ts";
import { type DnsRecord, txt, zoneLine } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { CheckTools } from "../tools.ts";
import { problemOf } from "./dns-trouble.ts";
import { isSameKey } from "./dkim.ts";
import { firstDmarcRecord } from "./dmarc.ts";
import { domainCheck, say } from "./question.ts";
import { firstReportsRecord } from "./tls-reports.ts";

interface OwnDomain {
  readonly domain: string;
  /** Name of the server, which sends and receives. */
  readonly hostname: string;
  /** Its mail comes here. */
  readonly receives: boolean;
  /** DKIM: name and text of each key's record. */
  readonly keys: readonly { readonly name: string; readonly value: string }[];
}

/** In the order of a zone file. */
export function wantedRecords({ domain, hostname, receives, keys }: OwnDomain): DnsRecord[] {
  return [
    ...(receives ? [{ name: domain, type: "MX", value: `10 ${hostname}` } as const] : []),
    txt(domain, `v=spf1 ${receives ? "mx" : `a:${hostname}`} -all`),
    // bounces have no sender but the name of the host. RFC 7208 §2.4
    ...(hostname.endsWith(`.${domain}`) ? [txt(hostname, "v=spf1 a -all")] : []),
    ...keys.map(({ name, value }) => txt(name, value)),
    firstDmarcRecord(domain),
    ...(receives ? [firstReportsRecord(domain)] : []),
  ];
}

interface RecordState {
  readonly record: DnsRecord;
  readonly state: "there" | "missing" | "different" | "unknown";
  /** What is there now of this kind. */
  readonly now: readonly string[];
  /** Of `unknown`. */
  readonly problem?: string;
}

/** What DNS has of each. */
export const recordStates = (wanted: readonly DnsRecord[], tools: CheckTools): Promise<RecordState[]> =>
  Promise.all(wanted.map((record) => stateOf(record, tools)));

async function stateOf(record: DnsRecord, tools: CheckTools): Promise<RecordState> {
  const answer = await textsOf(record, tools);
  if (isFailure(answer)) return { record, state: "unknown", now: [], problem: problemOf(answer) };
  const kin = recordsIn(answer).filter((text) => isKin(record, text));
  if (kin.length > 0)
    return { record, state: kin.some((text) => isGoodEnough(record, text)) ? "there" : "different", now: kin };
  return record.type === "CNAME" ? stateOfAddresses(record, tools) : { record, state: "missing", now: [] };
}

/** As a `DnsRecord` has them. */
async function textsOf({ name, type }: DnsRecord, { resolver, raw }: CheckTools): Promise<Answer<string>> {
  if (type === "MX")
    return mapAnswer(await resolver.mx(name), ({ preference, exchange }) => [`${preference} ${exchange}`]);
  if (type !== "SRV" && type !== "CNAME") return resolver.txt(name);
  return mapAnswer((await raw.ask(name, type)).answer, (record) => {
    if (record.type === "SRV" && type === "SRV") {
      const { priority, weight, port, target } = record.data;
      return [`${priority} ${weight} ${port} ${target.toLowerCase().replace(/\.$/, "") || "."}`];
    }
    const isAlias = record.type === "CNAME" && record.name.toLowerCase() === name;
    return isAlias && type === "CNAME" ? [record.data.toLowerCase().replace(/\.$/, "")] : [];
  });
}

function mapAnswer<T>(answer: Answer<T>, texts: (record: T) => string[]): Answer<string> {
  if (answer.kind !== "found") return answer;
  return { kind: "found", records: answer.records.flatMap(texts) };
}

/** Instead of an alias, a name can have the addresses that the alias would lead to. */
async function stateOfAddresses(record: DnsRecord, { resolver }: CheckTools): Promise<RecordState> {
  const [there, wanted] = await Promise.all([addressesOf(record.name, resolver), addressesOf(record.value, resolver)]);
  const failure = there.failure ?? wanted.failure;
  if (failure !== undefined) return { record, state: "unknown", now: [], problem: problemOf(failure) };
  const now = there.addresses;
  if (now.length === 0) return { record, state: "missing", now };
  return { record, state: now.some((address) => wanted.addresses.includes(address)) ? "there" : "different", now };
}

/** Of the same kind: a name can have many TXT records. */
function isKin({ type, value }: DnsRecord, text: string): boolean {
  if (type !== "TXT") return true;
  if (isSpfRecord(value)) return isSpfRecord(text);
  if (isDmarcRecord(value)) return isDmarcRecord(text);
  if (value.startsWith("v=TLSRPTv1")) return text.startsWith("v=TLSRPTv1");
  if (isStsRecord(value)) return isStsRecord(text);
  return true;
}

/** What a policy says is the owner's choice; whose host and key it is is not. */
function isGoodEnough({ type, value }: DnsRecord, text: string): boolean {
  if (type === "SRV") return placeIn(value) === placeIn(text);
  if (value.startsWith("v=DKIM1")) return isSameKey(value, text);
  if (isStsRecord(value)) return idIn(value) === idIn(text); // an old id: an old policy is kept
  if (value.startsWith("v=")) return true;
  return hostIn(value) === hostIn(text);
}

const idIn = (record: string): string | undefined => readTagList(record).tags.get("id");

/** Port and host of an SRV record: priority and weight are the owner's choice. */
const placeIn = (value: string): string =>
  value
    .replace(/^\d+ \d+ /, "")
    .toLowerCase()
    .replace(/(?<=\S)\.$/, "");

/** Of an MX record. */
const hostIn = (value: string): string => value.replace(/^\d+ /, "").toLowerCase();

/** A zone file to publish, each record marked with its state. */
export const zoneFile = (states: readonly RecordState[]): string[] =>
  states.flatMap(({ record, state, now, problem }) => [
    marks[state] +
      (state === "different" ? `: ${now.map(oneLine).join(" and ")}` : problem === undefined ? "" : `: ${problem}`),
    zoneLine(record),
  ]);

const marks: Readonly<Record<RecordState["state"], string>> = {
  there: "; published",
  missing: "; MISSING",
  different: "; DIFFERENT, now",
  unknown: "; not known",
};

export const zone = domainCheck({
  name: "zone",
  needs: ["mx", "dmarc"],
  async run(asked, { mx, dmarc }) {
    const { wanted, domain } = asked.tools.question;
    if (wanted === undefined) return;
    const takesMail = mx.kind === "hosts" || mx.kind === "implicit";
    const told = new Set([
      ...(dmarc.policy === undefined ? [`_dmarc.${domain}`] : []),
      ...(takesMail ? [`_smtp._tls.${domain}`] : []),
    ]);
    const states = await recordStates(wanted, asked.tools);
    for (const { record, state, now, problem } of states) {
      const { name, type } = record;
      const values = { name, type, problem };
      // the checks of DKIM, DMARC and TLS-RPT tell of theirs, with the same record to publish
      if (state === "there" || name.includes("._domainkey.") || (state === "missing" && told.has(name))) continue;
      if (state === "unknown") say(asked, "zone.unknown", { about: name, values });
      else if (state === "missing")
        say(asked, "zone.missing", {
          ...(isForApps(record) && { level: "note" }),
          about: name,
          values,
          changes: [publish(record)],
        });
      else
        say(asked, "zone.different", {
          about: name,
          values,
          evidence: now,
          changes: [act("compare-values"), publish(record, now)],
        });
    }
    if (states.every(({ state }) => state === "there")) say(asked, "zone.good");
  },
});

/** Without these, people type their settings themselves. */
const isForApps = ({ name, type }: DnsRecord): boolean => type === "SRV" || /^auto(?:config|discover)\./.test(name);
