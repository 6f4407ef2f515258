// The whole account of DMARC for a message: the author, the policy, who passed and is aligned, what to change. RFC 9989.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { DkimVerdict, DmarcVerdict, SpfVerdict } from "../../mail/verdict.ts";
import { domainAdvice, missingReason } from "./dmarc-advice.ts";
import { alignmentSteps } from "./dmarc-alignment.ts";
import { policySteps } from "./dmarc-policy.ts";
import { type TreeWalked, walkTree } from "./dmarc-walk.ts";
import { type MessageFile, valuesOf } from "./message-file.ts";
import type { DmarcReason } from "./reasons.ts";
import { advice, check, type Step } from "./step.ts";

export interface DmarcAsked {
  readonly message: MessageFile;
  readonly verdict: DmarcVerdict;
  /** Empty: where the message comes from is not known. */
  readonly spf: readonly SpfVerdict[];
  readonly dkim: readonly DkimVerdict[];
  readonly resolver: RecordingResolver;
}

export async function explainDmarc(asked: DmarcAsked): Promise<Step[]> {
  const { verdict, message, resolver } = asked;
  const author = authorStep(verdict, message);
  const domain = verdict.domain;
  if (domain === undefined) return [author, resultStep(verdict, "no-record"), ...authorAdvice(verdict)];
  const walked = await walkTree(domain, resolver);
  const { policy, organization } = walked;
  const alignment =
    policy === undefined
      ? []
      : await alignmentSteps({ domain, record: policy.record, organization, resolver }, asked.spf[0], asked.dkim);
  const remedies = [...domainAdvice(domain, walked, "in passing"), ...failureAdvice(asked, domain, walked)];
  return [
    author,
    { ...check("tree walk", `The way to the policy of ${oneLine(domain)}`), steps: walked.steps },
    ...policySteps(domain, walked, verdict),
    ...alignment,
    resultStep(verdict, missingReason(walked)),
    ...[...new Set(remedies)].map(advice),
  ];
}

function authorStep({ author, domain, because }: DmarcVerdict, message: MessageFile): Step {
  const fields = valuesOf(message, "from").map((value) => `"${oneLine(value)}"`);
  const shown = fields.length === 0 ? "There is no From field" : `From: ${fields.join(" and ")}`;
  return author === "one" && domain !== undefined
    ? check("author", `${shown}, so the domain is ${oneLine(domain)}`)
    : check("author", `${shown}: ${oneLine(because)}`, "bad");
}

function authorAdvice({ author }: DmarcVerdict): Step[] {
  switch (author) {
    case "one":
      return [];
    case "none":
      return [
        advice(
          "Write one From field with the address of the author: without it nobody can tell who the message is from",
        ),
      ];
    case "several":
      return [advice("Write one From field, with authors of one domain: a message with several is treated as forged")];
    case "invalid":
      return [advice("Write an address in a domain that is in DNS into From")];
  }
}

/** `missing`: why there is no record, if there is none. */
function reasonOf({ result, author }: DmarcVerdict, missing: DmarcReason): DmarcReason {
  if (author !== "one")
    return ({ none: "no-author", several: "several-authors", invalid: "invalid-author" } as const)[author];
  const reasons = {
    pass: "aligned",
    fail: "not-aligned",
    none: missing,
    temperror: "dns-failed",
    permerror: "syntax-error",
  } as const;
  return reasons[result];
}

function resultStep(verdict: DmarcVerdict, missing: DmarcReason): Step {
  const { result, because } = verdict;
  const tone = result === "pass" ? "good" : result === "none" ? "warning" : "bad";
  const text = `${result}: ${oneLine(because)}. ${whatHappens(verdict)}`;
  return { kind: "result", result, reason: reasonOf(verdict, missing), text, tone };
}

function whatHappens({ result, policy, author }: DmarcVerdict): string {
  switch (result) {
    case "pass":
      return "The message is from whom it says";
    case "none":
      return author === "one" ? "The domain asks for nothing, so other checks decide" : "Such mail is suspicious";
    case "temperror":
      return "DNS failed: a receiver defers the message or goes by other checks";
    case "permerror":
      return "The record cannot be used";
    case "fail":
      switch (policy) {
        case "reject":
          return "The domain asks to refuse it: a receiver does so at the end of DATA, unless a forwarder that it trusts vouches for the message (ARC)";
        case "quarantine":
          return "The domain asks to treat it as suspicious: a receiver marks it, or puts it into the spam folder";
        case "none":
        case undefined:
          return "The domain asks to do nothing about it, so other checks decide";
      }
  }
}

/** What would make a message pass. */
function failureAdvice({ verdict, spf, dkim }: DmarcAsked, domain: string, { policy }: TreeWalked): string[] {
  if (verdict.result !== "fail" || policy === undefined) return [];
  const shown = oneLine(domain);
  const signed = dkim.find(({ result }) => result === "pass");
  const passed = spf.find(({ result }) => result === "pass");
  return [
    "One of the two must pass for the domain of From; if the mail is forged, change nothing",
    signed === undefined
      ? `DKIM: let the server that sends mail for ${shown} sign it with d=${shown} (waybill dkim shows what is wrong with a signature)`
      : `DKIM: the signature is for ${oneLine(signed.domain)}: let the mail service sign with d=${shown} (often called a custom domain, or domain authentication)`,
    passed === undefined
      ? `SPF: list the sending server in the record of ${shown}, and use an address in ${shown} as MAIL FROM (waybill spf shows what is wrong)`
      : `SPF: it passed for ${oneLine(passed.domain)}: use an address in ${shown} as MAIL FROM (often called a custom return-path)`,
  ];
}
