// DKIM results in words. RFC 6376, RFC 8301, RFC 8601 §2.7.1
import type { SignatureHeader, SignatureResult } from "mailauth/lib/dkim/dkim-verifier.js";
import { parseDomain } from "../../mail/address.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { DkimVerdict } from "../../mail/verdict.ts";
import { signatureLimits } from "./limits.ts";
import type { Verifier } from "./verifier.ts";

/** One for each signature, in the order of the header. */
export function dkimVerdicts({ found, results, fromFields }: Verifier): DkimVerdict[] {
  const evaluated = results.values();
  return found.map(({ signature, leftOut }) => {
    const told =
      leftOut === undefined
        ? judged(signature, evaluated.next().value, fromFields)
        : { result: "policy" as const, because: leftOut };
    return { ...told, ...namesOf(signature) };
  });
}

/** Of a message whose body is not fit to be read. */
export const unread = ({ found }: Verifier, because: string): DkimVerdict[] =>
  found.map(({ signature }) => ({ result: "permerror", because, ...namesOf(signature) }));

type Names = Pick<DkimVerdict, "domain" | "selector" | "algorithm" | "signature">;

const namesOf = ({ signingDomain, selector, algorithm, parsed }: SignatureHeader): Names => ({
  domain: parseDomain(signingDomain) ?? asciiLine(signingDomain, 255),
  selector: parseDomain(selector) ?? asciiLine(selector, 255),
  algorithm: asciiLine(algorithm.toLowerCase(), 30),
  signature: asciiLine((parsed?.b?.value ?? "").slice(0, 8), 8),
});

type Told = Pick<DkimVerdict, "result" | "because">;

function judged(signature: SignatureHeader, of: SignatureResult | undefined, fromFields: number): Told {
  if (of === undefined) return { result: "temperror", because: "it was not evaluated" };
  const { status } = of;
  switch (status.result) {
    case "pass":
      return passed(signature, of, fromFields);
    case "fail":
      return { result: "fail", because: broken(signature, status.comment) };
    case "policy":
      return { result: "policy", because: weak(signature, status.policy?.["dkim-rules"]) };
    case "temperror":
      return { result: "temperror", because: `the key ${keyName(signature)} could not be had: ${status.comment}` };
    case "neutral":
    case "none":
      return unusable(signature, of);
  }
}

const keyName = ({ selector, signingDomain }: SignatureHeader): string =>
  asciiLine(`${selector}._domainkey.${signingDomain}`, 255);

const domainName = ({ signingDomain }: SignatureHeader): string => asciiLine(signingDomain, 255);

/** The signature is right; it may still say less than it seems to. */
function passed(signature: SignatureHeader, of: SignatureResult, fromFields: number): Told {
  const { underSized = 0, testing } = of.status;
  if (underSized > 0)
    return {
      result: "policy",
      because: `l= leaves the last ${underSized} octets of the body unsigned, so anybody may have added them; sign without l=`,
    };
  const signedFrom = of.signingHeaders?.keys.split(": ").filter((name) => name.toLowerCase() === "from").length ?? 0;
  // RFC 6376 §8.15
  if (signedFrom < fromFields)
    return { result: "policy", because: `only ${signedFrom} of the ${fromFields} From fields are signed` };
  const note = testing === true ? `; its key says that ${domainName(signature)} is only testing (t=y)` : "";
  return { result: "pass", because: `signed by ${domainName(signature)}, and not changed since${note}` };
}

const broken = (signature: SignatureHeader, comment: string | undefined): string =>
  comment === "body hash did not verify"
    ? `the body was changed after ${domainName(signature)} had signed it`
    : `signed header fields were changed after ${domainName(signature)} had signed them, or the key ${keyName(signature)} is not the one they were signed with`;

const weak = (signature: SignatureHeader, rule: string | undefined): string =>
  rule === "weak-key"
    ? `the key ${keyName(signature)} has fewer than ${signatureLimits.keyBits} bits, so anybody can find it out; ${domainName(signature)} has to make one of 2048` // RFC 8301 §3.2
    : `${asciiLine(signature.algorithm, 30)} is not safe any more; ${domainName(signature)} has to sign with rsa-sha256`; // RFC 8301 §3.1

/** RFC 8601 §2.7.1: neutral is for syntax, permerror for what is missing. */
function unusable(signature: SignatureHeader, { status, expiresAfter }: SignatureResult): Told {
  const comment = status.comment ?? "unknown";
  switch (comment) {
    case "no key":
      return {
        result: "permerror",
        because: `there is no key at ${keyName(signature)}; ${domainName(signature)} has to publish it, or sign with another selector`,
      };
    case "invalid public key":
      return { result: "permerror", because: `the key ${keyName(signature)} is revoked or damaged` };
    case "unknown key version":
    case "unknown key type":
    case "inappropriate hash algorithm":
    case "inappropriate key algorithm":
    case "key not for email":
    case "domain mismatch":
      return { result: "permerror", because: `the key ${keyName(signature)} does not fit this signature: ${comment}` };
    case "expired":
      return {
        result: "policy",
        because: `the signature was good until ${expiresAfter ?? "a time that is past"} (x=)`,
      };
    default:
      return { result: "neutral", because: `the signature cannot be used: ${asciiLine(comment, 200)}` };
  }
}
