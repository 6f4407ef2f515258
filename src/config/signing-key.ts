// What can sign for DKIM: an RSA or Ed25519 key in PEM. RFC 8301 §3.2, RFC 8463 §3.
import { createPrivateKey, type KeyObject } from "node:crypto";

export interface ParsedKey {
  readonly algorithm: "rsa" | "ed25519";
  readonly privateKey: KeyObject;
}

/** Throws, with words that complete "FILE …", when it is no key that can sign. */
export function parseKey(pem: string | Buffer): ParsedKey {
  const privateKey = readPem(pem);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  if (type === "ed25519") return { algorithm: type, privateKey };
  if (type !== "rsa") throw new Error(`has a key of type ${type}: DKIM knows RSA and Ed25519 keys`);
  const bits = details?.modulusLength ?? 0;
  if (bits >= 1_024) return { algorithm: type, privateKey };
  throw new Error(`has an RSA key of ${bits} bits: verifiers take those of 1,024 and more only`);
}

function readPem(pem: string | Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error("is not an unencrypted private key in PEM form", { cause: error });
  }
}
