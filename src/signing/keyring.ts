// The keys that sign now, parsed once. What the commands or the server change in a key folder counts within seconds.
import { readFile, stat } from "node:fs/promises";
import type { World } from "../base/world.ts";
import { type SigningConfig, type SigningDomain, signingDomains } from "./domains.ts";
import { KeyError, pemPath, readFolder, statePath } from "./key-folder.ts";
import { type ParsedKey, parseKey } from "./keys.ts";
import type { SigningKey } from "./signature.ts";

export interface KeyringSettings {
  readonly config: SigningConfig;
  readonly world: Pick<World, "sleep">;
  /** Changed keys cannot be read: those of before go on signing. Told once, until it is something else. */
  readonly onFault: (error: unknown) => void;
}

export interface DomainKeys {
  readonly domain: string;
  readonly subdomains: boolean;
  /** Those that sign; none while no record is in DNS yet. */
  readonly keys: readonly SigningKey[];
}

/** So long after a change in a folder it counts at the latest. */
const lookEveryMs = 3_000;

interface Entry extends DomainKeys {
  readonly own: SigningDomain;
  /** Of the state file; changes when it does. */
  readonly version: string;
}

/** Looks by itself until its disposal: who signs never waits for a file. */
export class Keyring implements AsyncDisposable {
  readonly #settings: KeyringSettings;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #faults: ReadonlySet<string> = new Set();
  readonly #stop = new AbortController();
  #looking: Promise<void> | undefined;

  private constructor(settings: KeyringSettings) {
    this.#settings = settings;
  }

  /** Rejects with a KeyError when a key cannot be used. */
  static async open(settings: KeyringSettings): Promise<Keyring> {
    const keyring = new Keyring(settings);
    const domains = await signingDomains(settings.config);
    keyring.#know(await Promise.all(domains.map((own) => keyring.#entryOf(own))));
    keyring.#looking = keyring.#keepLooking(keyring.#stop.signal);
    return keyring;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }

  /** False: nothing is signed here. */
  get hasKeys(): boolean {
    return this.#entries.size > 0;
  }

  /** Of the domain itself, or of the nearest one above that signs for those below it. */
  keysFor(domain: string): DomainKeys | undefined {
    return this.#nearest(domain, ({ subdomains }) => subdomains);
  }

  /** For a name of this server's own: it needs nobody's leave to sign with the keys of a domain above it. */
  keysForOurs(name: string): DomainKeys | undefined {
    return this.#nearest(name, () => true);
  }

  #nearest(domain: string, maySign: (above: DomainKeys) => boolean): DomainKeys | undefined {
    const own = this.#entries.get(domain);
    if (own !== undefined && own.keys.length > 0) return own;
    for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) {
      const above = this.#entries.get(domain.slice(dot + 1));
      if (above !== undefined && above.keys.length > 0 && maySign(above)) return above;
    }
    return own;
  }

  #know(entries: readonly Entry[]): void {
    this.#entries = new Map(entries.map((entry) => [entry.domain, entry]));
  }

  async #keepLooking(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#settings.world.sleep(lookEveryMs, signal);
      if (signal.aborted) return;
      await this.#look();
    }
  }

  /** Reads what has changed. A folder that cannot be read is no reason to leave the others as they were. */
  async #look(): Promise<void> {
    const faults = new Set<string>();
    const domains = await signingDomains(this.#settings.config);
    const entries = domains.map((own) =>
      this.#entryOf(own).catch((error: unknown) => {
        const text = String(error);
        if (!this.#faults.has(text)) this.#settings.onFault(error);
        faults.add(text);
        return this.#entries.get(own.domain);
      }),
    );
    this.#know((await Promise.all(entries)).filter((entry) => entry !== undefined));
    this.#faults = faults;
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
