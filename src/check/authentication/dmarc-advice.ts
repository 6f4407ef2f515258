// What the owner of a domain should change in its DMARC record, in words for somebody who does not know the RFC.
import { oneLine } from "../../mail/printable.ts";
import type { TreeWalked } from "./dmarc-walk.ts";
import type { DmarcReason } from "./reasons.ts";

/** Why there is no record to go by. */
export const missingReason = ({ faults, several }: TreeWalked): DmarcReason =>
  several ? "two-records" : faults.length > 0 ? "syntax-error" : "no-record";

/** `in passing`: a message is judged, and only what is wrong matters; `in full`: the record itself is looked at. */
export function domainAdvice(domain: string, walked: TreeWalked, how: "in passing" | "in full"): string[] {
  const { policy, failed, faults, organization = domain } = walked;
  if (failed !== undefined)
    return [
      ...faults,
      `DNS failed (${failed}): try again, or ask another server (--resolver); if it stays so, see to the name servers of the domain`,
    ];
  if (policy === undefined) return [...faults, ...(faults.length > 0 ? [] : [missingAdvice(organization)])];
  const at = `the TXT record at _dmarc.${oneLine(policy.domain)}`;
  const wrong = policy.record.faults.map((fault) => `Correct ${at}: ${oneLine(fault)}`);
  return how === "in passing" ? [...faults, ...wrong] : [...faults, ...wrong, ...policyAdvice(walked, at)];
}

const missingAdvice = (organization: string): string =>
  `Publish a TXT record at _dmarc.${oneLine(organization)}: "v=DMARC1; p=none; rua=mailto:dmarc@${oneLine(organization)}" at first; when the reports show that all your mail passes, p=quarantine and then p=reject`;

function policyAdvice({ policy }: TreeWalked, at: string): string[] {
  const { p, sp, np, testing, rua } = policy!.record;
  const strength = { none: 0, quarantine: 1, reject: 2 } as const;
  const weaker =
    p !== undefined && (["sp", "np"] as const).find((name) => strength[{ sp, np }[name] ?? p] < strength[p]);
  return [
    ...(p === "none"
      ? [
          `p=none in ${at} protects nobody: forged mail arrives. When the reports show that all your mail passes, write p=quarantine, and then p=reject`,
        ]
      : []),
    ...(testing ? [`t=y in ${at} makes the policy one step milder: remove it when the test is over`] : []),
    ...(rua.length === 0
      ? [
          `Add rua=mailto:dmarc@${oneLine(policy!.domain)} to ${at}: without reports you do not see who sends in your name`,
        ]
      : []),
    ...(weaker ? [`${weaker}= in ${at} is weaker than p=: forgers will use names below the domain`] : []),
  ];
}
