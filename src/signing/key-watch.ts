// Looks at DNS now and then, so that keys come into use when their records are there, and that a lost record is noticed.
import type { World } from "../base/world.ts";
import type { Resolver } from "../dns/resolver.ts";
import { type SigningConfig, type SigningDomain, signingDomains } from "./domains.ts";
import { changeFolder, type KeyRecord, pemPath, readFolder } from "./key-folder.ts";
import { readKeyFile } from "./keyring.ts";
import type { ParsedKey } from "./keys.ts";
import { publicationOf } from "./publication.ts";
import { advance, rotationLimits, type Sighted } from "./rotation.ts";

/** A zone's records change rarely; the wait for a new one is measured in hours anyway. */
const lookEveryMs = 5 * 60_000;

interface LookParts {
  readonly resolver: Pick<Resolver, "txt">;
  readonly world: Pick<World, "now">;
  /** How long a record must have been seen before its key takes the place of another; 0: a person says so. */
  readonly settleMs: number;
}

/** What DNS has of a domain's keys; keys whose time has come change their state. Rejects with a KeyError. */
export async function lookAtKeys(own: SigningDomain, parts: LookParts): Promise<Sighted[]> {
  const { domain, folder, keyFiles } = own;
  const { resolver, world, settleMs } = parts;
  const records = await readFolder(folder);
  const sight = async (record: KeyRecord, key: ParsedKey | undefined): Promise<Sighted[]> =>
    key === undefined
      ? []
      : [{ record, key, publication: await publicationOf(resolver, domain, { ...record, ...key }) }];
  const sighted = (
    await Promise.all(
      records.map(async (record) => sight(record, await keyOf(pemPath(folder, record.selector), record))),
    )
  ).flat();
  const foreign = Object.entries(keyFiles).map(async ([selector, path]) => {
    const key = await readKeyFile(path);
    return sight({ selector, algorithm: key.algorithm, state: "active", since: {} }, key);
  });
  const others = (await Promise.all(foreign)).flat();

  const seen = new Map(sighted.map((one) => [one.record.selector, one]));
  const next = (now: readonly KeyRecord[]): KeyRecord[] =>
    advance(now, (selector) => seen.get(selector)?.publication, { now: world.now(), settleMs });
  const after = differ(records, next(records)) ? await changeFolder(folder, next) : records;
  const ours = after.flatMap((record) => {
    const one = seen.get(record.selector);
    return one === undefined ? [] : [{ ...one, record }];
  });
  return [...ours, ...others];
}

/** Undefined: it was deleted when it was over. */
const keyOf = (path: string, { state }: KeyRecord): Promise<ParsedKey | undefined> =>
  readKeyFile(path).catch((error: unknown) => {
    if (state !== "retired") throw error;
    return undefined;
  });

const differ = (before: readonly KeyRecord[], after: readonly KeyRecord[]): boolean =>
  after.some(({ state }, i) => state !== before[i]!.state);

interface KeyWatchParts {
  readonly config: SigningConfig;
  readonly resolver: Pick<Resolver, "txt">;
  readonly world: World;
  /** A key changed its state, or its record is lost: a sentence for the log. */
  readonly onNews: (text: string) => void;
  readonly onFault: (error: unknown) => void;
}

/** Until `signal` aborts. Never rejects. One process of a machine is enough. */
export async function watchKeys(parts: KeyWatchParts, signal: AbortSignal): Promise<void> {
  const known = new Map<string, string>();
  while (!signal.aborted) {
    for (const own of await signingDomains(parts.config)) await lookAndTell(own, parts, known).catch(parts.onFault);
    await parts.world.sleep(lookEveryMs, signal);
  }
}

async function lookAndTell(own: SigningDomain, parts: KeyWatchParts, known: Map<string, string>): Promise<void> {
  const { settleMs } = rotationLimits;
  for (const { record, publication } of await lookAtKeys(own, { ...parts, settleMs })) {
    const { selector, state } = record;
    const name = `${selector}._domainkey.${own.domain}`;
    const isLost = state === "active" && (publication.kind === "missing" || publication.kind === "wrong");
    const what = isLost ? "lost" : state;
    const before = known.get(name);
    known.set(name, what);
    if (isLost && before !== "lost")
      parts.onNews(
        `the key ${name} signs, but its record in DNS is ${publication.kind}: see waybill dkim list ${own.domain}`,
      );
    else if (before !== undefined && before !== what) parts.onNews(`the key ${name} is ${what} now`);
  }
}
