// The secrets that rewritten senders and return addresses are signed with: the operator's file, or one of our own in data_dir.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ownSecret } from "../config/own-secret.ts";
import type { Config } from "../config/schema.ts";

type Secrets = readonly [string, ...string[]];

/** Shorter ones can be guessed. */
const fewestCharacters = 16;

/** One per line, the one that signs first. Rejects with a sentence when there is none to be had. */
export async function loadSrsSecrets(config: Pick<Config, "forwarding" | "data_dir">): Promise<Secrets> {
  const { srs_secret_file: named } = config.forwarding;
  if (named !== undefined) return readSecrets(named);
  return [await ownSecret(join(config.data_dir, "srs.secret"))];
}

/** The same, of return addresses. */
export async function loadReturnSecrets(config: Pick<Config, "forwarding" | "returns" | "data_dir">): Promise<Secrets> {
  const named = config.returns.secret_file ?? config.forwarding.srs_secret_file;
  if (named !== undefined) return readSecrets(named);
  return [await ownSecret(join(config.data_dir, "returns.secret"))];
}

async function readSecrets(path: string): Promise<Secrets> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = `cannot read the secret for return addresses in ${path}: ${error.message}`;
    throw new Error(
      `${why}; ${error.code === "ENOENT" ? "make one with: openssl rand -base64 32" : "let the server's user read it"}`,
    );
  });
  const [first, ...others] = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (first !== undefined && [first, ...others].every((line) => line.length >= fewestCharacters))
    return [first, ...others];
  throw new Error(
    `${path} must have a secret of ${fewestCharacters} characters or more on each line; make one with: openssl rand -base64 32`,
  );
}
