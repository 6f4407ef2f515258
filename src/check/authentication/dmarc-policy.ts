// Which policy holds for a domain, in steps. RFC 9989 §4.10.1.
import { oneLine } from "../../mail/printable.ts";
import type { DmarcPolicy, DmarcVerdict } from "../../mail/verdict.ts";
import { type DmarcRecord, publishedPolicy } from "./dmarc-record.ts";
import type { TreeWalked } from "./dmarc-walk.ts";
import { check, type Step } from "./step.ts";

/** p or sp, and after t=y; np needs the domain's absence, which only the verdict knows. */
export function policyInForce(domain: string, at: string, record: DmarcRecord): DmarcPolicy {
  const policy = publishedPolicy(record, at === domain ? "p" : "sp");
  return record.testing ? milder[policy] : policy;
}

const milder: Readonly<Record<DmarcPolicy, DmarcPolicy>> = { reject: "quarantine", quarantine: "none", none: "none" };

export function policySteps(
  domain: string,
  { policy, organization, failed }: TreeWalked,
  verdict?: DmarcVerdict,
): Step[] {
  const shown = oneLine(domain);
  const org =
    organization === undefined
      ? []
      : [check("organizational domain", `Organizational domain: ${oneLine(organization)}`)];
  if (failed !== undefined && policy === undefined) return [check("policy", `DNS failed: ${failed}`, "bad")];
  if (policy === undefined) return [...org, check("policy", `No record holds for ${shown}`, "warning")];
  const { record } = policy;
  const own = policy.domain === domain;
  const kind = own ? "p" : "sp";
  const published = publishedPolicy(record, kind);
  const inForce = verdict?.policy ?? policyInForce(domain, policy.domain, record);
  const parts = [
    own
      ? `its own record, ${kind}=${published}`
      : `the record of ${oneLine(policy.domain)}, for subdomains: ${published}`,
    ...(record.np !== undefined && !own ? [`np=${record.np} for those that do not exist`] : []),
    ...(record.testing ? ["t=y makes it one step milder"] : []),
  ];
  return [...org, check("policy", `Policy in force for ${shown}: ${inForce} (${parts.join("; ")})`)];
}
