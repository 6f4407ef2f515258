// A key record in DNS, read for people: what kind of key, how strong, and what it may be used for. RFC 6376 §3.6.1.
import { createPublicKey, type KeyObject } from "node:crypto";
import { listed, packed, readTagList } from "../../mail/tag-list.ts";

export interface DkimKey {
  /** k=, in lower case. */
  readonly type: string;
  /** Of RSA. */
  readonly bits?: number;
  /** p= is empty. */
  readonly revoked: boolean;
  /** t= */
  readonly flags: readonly string[];
  /** h=; empty: any. */
  readonly hashes: readonly string[];
  /** s=; empty: any. */
  readonly services: readonly string[];
  /** Words: what is wrong. */
  readonly faults: readonly string[];
}

export function readDkimKey(record: string): DkimKey {
  const { tags, faults } = readTagList(record);
  const type = packed(tags.get("k") ?? "rsa").toLowerCase();
  const p = tags.get("p");
  const key = p === undefined || packed(p) === "" ? undefined : publicKey(type, packed(p));
  const bits = key?.asymmetricKeyDetails?.modulusLength;
  const wrong = [
    ...faults,
    ...(tags.has("v") && tags.get("v") !== "DKIM1" ? [`v=${tags.get("v")} should be v=DKIM1`] : []),
    ...(tags.has("v") && [...tags.keys()][0] !== "v" ? ["v=DKIM1 must be the first tag"] : []),
    ...(p === undefined ? ["the tag p= with the key is missing"] : []),
    ...(p !== undefined && packed(p) !== "" && key === undefined ? [`what p= has is not a ${type} key in base64`] : []),
  ];
  return {
    type,
    ...(bits !== undefined && { bits }),
    revoked: p !== undefined && packed(p) === "",
    flags: listed(tags.get("t")),
    hashes: listed(tags.get("h")),
    services: listed(tags.get("s")),
    faults: wrong,
  };
}

/** SubjectPublicKeyInfo, as it should be, or the bare RSA key that some publish; Ed25519 is 32 octets (RFC 8463 §4). */
function publicKey(type: string, base64: string): KeyObject | undefined {
  const bytes = Buffer.from(base64, "base64");
  const spki = type === "ed25519" && bytes.length === 32 ? Buffer.concat([ed25519Prefix, bytes]) : bytes;
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    return type === "rsa" ? bareRsaKey(bytes) : undefined;
  }
}

function bareRsaKey(bytes: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: bytes, format: "der", type: "pkcs1" });
  } catch {
    return undefined;
  }
}

/** RFC 8410 §4: what stands before the key in a SubjectPublicKeyInfo. */
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

/** "RSA, 2048 bits" */
export const keyText = ({ type, bits }: DkimKey): string =>
  bits === undefined ? type.toUpperCase() : `${type.toUpperCase()}, ${bits} bits`;
