// What the DMARC record of a domain says, tag by tag, and what is wrong with it. RFC 9989 §4.7, RFC 9990 §4.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { DmarcPolicy } from "../../mail/verdict.ts";
import { domainAdvice, missingReason } from "./dmarc-advice.ts";
import { policyInForce, policySteps } from "./dmarc-policy.ts";
import type { DmarcRecord } from "./dmarc-record.ts";
import { type TreeWalked, walkTree } from "./dmarc-walk.ts";
import { advice, ask, check, type Step } from "./step.ts";

export interface DomainExplained {
  readonly walked: TreeWalked;
  readonly steps: readonly Step[];
  /** `missing`: without a record of any use. */
  readonly state: "good" | "wrong" | "missing" | "unknown";
}

/** The record of a domain, tag by tag. */
export async function explainDmarcDomain(domain: string, resolver: RecordingResolver): Promise<DomainExplained> {
  const walked = await walkTree(domain, resolver);
  const { policy, failed, faults } = walked;
  const reports =
    policy === undefined ? { steps: [], faults: [] } : await reportSteps(policy.domain, policy.record, resolver);
  const wrong = [...faults, ...(policy?.record.faults ?? []), ...reports.faults];
  const state =
    policy === undefined ? (failed === undefined ? "missing" : "unknown") : wrong.length > 0 ? "wrong" : "good";
  const tags = policy?.record.tags.map(({ tag, meaning }) => check("tag", oneLine(`${tag}: ${meaning}`))) ?? [];
  const steps: Step[] = [
    { ...check("tree walk", `The way to the policy of ${oneLine(domain)}`), steps: walked.steps },
    ...policySteps(domain, walked),
    ...(tags.length === 0 ? [] : [{ ...check("record", "What the record says"), steps: tags }]),
    ...reports.steps,
    domainResult(domain, walked, {
      state,
      problems: wrong.length,
      onlyReports: wrong.length === reports.faults.length,
    }),
    ...[...new Set([...domainAdvice(domain, walked, "in full"), ...reports.faults])].map(advice),
  ];
  return { walked, steps, state };
}

function domainResult(
  domain: string,
  walked: TreeWalked,
  about: { state: DomainExplained["state"]; problems: number; onlyReports: boolean },
): Step {
  const { policy, failed } = walked;
  const shown = oneLine(domain);
  switch (about.state) {
    case "unknown":
      return {
        kind: "result",
        result: "temperror",
        reason: "dns-failed",
        text: `temperror: DNS failed: ${failed ?? ""}`,
        tone: "bad",
      };
    case "missing":
      return {
        kind: "result",
        result: "none",
        reason: missingReason(walked),
        text: `none: ${shown} has no DMARC policy: everybody may write its name into From`,
        tone: "bad",
      };
    case "wrong":
    case "good": {
      const asks = policyInForce(domain, policy!.domain, policy!.record);
      const problems =
        about.problems === 0
          ? ""
          : `; ${about.problems === 1 ? "one problem" : `${about.problems} problems`} in the record`;
      return {
        kind: "result",
        result: asks,
        reason:
          about.state === "good"
            ? "in-order"
            : about.onlyReports
              ? "reports-not-agreed"
              : walked.several
                ? "two-records"
                : "syntax-error",
        text: `${asks}: ${inWords[asks]}${problems}`,
        tone: about.state === "wrong" ? "bad" : asks === "none" ? "warning" : "good",
      };
    }
  }
}

const inWords: Readonly<Record<DmarcPolicy, string>> = {
  none: "the domain asks receivers to do nothing about forged mail",
  quarantine: "the domain asks receivers to treat forged mail as suspicious",
  reject: "the domain asks receivers to refuse forged mail",
};

/** Of the addresses in `rua`, the domains that must agree to get reports about `domain`. RFC 9990 §4 */
export function foreignReportHosts(domain: string, rua: readonly string[]): string[] {
  const hosts = rua.flatMap((uri) => /^mailto:[^@]*@([\w.-]+)/i.exec(uri)?.[1]?.toLowerCase() ?? []);
  return [...new Set(hosts)].filter(
    (host) => host !== domain && !host.endsWith(`.${domain}`) && !domain.endsWith(`.${host}`),
  );
}

/** Where `host` agrees. */
export const agreementName = (domain: string, host: string): string => `${domain}._report._dmarc.${host}`;

/** RFC 9990 §4: who gets reports about another's domain has to agree in DNS. */
async function reportSteps(
  domain: string,
  { rua }: Pick<DmarcRecord, "rua">,
  resolver: RecordingResolver,
): Promise<{ steps: Step[]; faults: string[] }> {
  const steps: Step[] = [];
  const faults: string[] = [];
  for (const host of foreignReportHosts(domain, rua)) {
    const name = agreementName(domain, host);
    const { answer, step } = await ask(resolver, "txt", name);
    const agrees = answer.kind === "found" && answer.records.some((text) => text.startsWith("v=DMARC1"));
    const absent = !agrees && answer.kind !== "server-failure" && answer.kind !== "timeout";
    const text = agrees
      ? `${oneLine(host)} takes reports about ${oneLine(domain)}`
      : `Reports go to ${oneLine(host)}, whose agreement was not found`;
    steps.push({ ...check("reports", text, agrees ? "good" : "bad"), steps: [step] });
    if (absent)
      faults.push(
        `Reports to ${oneLine(host)} are not sent until its owner publishes a TXT record at ${oneLine(name)}: "v=DMARC1"; or name an address in ${oneLine(domain)} in rua=`,
      );
  }
  return { steps, faults };
}
