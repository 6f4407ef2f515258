// Making keys for a domain: the first ones, and those that take their place.
import type { Instant } from "../base/world.ts";
import type { SigningDomain } from "./domains.ts";
import { changeFolder, type KeyRecord, writeKeyFile } from "./key-folder.ts";
import { newKey } from "./keys.ts";
import { newSelector } from "./rotation.ts";
import type { Algorithm } from "./signature.ts";

export interface NewKey {
  readonly algorithm: Algorithm;
  /** Without one, it is named by the day. */
  readonly selector?: string;
}

/** Rejects with a KeyError, and records nothing, when one cannot be written. */
export async function makeKeys({ folder }: SigningDomain, wanted: readonly NewKey[], now: Instant): Promise<void> {
  if (wanted.length === 0) return;
  await changeFolder(folder, async (records) => {
    const all: KeyRecord[] = [...records];
    for (const { algorithm, selector: name } of wanted) {
      const selector = name ?? newSelector(now, algorithm, new Set(all.map((record) => record.selector)));
      await writeKeyFile(folder, selector, await newKey(algorithm));
      all.push({ selector, algorithm, state: "new", since: { new: now } });
    }
    return all;
  });
}
