// The files that a config names: there, readable, and of the right kind.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buildKnowledge } from "../explain/knowledge/knowledge.ts";
import { parseRuleFile } from "../explain/knowledge/parse-rule-file.ts";
import { parsePostgresUrl } from "./postgres-url.ts";
import type { Fault } from "./problem.ts";
import type { Sections } from "./rules.ts";
import type { Path } from "./settings.ts";
import { show } from "./show.ts";
import { parseKey } from "./signing-key.ts";

/** Faults of certificate, key and password files, and of modules, which are not looked into. */
export async function fileFaults({
  tls = {},
  route = [],
  storage,
  hooks,
  explain,
  dkim = [],
}: Sections): Promise<Fault[]> {
  const passwords = route.map(({ password_file }, i) => passwordFault(["route", i, "password_file"], password_file));
  const modules = (hooks?.modules ?? []).map(
    async (name, i) => (await read(["hooks", "modules", i], name)).fault ?? [],
  );
  const signing = dkim.flatMap(({ key_files }, i) =>
    Object.entries(key_files).map(([selector, name]) => signingKeyFault(["dkim", i, "key_files", selector], name)),
  );
  const rules = (explain?.rules ?? []).map((name, i) => rulesFault(["explain", "rules", i], name));
  const all = [tlsFaults(tls), ...passwords, urlFault(storage?.url_file), ...modules, ...signing, ...rules];
  return (await Promise.all(all)).flat();
}

async function tlsFaults({ certificate, key }: NonNullable<Sections["tls"]>): Promise<Fault[]> {
  const [first, second] = await Promise.all([
    readPem(["tls", "certificate"], certificate, (pem) => new X509Certificate(pem)),
    readPem(["tls", "key"], key, createPrivateKey),
  ]);
  const faults = [first, second].flatMap(({ fault }) => fault ?? []);
  if (first.value && second.value && !first.value.checkPrivateKey(second.value))
    faults.push({
      path: ["tls", "key"],
      what: "the key does not belong to the certificate",
      allowed: "Name the key that the certificate was issued for.",
    });
  return faults;
}

async function rulesFault(path: Path, name: string): Promise<Fault[]> {
  const { value, fault } = await read(path, name);
  if (value === undefined) return fault === undefined ? [] : [fault];
  try {
    buildKnowledge({ [name]: parseRuleFile(value.toString(), name) });
    return [];
  } catch (error) {
    return [{ path, what: (error as Error).message, allowed: "docs/adding-a-cause.md tells how rules are written." }];
  }
}

interface Result<T> {
  readonly value?: T;
  readonly fault?: Fault;
}

async function readPem<T>(path: Path, name: string | undefined, parse: (pem: Buffer) => T): Promise<Result<T>> {
  if (name === undefined) return {};
  const { value, fault } = await read(path, name);
  if (value === undefined) return { ...(fault && { fault }) };
  try {
    return { value: parse(value) };
  } catch {
    const isKey = path.at(-1) === "key";
    const thing = isKey ? "an unencrypted private key" : "a certificate";
    const allowed = `Name a PEM file with ${thing}: it has a line that begins with "-----BEGIN".`;
    return { fault: { path, what: `${show(name)} does not contain ${thing}`, allowed } };
  }
}

async function signingKeyFault(path: Path, name: string): Promise<Fault[]> {
  const { value, fault } = await read(path, name);
  if (value === undefined) return fault === undefined ? [] : [fault];
  try {
    parseKey(value);
    return [];
  } catch (error) {
    const allowed =
      'Name a PEM file with an unencrypted RSA or Ed25519 private key, which has a line that begins with "-----BEGIN"; or leave it out, and make keys with waybill dkim keygen.';
    return [{ path, what: `${show(name)} ${(error as Error).message}`, allowed }];
  }
}

async function passwordFault(path: Path, name: string | undefined): Promise<Fault[]> {
  if (name === undefined) return [];
  const { value, fault } = await read(path, name);
  if (fault !== undefined) return [fault];
  const isEmpty = /^\s*(?:\n|$)/.test(value?.toString() ?? "");
  return isEmpty
    ? [{ path, what: `the first line of ${show(name)} is empty`, allowed: "Write the password there." }]
    : [];
}

async function urlFault(name: string | undefined): Promise<Fault[]> {
  if (name === undefined) return [];
  const path = ["storage", "url_file"];
  const { value, fault } = await read(path, name);
  if (fault !== undefined) return [fault];
  const isUrl = parsePostgresUrl(firstLine(value?.toString() ?? "")) !== undefined;
  const what = `the first line of ${show(name)} is not the URL of a PostgreSQL database`;
  return isUrl ? [] : [{ path, what, allowed: 'Write "postgres://USER:PASSWORD@HOST:PORT/DATABASE" there.' }];
}

/** Where a file keeps one value: a password, or a URL. */
export const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0]!.trim();

async function read(path: Path, name: string): Promise<Result<Buffer>> {
  try {
    return { value: await readFile(name) };
  } catch (error) {
    return { fault: { path, ...unreadable(name, error) } };
  }
}

/** Why a file could not be read, and what to do. */
export function unreadable(name: string, error: unknown): { what: string; allowed: string } {
  const code = String((error as NodeJS.ErrnoException).code);
  const from = `Names that do not begin with / start from the working directory, ${process.cwd()}.`;
  if (code === "ENOENT" || code === "ENOTDIR") return { what: `the file ${show(name)} does not exist`, allowed: from };
  if (code === "EISDIR") return { what: `${show(name)} is a folder`, allowed: "Name a file." };
  if (code === "EACCES" || code === "EPERM")
    return {
      what: `the file ${show(name)} may not be read`,
      allowed: "Give the user that Waybill runs as the right to read it.",
    };
  return { what: `the file ${show(name)} cannot be read (${code})`, allowed: "Name a file that can be read." };
}
