// The domains that have keys: those of [[dkim]], and the folders in data_dir/dkim.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { parseDomain } from "../mail/address.ts";
import { pemPath, readFolder } from "./key-folder.ts";

export interface SigningDomain {
  readonly domain: string;
  readonly subdomains: boolean;
  readonly algorithm: Config["dkim"][number]["algorithm"];
  readonly folder: string;
  /** Path by selector. */
  readonly keyFiles: Readonly<Record<string, string>>;
}

export type SigningConfig = Pick<Config, "dkim" | "data_dir">;

/** As the section says, or as it is without one. */
export function signingDomain({ dkim, data_dir }: SigningConfig, domain: string): SigningDomain {
  const section = dkim.find((section) => section.domain === domain);
  const folder = section?.keys ?? join(data_dir, "dkim", domain);
  const { subdomains = false, algorithm = "both", key_files: keyFiles = {} } = section ?? {};
  return { domain, subdomains, algorithm, folder, keyFiles };
}

export async function signingDomains(config: SigningConfig): Promise<SigningDomain[]> {
  const folders = await readdir(join(config.data_dir, "dkim")).catch((): string[] => []);
  const names = new Set([
    ...config.dkim.map(({ domain }) => domain),
    ...folders.filter((name) => parseDomain(name) === name),
  ]);
  return [...names].sort().map((domain) => signingDomain(config, domain));
}

export interface KeyPlace {
  readonly selector: string;
  readonly path: string;
  /** Now; else it will. */
  readonly signs: boolean;
}

/** The keys of a domain that sign or will. Rejects with a KeyError. */
export async function keyPlaces({ folder, keyFiles }: SigningDomain): Promise<KeyPlace[]> {
  const kept = (await readFolder(folder)).filter(({ state }) => state !== "retired");
  return [
    ...kept.map(({ selector, state }) => ({ selector, path: pemPath(folder, selector), signs: state === "active" })),
    ...Object.entries(keyFiles).map(([selector, path]) => ({ selector, path, signs: true })),
  ];
}
