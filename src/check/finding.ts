// A finding: what was looked at, what was found, why it matters, who can fix it and exactly what to change. Plain data: it
// goes to a terminal, to paper, to other programs. Its words are in languages/, by its id; its usual facts in catalogue/.
import type { CauseName, WhoActs } from "../explain/explanation.ts";
import { catalogue, type FindingId } from "./catalogue/catalogue.ts";
import type { Level } from "./catalogue/facts.ts";
import type { DnsRecord } from "./dns-record.ts";
import type { ActionId } from "./languages/language.ts";

export type { FindingId, Level };

/** What placeholders in the words stand for. Texts of strangers in it are made harmless when they become words. */
export type Values = Readonly<Record<string, string | number | undefined>>;

export type Change =
  /** `instead`: of these values, which are there now. */
  | { readonly kind: "publish"; readonly record: DnsRecord; readonly instead?: readonly string[] }
  | { readonly kind: "remove"; readonly record: DnsRecord }
  /** `where`: a file, a program, a page of settings. */
  | {
      readonly kind: "set";
      readonly where: string;
      readonly setting: string;
      readonly from?: string;
      readonly to: string;
    }
  /** In words of languages/. */
  | { readonly kind: "act"; readonly action: ActionId; readonly values?: Values };

export interface Finding {
  /** Programs can rely on it: it stays as it is. */
  readonly id: FindingId;
  readonly level: Level;
  /** What was looked at: "example.org", "mx1.example.org [192.0.2.1]:25". */
  readonly about: string;
  readonly values: Values;
  readonly whoActs: WhoActs;
  /** Of explain, where one fits: what mail that fails because of this is told. */
  readonly cause?: CauseName;
  /** In the order in which they are done. */
  readonly changes: readonly Change[];
  /** As it was seen: records, replies, words of a library. */
  readonly evidence: readonly string[];
  /** RFC sections. */
  readonly sources: readonly string[];
}

export interface Found {
  readonly about: string;
  readonly values?: Values;
  readonly changes?: readonly Change[];
  readonly evidence?: readonly string[];
  /** Where it is not the usual one of the catalogue. */
  readonly level?: Level;
  readonly whoActs?: WhoActs;
  readonly cause?: CauseName;
}

/** A finding with the facts of the catalogue, unless `found` knows better. */
export function finding(id: FindingId, found: Found): Finding {
  const { level, whoActs, cause, sources } = catalogue[id];
  const because = found.cause ?? cause;
  return {
    id,
    level: found.level ?? level,
    about: found.about,
    values: found.values ?? {},
    whoActs: found.whoActs ?? whoActs,
    ...(because !== undefined && { cause: because }),
    changes: found.changes ?? [],
    evidence: found.evidence ?? [],
    sources,
  };
}

/** From the worst to the best. What could not be looked at may hide anything, but nothing bad is known. */
export const levels = ["error", "warning", "unknown", "note", "good"] as const satisfies readonly Level[];

/** "good" where there is none. */
export const worstOf = (findings: readonly Finding[]): Level =>
  levels.find((level) => findings.some((finding) => finding.level === level)) ?? "good";

export const act = (action: ActionId, values?: Values): Change => ({
  kind: "act",
  action,
  ...(values !== undefined && { values }),
});

export const publish = (record: DnsRecord, instead: readonly string[] = []): Change => ({
  kind: "publish",
  record,
  ...(instead.length > 0 && { instead }),
});
