// Greylisting for people: whose mail was asked to come again, and letting it in.
import { isIP } from "node:net";
import type { Instant, World } from "../../base/world.ts";
import { networkOf } from "../identity/identity.ts";
import type { Reputation } from "../reputation/reputation.ts";
import type { SenderRecord } from "../sender-store.ts";
import { type DeferralFacts, hostId } from "./deferral.ts";

export interface DeferralStatus {
  readonly id: string;
  /** waits: for its time; welcome: it may come now; returned: its host came again; let-in: by the operator. */
  readonly state: "waits" | "welcome" | "returned" | "let-in";
  readonly client: string;
  /** What counts as one host: "network 192.0.2.0/24", "spf example.org". */
  readonly host: string;
  /** Empty: the null reverse-path. */
  readonly from: string;
  readonly to: string;
  readonly because: string;
  readonly attempts: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly welcomeAt: Instant;
}

interface DeferralFilter {
  readonly from?: string;
  readonly to?: string;
  /** An address, or a network. */
  readonly client?: string;
}

export interface GreylistDesk {
  /** The latest first. */
  list(filter: DeferralFilter, limit: number): Promise<DeferralStatus[]>;
  /** By id, by the sender's address or domain, or by the client's address or network; answers what was let in. */
  allow(what: string): Promise<DeferralStatus[]>;
}

export function greylistDesk({ memory }: Pick<Reputation, "memory">, world: Pick<World, "now">): GreylistDesk {
  const withHosts = async (records: readonly SenderRecord[]): Promise<DeferralStatus[]> => {
    const names = [...new Set(records.map((record) => factsOf(record).host))];
    const hosts = new Set((await memory.read(names.map(hostId))).map(({ key }) => key));
    return records.map((record) => statusOf(record, hosts, world.now()));
  };
  return {
    async list(filter, limit) {
      const found: SenderRecord[] = [];
      for await (const record of memory.all("deferral")) {
        if (fits(factsOf(record), filter)) found.push(record);
        if (found.length >= 2 * limit) found.sort(latestFirst).splice(limit);
      }
      return withHosts(found.sort(latestFirst).slice(0, limit));
    },
    async allow(what) {
      const meant: SenderRecord[] = [];
      for await (const record of memory.all("deferral")) if (isMeant(record, what)) meant.push(record);
      const pin = { as: "good", because: "let in", at: world.now() } as const;
      for (const record of meant) await memory.pin({ kind: record.kind, key: record.key }, pin);
      return (await withHosts(meant)).map((status) => ({ ...status, state: "let-in" }));
    },
  };
}

const factsOf = ({ facts }: SenderRecord): DeferralFacts => facts as unknown as DeferralFacts;

const lastOf = ({ tallies, firstAt }: SenderRecord): Instant => tallies["attempt"]?.lastAt ?? firstAt;

const latestFirst = (a: SenderRecord, b: SenderRecord): number => lastOf(b) - lastOf(a);

function statusOf(record: SenderRecord, hosts: ReadonlySet<string>, now: Instant): DeferralStatus {
  const { delayMs, ...facts } = factsOf(record);
  const welcomeAt = record.firstAt + delayMs;
  const state =
    record.pin !== undefined ? "let-in" : hosts.has(facts.host) ? "returned" : welcomeAt <= now ? "welcome" : "waits";
  const attempts = record.tallies["attempt"]?.total ?? 1;
  return { id: record.key, state, ...facts, attempts, firstAt: record.firstAt, lastAt: lastOf(record), welcomeAt };
}

const isOf = (facts: DeferralFacts, client: string): boolean =>
  facts.client === client || (client.includes("/") && networkOf(facts.client) === client);

const fits = (facts: DeferralFacts, { from, to, client }: DeferralFilter): boolean =>
  (from === undefined || from === facts.from) &&
  (to === undefined || to === facts.to) &&
  (client === undefined || isOf(facts, client));

function isMeant(record: SenderRecord, what: string): boolean {
  const facts = factsOf(record);
  if (isIP(what) !== 0 || what.includes("/")) return isOf(facts, what);
  if (what === "<>") return facts.from === "";
  return record.key === what || facts.from === what || (!what.includes("@") && facts.from.endsWith(`@${what}`));
}
