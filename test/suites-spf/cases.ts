// The cases of the RFC 7208 suite, each with the zone that its DNS questions are answered from.
import type { RecordType, Zone, ZoneName, ZoneRecord } from "../../src/dns/zone.ts";
import { reverseName } from "../../src/dns/reverse-name.ts";
import { suite } from "../support/suites.ts";
import { readYaml, type Yaml } from "./yaml.ts";

export interface SpfCase {
  readonly name: string;
  readonly helo: string;
  readonly host: string;
  readonly mailFrom: string;
  /** Any of these is right. */
  readonly results: readonly string[];
  readonly explanation?: string;
  readonly zone: Zone;
}

const { skip, read } = suite("spf");

export { skip };

/** All of them; none where the suite is absent. */
export function spfCases(): SpfCase[] {
  if (skip !== false) return [];
  return readYaml(read("rfc7208-tests.yml").toString()).flatMap((document) => {
    const { tests, zonedata, description } = mapping(document);
    const zone = zoneOf(mapping(zonedata ?? {}));
    return Object.entries(mapping(tests ?? {})).map(([name, test]): SpfCase => {
      const { helo, host, mailfrom, result, explanation } = mapping(test);
      return {
        name: `${text(description)}: ${name}`,
        helo: text(helo),
        host: text(host),
        mailFrom: text(mailfrom),
        results: typeof result === "string" ? [result] : (result as string[]),
        ...(typeof explanation === "string" && explanation !== "DEFAULT" && { explanation }),
        zone,
      };
    });
  });
}

const mapping = (value: Yaml): Record<string, Yaml> => value as Record<string, Yaml>;
const text = (value: Yaml | undefined): string => (typeof value === "string" ? value : "");

/** An SPF record stands for TXT where no TXT is given; TIMEOUT is silence for what is not given. */
function zoneOf(names: Readonly<Record<string, Yaml>>): Zone {
  const zone: Zone = new Map();
  for (const [written, entries] of Object.entries(names)) {
    const name = reverseName(written) ?? written.toLowerCase();
    const list = (entries === "" ? [] : entries) as (string | Record<string, Yaml>)[];
    const records = list.flatMap((entry) => (typeof entry === "string" ? [] : recordsOf(entry)));
    const hasTxt = records.some(({ type }) => type === "TXT");
    const kept = records
      .filter(({ type }) => !hasTxt || type !== "SPF")
      .map(({ type, ...record }): ZoneRecord => ({ ...record, type: type === "SPF" ? "TXT" : type }))
      .filter((record) => record.text !== "NONE");
    const faults: ZoneName["faults"] = new Map();
    if (list.includes("TIMEOUT")) {
      const given = new Set(kept.map(({ type }) => type));
      for (const type of ["MX", "A", "AAAA", "TXT", "PTR"] as const) if (!given.has(type)) faults.set(type, "SILENT");
    }
    zone.set(name, { records: kept, faults });
  }
  return zone;
}

type Written = Omit<ZoneRecord, "type"> & { readonly type: RecordType | "SPF" };

const recordsOf = (entry: Readonly<Record<string, Yaml>>): Written[] =>
  Object.entries(entry).map(([type, data]): Written => {
    if (type === "MX") {
      const [preference, exchange] = data as [string, string];
      return { type, text: nameText(exchange), preference: Number(preference) };
    }
    const joined = typeof data === "string" ? data : (data as string[]).join("");
    const isName = type === "PTR" || type === "CNAME";
    return { type: type as RecordType | "SPF", text: isName ? nameText(joined) : joined, preference: 0 };
  });

const nameText = (name: string): string => name.toLowerCase().replace(/\.$/, "");
