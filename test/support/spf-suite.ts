// The RFC 7208 suite: its cases, each with the zone that it runs in. Reads just the YAML that the suite is written in.
import { parseZone, type RecordType, type Zone, type ZoneRecord } from "../../src/dns/zone.ts";
import { type Suite, suite } from "./suites.ts";

export interface SpfCase {
  /** "Initial processing: toolonglabel" */
  readonly name: string;
  readonly client: string;
  readonly helo: string;
  /** As given: may be empty, or no address. */
  readonly mailFrom: string;
  /** Any of them is right. */
  readonly results: readonly string[];
  readonly explanation?: string;
  readonly zone: Zone;
}

export function spfSuite(): { readonly skip: Suite["skip"]; readonly cases: readonly SpfCase[] } {
  const { skip, files, read } = suite("spf");
  const documents = files(".yml").flatMap((file) => read(file).toString("utf8").split(/^---$/m));
  return { skip, cases: documents.flatMap(readScenario) };
}

function readScenario(text: string): SpfCase[] {
  const title = /^description: (.*)$/m.exec(text)?.[1] ?? "";
  const [, tests = "", zonedata = ""] = /^tests:\n(.*?)^zonedata:\n(.*)$/ms.exec(text) ?? [];
  const zone = readZone(zonedata);
  return blocks(tests).map(([name, lines]) => {
    const pairs = lines.flatMap((line) => {
      const [, key, value] = /^ {4}(\w+): *(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    });
    const given = new Map(pairs);
    const explanation = given.get("explanation");
    return {
      name: `${title}: ${name}`,
      client: readScalar(given.get("host") ?? ""),
      helo: readScalar(given.get("helo") ?? ""),
      mailFrom: readScalar(given.get("mailfrom") ?? ""),
      results: readList(given.get("result") ?? ""),
      ...(explanation !== undefined && { explanation: readScalar(explanation) }),
      zone,
    };
  });
}

/** Keys two columns in, with the lines below each. */
function blocks(text: string): [string, string[]][] {
  const found: [string, string[]][] = [];
  for (const line of text.split("\n")) {
    const key = /^ {2}([^ #].*):\s*$/.exec(line)?.[1];
    if (key !== undefined) found.push([readScalar(key), []]);
    else found.at(-1)?.[1].push(line);
  }
  return found;
}

/** `SPF:` stands for TXT, unless the name has a TXT of its own; after `TIMEOUT` what is not given is not answered. */
function readZone(text: string): Zone {
  const zone = parseZone("");
  for (const [name, lines] of blocks(text)) {
    const entries = lines.flatMap((line): (readonly [string, string])[] => {
      const [, type, value = ""] = /^ {4}- ?(\w+)(?:: *(.*))?$/.exec(line) ?? [];
      return type === undefined ? [] : [[type, value]];
    });
    const hasTxt = entries.some(([type]) => type === "TXT");
    const records = entries.flatMap(([type, value]): ZoneRecord[] => {
      if (type === "TIMEOUT" || value === "NONE" || (type === "SPF" && hasTxt)) return [];
      return [readRecord(type === "SPF" ? "TXT" : (type as RecordType), readList(value))];
    });
    const silent = entries.some(([type]) => type === "TIMEOUT");
    const missing = types.filter((type) => !records.some((record) => record.type === type));
    zone.set(name.toLowerCase(), {
      records,
      faults: new Map(silent ? missing.map((type) => [type, "SILENT"] as const) : []),
    });
  }
  return zone;
}

const types = ["MX", "A", "AAAA", "TXT", "PTR"] as const;

function readRecord(type: RecordType, values: readonly string[]): ZoneRecord {
  if (type === "MX") return { type, preference: Number(values[0]), text: (values[1] ?? "").replace(/\.$/, "") };
  const text = values.join("");
  return { type, preference: 0, text: type === "CNAME" ? text.replace(/\.$/, "").toLowerCase() : text };
}

/** `[a, "b"]`, or the one value. */
const readList = (text: string): string[] =>
  text.startsWith("[")
    ? [...text.slice(1, -1).matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,][^,]*/g)].map(([one]) => readScalar(one))
    : [readScalar(text)];

function readScalar(text: string): string {
  const plain = text.trim();
  if (/^'.*'$/.test(plain)) return plain.slice(1, -1).replaceAll("''", "'");
  if (!/^".*"$/.test(plain)) return plain;
  return plain
    .slice(1, -1)
    .replaceAll(/\\(?:x([\da-f]{2})|(.))/gi, (_, hex?: string, sign?: string) =>
      hex === undefined ? (sign === "0" ? "\0" : (sign ?? "")) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
