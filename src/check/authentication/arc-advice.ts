// Why an ARC chain holds or does not, and what its sealers should change.
import { oneLine } from "../../mail/printable.ts";
import type { ArcVerdict } from "../../mail/verdict.ts";
import type { ArcSet } from "./arc-explanation.ts";
import { compareBody } from "./body-hash.ts";
import { type KeySigned, keyAdvice } from "./dkim-advice.ts";
import type { MessageFile } from "./message-file.ts";
import type { ArcReason } from "./reasons.ts";

export interface ArcFinding {
  readonly reason: ArcReason;
  readonly because: string;
  readonly advice: readonly string[];
}

export interface ArcSeen {
  readonly sets: readonly ArcSet[];
  readonly keys: readonly KeySigned[];
  readonly verdict: ArcVerdict;
  readonly message: MessageFile;
}

/** RFC 8617 §4.1: the fields of a set that are not there. */
export const missingFields = ({ seal, signature, saw }: ArcSet): string[] => [
  ...(seal === undefined ? ["ARC-Seal"] : []),
  ...(signature === undefined ? ["ARC-Message-Signature"] : []),
  ...(saw === undefined ? ["ARC-Authentication-Results"] : []),
];

export function arcFinding(seen: ArcSeen): ArcFinding {
  const { result, because, sealer = "the last sealer" } = seen.verdict;
  switch (result) {
    case "none": {
      const advice =
        "Nothing to change: ARC is for forwarders and mailing lists; a message that comes straight from its author has none";
      return { reason: "no-chain", because, advice: [advice] };
    }
    case "pass": {
      const advice = `The chain says only what its sealers say: it helps the message where the receiver trusts ${oneLine(sealer)}, and where all before it are trusted`;
      return { reason: "chain-holds", because, advice: [advice] };
    }
    case "temperror": {
      const advice =
        "DNS did not answer for a key of the chain: try again; if it stays so, see to the name servers of that domain";
      return { reason: "dns-failed", because, advice: [advice] };
    }
    case "fail":
      return brokenChain(seen);
  }
}

function brokenChain({ sets, keys, verdict, message: { body } }: ArcSeen): ArcFinding {
  const incomplete = sets.find((set) => missingFields(set).length > 0);
  if (incomplete !== undefined) {
    const missing = missingFields(incomplete).join(" and ");
    return {
      reason: "incomplete-set",
      because: `the chain is broken: instance ${incomplete.instance} has no ${missing}`,
      advice: [
        `Each forwarder adds three ARC fields, and none may be removed: the one of instance ${incomplete.instance}, or one after it, left out ${missing}`,
      ],
    };
  }
  const broken = sets.find(({ seal }) => seal?.chain === "fail")?.seal;
  if (broken !== undefined)
    return {
      reason: "broken-before",
      because: `the chain is broken: it was so before it came to ${oneLine(broken.domain)}`,
      advice: [`The chain was broken before it came to ${oneLine(broken.domain)}: look at the hop before`],
    };
  const unusable = keys.find(
    ({ key, keyFound }) => keyFound === "absent" || keyFound === "several" || key?.revoked || key?.faults.length,
  );
  if (unusable !== undefined) {
    const { selector, domain } = unusable.signature;
    return {
      reason: "key-missing",
      because: `the chain is broken: there is no key of use at ${oneLine(`${selector}._domainkey.${domain}`)}`,
      advice: keys.flatMap(keyAdvice),
    };
  }
  const newest = sets.at(-1);
  const by = oneLine(newest?.seal?.domain ?? "the last forwarder");
  const { hashed, bodyHash = "" } = newest?.signature ?? {};
  if (hashed !== undefined && compareBody(body, hashed, bodyHash).kind !== "same")
    return {
      reason: "body-changed",
      because: `the chain is broken: the text was changed after ${by} had sealed it`,
      advice: [`The text was changed after ${by} sealed it: who changes a message must seal after that, not before`],
    };
  return {
    reason: "chain-broken",
    because: verdict.because,
    advice: [
      "The sealers' keys and fields are as shown: the owner of each domain publishes the key that it seals with, and no hop may change the ARC fields of those before it",
    ],
  };
}
