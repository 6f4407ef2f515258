// A zone as text and as a map: what the lab's DNS server and the tests' fake resolver answer from. RFC 1034 §4.3.2.
import { isIPv4, isIPv6 } from "node:net";
import { reverseName } from "./reverse-name.ts";

export type RecordType = "MX" | "A" | "AAAA" | "TXT" | "PTR" | "CNAME";

export interface ZoneRecord {
  readonly type: RecordType;
  /** The address, text or name; of MX the exchange, "" for the root. */
  readonly text: string;
  /** Of MX; 0 elsewhere. */
  readonly preference: number;
}

/** Instead of an answer: the response code SERVFAIL, or nothing at all. */
type Fault = "SERVFAIL" | "SILENT";

interface ZoneName {
  readonly records: ZoneRecord[];
  /** For one type, or for all. */
  readonly faults: Map<RecordType | "ALL", Fault>;
}

/** By name in lower case without the trailing dot. May be changed while servers answer from it. */
export type Zone = Map<string, ZoneName>;

export interface ZoneAnswer {
  readonly kind: "NOERROR" | "NXDOMAIN" | Fault;
  /** CNAMEs first, in the order they were followed, then what they lead to. */
  readonly records: readonly (ZoneRecord & { readonly owner: string })[];
}

/** Longer chains are taken for loops. */
const longestCnameChain = 8;

/**
 * Adds the lines of `text` to `zone`. One record or fault on a line, `#` or `;` begins a comment line:
 * `example.lab MX 10 mx.example.lab`, `mx.example.lab A 127.0.0.10`, `127.0.0.10 PTR mx.example.lab`,
 * `example.lab TXT "v=spf1 -all"`, `nomail.lab MX 0 .`, `broken.lab SERVFAIL`, `slow.lab SILENT`,
 * `half.lab MX SERVFAIL`.
 */
export function parseZone(text: string, zone: Zone = new Map()): Zone {
  for (const [index, line] of text.split("\n").entries()) {
    const [, owner, type, data = ""] = /^\s*([^\s#;]\S*)\s+(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
    if (owner === undefined || type === undefined) {
      if (/^\s*(?:[#;].*)?$/.test(line)) continue;
      throw new Error(`zone, line ${index + 1}: "${line.trim()}" has no record type. Write: NAME TYPE DATA.`);
    }
    const name = reverseName(owner) ?? plainName(owner);
    const entry: ZoneName = zone.get(name) ?? { records: [], faults: new Map() };
    zone.set(name, entry);
    if (isFault(type)) entry.faults.set("ALL", type);
    else if (isRecordType(type) && isFault(data)) entry.faults.set(type, data);
    else {
      const record = readRecord(type, data);
      if (record === undefined) throw new Error(`zone, line ${index + 1}: "${line.trim()}" is not ${expected(type)}.`);
      entry.records.push(record);
    }
  }
  return zone;
}

/** What a recursive server would answer; CNAMEs are followed. */
export function lookUp(zone: Zone, name: string, type: string): ZoneAnswer {
  const records: (ZoneRecord & { owner: string })[] = [];
  for (let owner = plainName(name); records.length < longestCnameChain;) {
    const entry = zone.get(owner);
    if (entry === undefined) return { kind: "NXDOMAIN", records };
    const fault = entry.faults.get("ALL") ?? (isRecordType(type) ? entry.faults.get(type) : undefined);
    if (fault !== undefined) return { kind: fault, records: [] };
    const found = entry.records.filter((record) => record.type === type);
    const alias = entry.records.find((record) => record.type === "CNAME");
    if (found.length > 0 || alias === undefined)
      return { kind: "NOERROR", records: [...records, ...found.map((record) => ({ ...record, owner }))] };
    records.push({ ...alias, owner });
    owner = alias.text;
  }
  return { kind: "SERVFAIL", records: [] };
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

const isFault = (text: string): text is Fault => text === "SERVFAIL" || text === "SILENT";

/** What the data of a record must look like, for the message that says it does not. */
const shapes: Readonly<Record<RecordType, string>> = {
  MX: "an MX record. Write: NAME MX PREFERENCE HOST, with a preference of 0 to 65535",
  A: "an A record. Write: NAME A 192.0.2.1",
  AAAA: "an AAAA record. Write: NAME AAAA 2001:db8::1",
  TXT: 'a TXT record. Write: NAME TXT "TEXT"',
  PTR: "a PTR record. Write: ADDRESS PTR HOST",
  CNAME: "a CNAME record. Write: NAME CNAME OTHER-NAME",
};

const isRecordType = (text: string): text is RecordType => Object.hasOwn(shapes, text);

const expected = (type: string): string =>
  isRecordType(type) ? shapes[type] : `of a known type. Known are ${Object.keys(shapes).join(", ")}, SERVFAIL, SILENT`;

function readRecord(type: string, data: string): ZoneRecord | undefined {
  switch (type) {
    case "MX": {
      const [, preference, exchange] = /^(\d{1,5})\s+(\S+)$/.exec(data) ?? [];
      return exchange === undefined || Number(preference) > 65_535
        ? undefined
        : { type, text: plainName(exchange), preference: Number(preference) };
    }
    case "A":
      return isIPv4(data) ? { type, text: data, preference: 0 } : undefined;
    case "AAAA":
      return isIPv6(data) ? { type, text: data, preference: 0 } : undefined;
    case "TXT":
      return data === "" ? undefined : { type, text: data.replace(/^"(.*)"$/, "$1"), preference: 0 };
    case "PTR":
    case "CNAME":
      return /^\S+$/.test(data) ? { type, text: plainName(data), preference: 0 } : undefined;
  }
  return undefined;
}
