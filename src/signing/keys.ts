// Keys for signing, and the words that DNS has of them. RFC 6376 §3.6.1, RFC 8463 §4.
import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import type { ParsedKey } from "../config/signing-key.ts";
import type { Algorithm } from "./signature.ts";

export { type ParsedKey, parseKey } from "../config/signing-key.ts";

const generate = promisify(generateKeyPair);

/** RFC 8301 §3.2: at least 1024 bits, better 2048; more do not fit into one UDP answer, and some verifiers refuse them. */
const rsaBits = 2_048;

/** A new private key in PEM. */
export async function newKey(algorithm: Algorithm): Promise<string> {
  const { privateKey } =
    algorithm === "rsa" ? await generate("rsa", { modulusLength: rsaBits }) : await generate("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** p= of the record. */
export function publicPart({ algorithm, privateKey }: ParsedKey): string {
  const publicKey = createPublicKey(privateKey);
  if (algorithm === "rsa") return publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url").toString("base64"); // RFC 8463 §4: bare
}

/** The TXT record to publish. */
export const recordText = (key: ParsedKey): string => `v=DKIM1; k=${key.algorithm}; p=${publicPart(key)}`;

export const recordName = (selector: string, domain: string): string => `${selector}._domainkey.${domain}`;

/** For a zone file; a string of a TXT record has 255 octets at most. RFC 1035 §3.3.14, RFC 6376 §3.6.2.2 */
export function zoneLine(selector: string, domain: string, text: string): string {
  const strings = text.match(/.{1,255}/g) ?? [""];
  const quoted = strings.map((string) => `"${string}"`);
  const data = quoted.length === 1 ? quoted[0] : `( ${quoted.join("\n    ")} )`;
  return `${recordName(selector, domain)}. 3600 IN TXT ${data}`;
}
