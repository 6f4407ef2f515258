// A DKIM-Signature or ARC-Message-Signature field, read for people. RFC 6376 §3.5.
import { domainToASCII } from "node:url";
import type { HashedBody } from "./body-hash.ts";
import { listed, packed, readTagList } from "../../mail/tag-list.ts";

export interface DkimSignature {
  /** d=, in lower case and A-labels. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** b= */
  readonly value: string;
  /** bh= */
  readonly bodyHash: string;
  /** "relaxed/simple" */
  readonly canonicalization: string;
  /** Undefined: nothing that could be hashed is asked for. */
  readonly hashed?: HashedBody;
  /** h= */
  readonly fields: readonly string[];
  /** l= */
  readonly lengthBytes?: number;
  /** t= and x=, as instants. */
  readonly signedAt?: number;
  readonly expiresAt?: number;
  /** i= */
  readonly identity?: string;
  /** Words: what is wrong. */
  readonly faults: readonly string[];
}

export function readSignature(value: string): DkimSignature {
  const { tags, faults } = readTagList(value);
  const tag = (name: string): string => packed(tags.get(name));
  const canonicalization = tag("c").toLowerCase() || "simple/simple";
  const algorithm = tag("a").toLowerCase();
  const [seconds, lengthBytes] = [numberOf(tag("t")), numberOf(tag("l"))];
  const expires = numberOf(tag("x"));
  const hashed = hashedBody(algorithm, canonicalization, lengthBytes);
  const missing = ["a", "b", "bh", "d", "h", "s"].filter((name) => tag(name) === "");
  return {
    domain: domainToASCII(tag("d")) || tag("d").toLowerCase(),
    selector: tag("s"),
    algorithm,
    value: tag("b"),
    bodyHash: tag("bh"),
    canonicalization: canonicalization.includes("/") ? canonicalization : `${canonicalization}/simple`,
    ...(hashed !== undefined && { hashed }),
    fields: listed(tags.get("h")),
    ...(lengthBytes !== undefined && { lengthBytes }),
    ...(seconds !== undefined && { signedAt: seconds * 1_000 }),
    ...(expires !== undefined && { expiresAt: expires * 1_000 }),
    ...(tags.has("i") && { identity: tag("i") }),
    faults: [...faults, ...missing.map((name) => `the tag ${name}= is missing or empty`)],
  };
}

const numberOf = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

function hashedBody(
  algorithm: string,
  canonicalization: string,
  lengthBytes: number | undefined,
): HashedBody | undefined {
  const [, hash] = /^(?:rsa|ed25519)-(sha1|sha256)$/.exec(algorithm) ?? [];
  const body = canonicalization.split("/")[1] ?? "simple";
  return hash === undefined || (body !== "simple" && body !== "relaxed")
    ? undefined
    : { algorithm: hash, canonicalization: body, ...(lengthBytes !== undefined && { lengthBytes }) };
}
