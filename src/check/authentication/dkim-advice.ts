// What the owner of a signing domain should change, in words for somebody who does not know the RFC.
import { oneLine } from "../../mail/printable.ts";
import type { DkimVerdict } from "../../mail/verdict.ts";
import type { BodyFinding } from "./body-hash.ts";
import type { DkimKey } from "./dkim-key.ts";
import type { DkimSignature } from "./dkim-signature.ts";
import type { DkimReason } from "./reasons.ts";
import { type MessageFile, valuesOf } from "./message-file.ts";

export interface KeySigned extends Pick<DkimSigned, "key" | "keyFound"> {
  readonly signature: Pick<DkimSignature, "domain" | "selector" | "algorithm" | "identity">;
}

/** All that is known of a signature. */
export interface DkimSigned {
  readonly signature: DkimSignature;
  readonly verdict: DkimVerdict | undefined;
  readonly key: DkimKey | undefined;
  readonly keyFound: "found" | "absent" | "several" | "dns-failed" | "not-asked";
  /** Fields that matter, are there, and are not signed. */
  readonly unsignedFields: readonly string[];
  readonly body: BodyFinding | undefined;
  readonly expired: boolean;
}

/** What decided about a signature. */
export function dkimReason(signed: DkimSigned, message: MessageFile): DkimReason {
  const { signature, verdict, body, expired } = signed;
  if (verdict === undefined || verdict.result === "none") return "not-checked";
  if (verdict.result === "pass") return "signature-holds";
  if (verdict.result === "temperror") return "dns-failed";
  if (expired) return "expired";
  const ofKey = keyReason(signed);
  if (ofKey !== undefined) return ofKey;
  if (signature.faults.length > 0) return "syntax-error";
  if (signature.algorithm.endsWith("-sha1")) return "weak-algorithm";
  if (body?.kind === "added") return "lines-added";
  if (body?.kind === "changed") return "body-changed";
  switch (verdict.result) {
    case "fail":
      return "header-changed";
    case "policy":
      return signature.lengthBytes !== undefined || valuesOf(message, "from").length > 1
        ? "partly-signed"
        : "not-checked";
    case "permerror":
      return "key-mismatch";
    case "neutral":
      return "syntax-error";
  }
}

function keyReason({ key, keyFound, signature }: DkimSigned): DkimReason | undefined {
  if (keyFound === "absent") return "key-missing";
  if (keyFound === "several") return "several-keys";
  if (key === undefined) return undefined;
  if (key.revoked) return "key-revoked";
  if (key.faults.length > 0) return "key-invalid";
  if (key.bits !== undefined && key.bits < 1_024) return "key-too-short"; // RFC 8301 §3.2
  return signature.algorithm.startsWith(`${key.type}-`) || signature.algorithm === "" ? undefined : "key-mismatch";
}

export function dkimAdvice(signed: DkimSigned, message: MessageFile): string[] {
  const { signature, verdict } = signed;
  const faults = signature.faults.map(
    (fault) => `The server that signs for ${oneLine(signature.domain)} writes a wrong field: ${oneLine(fault)}`,
  );
  const broken = verdict?.result === "pass" ? [] : brokenAdvice(signed, message);
  return [...faults, ...keyAdvice(signed), ...broken, ...signerAdvice(signed)];
}

/** About the key that a signature, or a seal of ARC, was made with. */
export function keyAdvice({ signature, key, keyFound }: KeySigned): string[] {
  const name = `${oneLine(signature.selector)}._domainkey.${oneLine(signature.domain)}`;
  const type = signature.algorithm.startsWith("ed25519") ? "ed25519" : "rsa";
  switch (keyFound) {
    case "not-asked":
      return [];
    case "dns-failed":
      return [
        `DNS did not answer for ${name}: try again, or ask another server (--resolver); if it stays so, see to the name servers of that domain`,
      ];
    case "absent":
      return [
        `Publish the public key of the signing server as a TXT record at ${name}: "v=DKIM1; k=${type}; p=…"; or sign with a selector whose key is published. The server that signs knows the key`,
      ];
    case "several":
      return [`${name} has several TXT records: leave only the one with the key`];
    case "found":
      return key === undefined ? [] : foundKeyAdvice(key, signature, name);
  }
}

function foundKeyAdvice(
  key: DkimKey,
  { algorithm, identity = "", domain }: KeySigned["signature"],
  name: string,
): string[] {
  const hash = algorithm.split("-")[1] ?? "";
  const below = identity !== "" && !identity.toLowerCase().endsWith(`@${domain}`);
  return [
    ...(key.revoked ? [`The key at ${name} was revoked (p= is empty): let the server sign with the new selector`] : []),
    ...key.faults.map((fault) => `Correct the TXT record at ${name}: ${oneLine(fault)}`),
    ...(key.bits !== undefined && key.bits < 2_048
      ? [`The key at ${name} has ${key.bits} bits: make a new one of 2048 bits, under a new selector`]
      : []),
    ...(key.faults.length === 0 && !key.revoked && !algorithm.startsWith(`${key.type}-`)
      ? [
          `The key at ${name} is for ${oneLine(key.type)}, and the signature is ${oneLine(algorithm)}: publish the key that signs`,
        ]
      : []),
    ...(key.hashes.length > 0 && !key.hashes.includes(hash)
      ? [`The key at ${name} forbids ${oneLine(hash)}: change its h=`]
      : []),
    ...(key.flags.includes("s") && below
      ? [
          `The key at ${name} is not for subdomains (t=s), and the signature is for ${oneLine(identity)}: remove the flag, or sign with d= of the subdomain`,
        ]
      : []),
    ...(key.flags.includes("y")
      ? [`Remove t=y from the record at ${name} once your signatures hold: it says that they are tests`]
      : []),
  ];
}

/** Why a signature does not hold although the key is there. */
function brokenAdvice({ body, expired, keyFound, key, signature }: DkimSigned, message: MessageFile): string[] {
  const list = valuesOf(message, "list-id")[0] ?? valuesOf(message, "list-post")[0];
  const who =
    list === undefined
      ? "something on the way, such as a mailing list, a virus scanner or a footer"
      : `the mailing list ${oneLine(list)}`;
  if (expired)
    return [
      "The signature is too old: let the signing server leave x= out, or allow for some days of delay (RFC 5321 §4.5.4.1)",
    ];
  switch (body?.kind) {
    case "added":
      return [
        `Lines were added at the end of the text after signing: ${who} did it. Who adds them must do so before signing, or not at all`,
      ];
    case "changed":
      return [
        `The text was changed after signing: ${who} did it. Sign at the last server that touches the text${signature.canonicalization.endsWith("/simple") ? ", and sign relaxed/relaxed, which bears changes of spacing" : ""}`,
      ];
    case "same":
      return keyFound === "found" && key?.revoked === false && key.faults.length === 0
        ? [
            `The text is as it was signed, so either a signed field was changed after signing (mailing lists change ${list === undefined ? "Subject" : "Subject and Reply-To"}), or the published key is not the one that signed`,
          ]
        : [];
    case undefined:
      return [];
  }
}

function signerAdvice({ signature: { algorithm, lengthBytes, domain }, unsignedFields }: DkimSigned): string[] {
  const signer = `the server that signs for ${oneLine(domain)}`;
  return [
    ...(algorithm.endsWith("-sha1") ? [`Let ${signer} use rsa-sha256: SHA-1 no longer counts (RFC 8301)`] : []),
    ...(lengthBytes === undefined ? [] : [`Let ${signer} leave l= out: anybody can add text to such a message`]),
    ...(unsignedFields.length === 0
      ? []
      : [`Let ${signer} sign these fields too (h=): ${unsignedFields.join(", ")}; as it is, they can be forged`]),
  ];
}
