// The keys that sign now, parsed once. What the commands or the server change in a key folder counts within seconds.
import { readFile, stat } from "node:fs/promises";
import type { Instant, World } from "../base/world.ts";
import { type SigningConfig, type SigningDomain, signingDomains } from "./domains.ts";
import { KeyError, pemPath, readFolder, statePath } from "./key-folder.ts";
import { type ParsedKey, parseKey } from "./keys.ts";
import type { SigningKey } from "./signature.ts";

export interface KeyringSettings {
  readonly config: SigningConfig;
  readonly world: Pick<World, "now">;
  /** Changed keys cannot be read: those of before go on signing. */
  readonly onFault: (error: unknown) => void;
}

export interface DomainKeys {
  readonly domain: string;
  readonly subdomains: boolean;
  /** Those that sign; none while no record is in DNS yet. */
  readonly keys: readonly SigningKey[];
}

/** How old what is known of the folders may be. */
const lookEveryMs = 3_000;

interface Entry extends DomainKeys {
  readonly own: SigningDomain;
  /** Of the state file; changes when it does. */
  readonly version: string;
}

export class Keyring {
  readonly #settings: KeyringSettings;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #lookedAt: Instant;
  #isLooking = false;

  private constructor(settings: KeyringSettings) {
    this.#settings = settings;
    this.#lookedAt = settings.world.now();
  }

  /** Rejects with a KeyError when a key cannot be used. */
  static async open(settings: KeyringSettings): Promise<Keyring> {
    const keyring = new Keyring(settings);
    await keyring.look();
    return keyring;
  }

  /** Of the domain itself, or of the nearest one above that signs for those below it. */
  keysFor(domain: string): DomainKeys | undefined {
    this.#lookInTime();
    const own = this.#entries.get(domain);
    if (own !== undefined && own.keys.length > 0) return own;
    for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) {
      const above = this.#entries.get(domain.slice(dot + 1));
      if (above?.subdomains && above.keys.length > 0) return above;
    }
    return own;
  }

  /** Reads what has changed. */
  async look(): Promise<void> {
    const domains = await signingDomains(this.#settings.config);
    const entries = await Promise.all(domains.map((own) => this.#entryOf(own)));
    this.#entries = new Map(entries.map((entry) => [entry.domain, entry]));
  }

  #lookInTime(): void {
    const now = this.#settings.world.now();
    if (this.#isLooking || Math.abs(now - this.#lookedAt) < lookEveryMs) return;
    this.#lookedAt = now;
    this.#isLooking = true;
    this.look()
      .catch((error: unknown) => this.#settings.onFault(error))
      .finally(() => (this.#isLooking = false));
  }

  async #entryOf(own: SigningDomain): Promise<Entry> {
    const version = await versionOf(statePath(own.folder));
    const known = this.#entries.get(own.domain);
    if (known?.version === version) return known;
    const { domain, subdomains, folder, keyFiles } = own;
    const active = (await readFolder(folder)).filter(({ state }) => state === "active");
    const files = [
      ...Object.entries(keyFiles),
      ...active.map(({ selector }): [string, string] => [selector, pemPath(folder, selector)]),
    ];
    const keys = files.map(async ([selector, path]) => ({ domain, selector, ...(await readKeyFile(path)) }));
    return { own, domain, subdomains, version, keys: await Promise.all(keys) };
  }
}

async function versionOf(path: string): Promise<string> {
  const { mtimeMs = 0, ino = 0 } = (await stat(path).catch(() => undefined)) ?? {};
  return `${mtimeMs} ${ino}`;
}

/** Rejects with a KeyError. */
export async function readKeyFile(path: string): Promise<ParsedKey> {
  const pem = await readFile(path).catch((error: Error) => {
    throw new KeyError(`cannot read the key ${path}: ${error.message}; the server's user must be able to read it`, {
      cause: error,
    });
  });
  try {
    return parseKey(pem);
  } catch (error) {
    throw new KeyError(`${path} ${(error as Error).message}`, { cause: error });
  }
}
