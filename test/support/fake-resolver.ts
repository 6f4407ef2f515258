// A resolver without sockets that answers from a zone as text or as a map, and remembers what it was asked.
import type { Answer, Resolver } from "../../src/dns/resolver.ts";
import { reverseName } from "../../src/dns/reverse-name.ts";
import type { RecordType, Zone, ZoneRecord } from "../../src/dns/zone.ts";
import { lookUp, parseZone } from "../../src/dns/zone.ts";

export interface FakeResolver extends Resolver {
  /** Each question asked so far, in order: "MX example.lab". */
  readonly questions: readonly string[];
}

/** Text as `parseZone` reads it; a map may be changed while the resolver is in use. SILENT names time out at once. */
export function fakeResolver(zone: string | Zone): FakeResolver {
  const names = typeof zone === "string" ? parseZone(zone) : zone;
  const questions: string[] = [];

  const ask = async <T>(name: string, type: RecordType, read: (record: ZoneRecord) => T): Promise<Answer<T>> => {
    questions.push(`${type} ${name}`);
    const { kind, records } = lookUp(names, name, type);
    const found = records.filter((record) => record.type === type);
    switch (kind) {
      case "NOERROR":
        return found.length === 0 ? { kind: "no-data" } : { kind: "found", records: found.map(read) };
      case "NXDOMAIN":
        return { kind: "no-such-domain" };
      case "SERVFAIL":
        return { kind: "server-failure", text: `SERVFAIL for ${type} ${name}` };
      case "SILENT":
        return { kind: "timeout" };
    }
  };

  return {
    questions,
    mx: (name) => ask(name, "MX", ({ preference, text }) => ({ preference, exchange: text })),
    a: (name) => ask(name, "A", ({ text }) => text),
    aaaa: (name) => ask(name, "AAAA", ({ text }) => text),
    txt: (name) => ask(name, "TXT", ({ text }) => text),
    ptr: (address) => ask(reverseName(address) ?? address, "PTR", ({ text }) => text),
  };
}
