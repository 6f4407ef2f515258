// From key to key without an unsigned or unverifiable message: a new one is published, then signs, and the old one stays
// in DNS until no mail that it signed is on its way any more. RFC 6376 §3.6.1 (p= empty), §6.1.2.
import type { Instant } from "../base/world.ts";
import type { KeyRecord, KeyState } from "./key-folder.ts";
import type { ParsedKey } from "./keys.ts";
import type { Publication } from "./publication.ts";
import type { Algorithm } from "./signature.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export const rotationLimits = {
  /** From the first sight of a record until it is relied on in place of another: all servers of the zone have it then. */
  settleMs: hourMs,
  /** Mail is tried for five days (RFC 5321 §4.5.4.1), and verified when it arrives. */
  keepRecordMs: 7 * dayMs,
  /** Keys are to be changed at least this often. */
  oldMs: 365 * dayMs,
} as const;

/** What DNS has of a key; undefined: it was not looked for. */
type Sighting = (selector: string) => Publication | undefined;

interface Step {
  readonly now: Instant;
  /** 0: a person says that it is time. */
  readonly settleMs: number;
}

/** What becomes of the keys after a look at DNS. */
export function advance(records: readonly KeyRecord[], seen: Sighting, { now, settleMs }: Step): KeyRecord[] {
  const to = (record: KeyRecord, state: KeyState): KeyRecord => ({
    ...record,
    state,
    since: { ...record.since, [state]: now },
  });
  const looked = records.map((record) => {
    const kind = seen(record.selector)?.kind;
    if (record.state === "new" && kind === "right") return to(record, "published");
    const isGone = kind === "missing" || kind === "wrong" || kind === "withdrawn";
    return record.state === "published" && isGone ? to(record, "new") : record;
  });
  const next = new Map((["rsa", "ed25519"] as const).map((algorithm) => [algorithm, nextActive(looked, algorithm)]));
  return looked.map((record, i) => {
    const at = next.get(record.algorithm) ?? -1;
    const isDue = at !== -1 && (!isInUse(looked, record.algorithm) || now - looked[at]!.since.published! >= settleMs);
    if (!isDue || i > at) return record;
    if (i === at) return to(record, "active");
    return record.state === "retired" ? record : to(record, "retired");
  });
}

/** Position of the newest that is published; -1: none. */
const nextActive = (records: readonly KeyRecord[], wanted: Algorithm): number =>
  records.findLastIndex(({ algorithm, state }) => algorithm === wanted && state === "published");

const isInUse = (records: readonly KeyRecord[], wanted: Algorithm): boolean =>
  records.some(({ algorithm, state }) => algorithm === wanted && state === "active");

/** By date, and a number if there was one that day. */
export function newSelector(now: Instant, algorithm: Algorithm, taken: ReadonlySet<string>): string {
  const day = new Date(now).toISOString().slice(0, 10).replaceAll("-", "");
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${day}-${algorithm}` : `${day}-${number}-${algorithm}`;
    if (!taken.has(name)) return name;
  }
}

export interface Sighted {
  readonly record: KeyRecord;
  readonly key: ParsedKey;
  readonly publication: Publication;
}

const days = (ms: number): string => `${Math.floor(ms / dayMs)} days`;

/** What a person should do about a key; undefined: nothing. */
export function adviceFor(
  { record, publication }: Pick<Sighted, "record" | "publication">,
  now: Instant,
): string | undefined {
  const { state, since } = record;
  const { kind } = publication;
  if (kind === "wrong" || kind === "unknown") return publication.because;
  const misplaced = kind === "missing" ? publication.because : undefined;
  switch (state) {
    case "new":
      if (misplaced !== undefined) return misplaced;
      return kind === "withdrawn"
        ? "its record says that it is withdrawn (p= is empty): publish the record as waybill dkim keygen shows it"
        : "publish its record: waybill dkim keygen shows it";
    case "published":
      return "it will sign within the hour; waybill dkim rotate makes it sign at once";
    case "active":
      if (misplaced !== undefined) return `it signs, but ${misplaced}`;
      if (kind !== "right")
        return "it signs, but its record is not in DNS, so no signature can be verified: publish it at once";
      return now - (since.active ?? now) > rotationLimits.oldMs
        ? `it has signed for ${days(now - since.active!)}: change it with waybill dkim rotate`
        : undefined;
    case "retired":
      return afterwards(kind, now - (since.retired ?? now));
  }
}

function afterwards(kind: "right" | "missing" | "withdrawn", retiredMs: number): string {
  const left = Math.ceil((rotationLimits.keepRecordMs - retiredMs) / dayMs);
  switch (kind) {
    case "right":
      return left > 0
        ? `leave its record in DNS for ${left} more days: mail that it signed is still on its way`
        : 'its record may go: set it to "v=DKIM1; p=", which says that the key is withdrawn, and remove it some weeks later';
    case "withdrawn":
      return "its record may be removed some weeks after it was emptied, and the key file be deleted";
    case "missing":
      return left > 0
        ? "its record was removed early: mail that it signed may fail to be verified"
        : "it is over: the key file may be deleted";
  }
}
