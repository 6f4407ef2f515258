// The server's certificate: the operator's PEM files, or one of our own, kept in the data folder. RFC 3207 §4.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Instant } from "../base/world.ts";
import { selfSigned } from "./self-signed.ts";

export interface CertificateSettings {
  /** PEM files of the chain and its key; both or neither. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** Name that a certificate of our own is for. */
  readonly hostname: string;
  /** Folder that keeps it. */
  readonly dataDir: string;
}

interface ServerCertificate {
  readonly secureContext: SecureContext;
  readonly expiresAt: Instant;
  readonly selfSigned: boolean;
  /** SHA-256, as openssl writes it. */
  readonly fingerprint: string;
}

/** The certificate cannot be used; the message says which file, what is wrong and what to do. */
class CertificateError extends Error {
  override readonly name = "CertificateError";
}

/** A certificate of our own is replaced when it ends in less than this. */
const renewBeforeMs = 30 * 86_400_000;

/** Reads the certificate that the settings name, or the one of our own, which is made when there is none. */
export async function loadCertificate(settings: CertificateSettings, now: Instant): Promise<ServerCertificate> {
  const { certificate, key } = settings;
  if (certificate === undefined || key === undefined) return ownCertificate(settings, now);
  const [chain, privateKey] = await Promise.all([readPem(certificate), readPem(key)]);
  const leaf = explain(() => new X509Certificate(chain), `${certificate} is not a certificate in PEM form`);
  const secret = explain(
    () => createPrivateKey(privateKey),
    `${key} is not a private key in PEM form without a passphrase`,
  );
  if (!leaf.checkPrivateKey(secret))
    throw new CertificateError(
      `the key in ${key} does not belong to the certificate in ${certificate}: name the two files that were made together, the server's own certificate first in its file`,
    );
  const secureContext = explain(
    () => createSecureContext({ cert: chain, key: privateKey }),
    `${certificate} and ${key} cannot be used for TLS`,
  );
  return { secureContext, expiresAt: Date.parse(leaf.validTo), selfSigned: false, fingerprint: leaf.fingerprint256 };
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new CertificateError(
      `cannot read ${path}: ${message(error)}; check the path in [tls] and that the server's user may read the file`,
      { cause: error },
    );
  }
}

function explain<T>(make: () => T, problem: string): T {
  try {
    return make();
  } catch (error) {
    throw new CertificateError(`${problem}: ${message(error)}`, { cause: error });
  }
}

async function ownCertificate({ hostname, dataDir }: CertificateSettings, now: Instant): Promise<ServerCertificate> {
  const path = join(dataDir, "self-signed.pem");
  const kept = await readFile(path).catch(() => undefined);
  const pem = kept !== undefined && isUsable(kept, hostname, now) ? kept : await renew(path, hostname, now);
  const { validTo, fingerprint256: fingerprint } = new X509Certificate(pem);
  const secureContext = createSecureContext({ cert: pem, key: pem });
  return { secureContext, expiresAt: Date.parse(validTo), selfSigned: true, fingerprint };
}

/** False for a file that was damaged, too: then a new one is made. */
function isUsable(pem: Buffer, hostname: string, now: Instant): boolean {
  try {
    const certificate = new X509Certificate(pem);
    const isOurs = certificate.checkHost(hostname) !== undefined && certificate.checkPrivateKey(createPrivateKey(pem));
    return isOurs && Date.parse(certificate.validTo) - now > renewBeforeMs;
  } catch {
    return false;
  }
}

/** Key and certificate are one file and come into being by a rename, so they always fit. */
async function renew(path: string, hostname: string, now: Instant): Promise<string> {
  const pem = await selfSigned(hostname, now);
  try {
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(`${path}.new`, pem, { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new CertificateError(
      `cannot write ${path}: ${message(error)}; make data_dir a folder that the server's user may write to`,
      { cause: error },
    );
  }
  return pem;
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));
