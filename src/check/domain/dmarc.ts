// The DMARC policy that holds for the domain, and whether its reports arrive. RFC 9989, RFC 9990.
import { recordsIn } from "../../dns/answer.ts";
import { agreementName, foreignReportHosts } from "../authentication/dmarc-domain.ts";
import { policyInForce } from "../authentication/dmarc-policy.ts";
import { isDmarcRecord, publishedPolicy, readDmarcRecord } from "../authentication/dmarc-record.ts";
import { type FoundRecord, type TreeWalked, walkTree } from "../authentication/dmarc-walk.ts";
import { type DnsRecord, txt } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { mendDmarc } from "./dmarc-mending.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainFacts, type DomainTools, isHopeless, say } from "./question.ts";

export const dmarc = domainCheck({
  name: "dmarc",
  needs: ["mx"],
  async run(asked, { mx }): Promise<DomainFacts["dmarc"]> {
    if (isHopeless(mx)) return {};
    const { domain } = asked.tools.question;
    const walked = await walkTree(domain, asked.tools.resolver);
    const { policy, failed } = walked;
    if (policy === undefined && failed !== undefined) {
      say(asked, "dmarc.unknown", { values: { problem: failed }, changes: [act("try-again")] });
      return {};
    }
    await tellOfFaults(walked, asked);
    if (policy === undefined) {
      if (walked.faults.length === 0) await tellMissing(walked.organization ?? domain, asked);
      return {};
    }
    tellOfPolicy(policy, asked);
    await tellOfReports(policy, asked);
    return { policy: policyInForce(domain, policy.domain, policy.record) };
  },
});

const at = (domain: string): string => `_dmarc.${domain}`;

/** To begin with. */
export const firstDmarcRecord = (domain: string): DnsRecord =>
  txt(at(domain), `v=DMARC1; p=none; rua=mailto:postmaster@${domain}`);

async function tellMissing(organization: string, asked: Asked<DomainTools>): Promise<void> {
  const { resolver, question } = asked.tools;
  const name = at(question.domain);
  const record = recordsIn(await resolver.txt(name)).find(isDmarcRecord);
  // it is there, and so wrong that nobody uses it
  if (record !== undefined) {
    const problem = readDmarcRecord(record).faults.join("; ");
    const changes = [act("words", { text: `Correct the TXT record at ${name}: ${problem}` })];
    return say(asked, "dmarc.syntax", { values: { problem }, evidence: [record], changes });
  }
  const alsoAt = [question.domain, at(name)];
  if (await tellOfMisplaced({ what: "DMARC", name, isIt: isDmarcRecord, alsoAt }, asked)) return;
  const ours = question.wanted?.find((record) => record.name === at(organization));
  const begin = ours ?? firstDmarcRecord(organization);
  say(asked, "dmarc.missing", { changes: [publish(begin), act("dmarc-step-up")] });
}

/** Tags that nobody uses any more do no harm. */
const isHarmless = (fault: string): boolean => fault.includes("no longer used") || fault.includes("unknown");

async function tellOfFaults(walked: TreeWalked, asked: Asked<DomainTools>): Promise<void> {
  const { policy, faults, several } = walked;
  const { domain } = asked.tools.question;
  if (several) {
    const name = at(domain);
    const evidence = recordsIn(await asked.tools.resolver.txt(name)).filter(isDmarcRecord);
    const [first, ...others] = evidence;
    const changes = [
      act("dmarc-leave-one", { name }),
      ...others.map((value) => ({ kind: "remove", record: txt(name, value) }) as const),
    ];
    if (first !== undefined) say(asked, "dmarc.several-records", { values: { name }, evidence, changes });
  }
  const broken = several ? [] : faults;
  const where = at(policy?.domain ?? domain);
  const answer = policy === undefined ? await asked.tools.resolver.txt(where) : undefined;
  const texts = answer?.kind === "found" ? answer.records.filter((text) => /dmarc/i.test(text)) : [];
  const evidence = policy === undefined ? texts : [policy.record.text];
  const better = evidence.length === 1 ? mendDmarc(evidence[0]!) : undefined;
  for (const problem of [...broken, ...(policy?.record.faults ?? [])]) {
    const changes = [
      act("words", { text: `Correct the TXT record at ${where}: ${problem}` }),
      ...(better === undefined ? [] : [publish(txt(where, better), evidence)]),
    ];
    // the policy itself is understood
    const level = policy?.record.p === undefined ? "error" : "warning";
    if (isHarmless(problem)) say(asked, "dmarc.deprecated", { values: { problem }, evidence, changes });
    else say(asked, "dmarc.syntax", { level, values: { problem }, evidence, changes });
  }
}

function tellOfPolicy({ domain: where, record }: FoundRecord, asked: Asked<DomainTools>): void {
  const { domain } = asked.tools.question;
  const { p, sp, np, testing, rua, adkim, aspf, text } = record;
  const evidence = [text];
  const name = at(where);
  const change = (better: string) => publish(txt(name, better), [text]);
  const inForce = policyInForce(domain, where, record);
  const published = publishedPolicy(record, where === domain ? "p" : "sp");
  if (testing && published !== "none")
    say(asked, "dmarc.testing", {
      values: { policy: published },
      evidence,
      changes: [act("dmarc-end-test"), change(dropTag(text, "t"))],
    });
  else if (published === "none" && p !== undefined)
    say(asked, "dmarc.monitoring", { evidence, changes: [act("dmarc-step-up")] });
  else if (p !== undefined)
    say(asked, "dmarc.good", { values: { policy: inForce, at: where === domain ? undefined : where }, evidence });
  const strength = { none: 0, quarantine: 1, reject: 2 } as const;
  for (const [tag, weaker] of Object.entries({ sp, np }))
    if (p !== undefined && weaker !== undefined && strength[weaker] < strength[p])
      say(asked, "dmarc.subdomains-weaker", {
        values: { tag: `${tag}=${weaker}` },
        evidence,
        changes: [act("dmarc-subdomains", { tag: `${tag}=` }), change(dropTag(text, tag))],
      });
  if (rua.length === 0)
    say(asked, "dmarc.no-reports", {
      evidence,
      changes: [change(`${text.trim().replace(/;$/, "")}; rua=mailto:postmaster@${where}`)],
    });
  const strict = [...(aspf === "s" ? ["SPF"] : []), ...(adkim === "s" ? ["DKIM"] : [])];
  if (strict.length > 0) say(asked, "dmarc.alignment", { values: { what: strict.join(" and ") }, evidence });
}

const dropTag = (text: string, tag: string): string =>
  text
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "" && !new RegExp(`^${tag}\\s*=`, "i").test(part))
    .join("; ");

/** RFC 9991 §3 */
const failureAddresses = ({ tags }: FoundRecord["record"]): string[] =>
  tags.flatMap(({ tag }) => (tag.startsWith("ruf=") ? tag.slice(4).split(",") : [])).map((uri) => uri.trim());

/** RFC 9990 §4: who gets reports about another's domain has to agree in DNS. */
async function tellOfReports({ domain, record }: FoundRecord, asked: Asked<DomainTools>): Promise<void> {
  const hosts = foreignReportHosts(domain, [...record.rua, ...failureAddresses(record)]);
  const answers = await Promise.all(hosts.map((host) => asked.tools.resolver.txt(agreementName(domain, host))));
  for (const [i, host] of hosts.entries()) {
    const answer = answers[i]!;
    const isAbsent = answer.kind === "no-such-domain" || answer.kind === "no-data";
    const isOther = answer.kind === "found" && !answer.records.some((text) => text.startsWith("v=DMARC1"));
    if (!isAbsent && !isOther) continue;
    const agreement = txt(agreementName(domain, host), "v=DMARC1");
    say(asked, "dmarc.reports-not-authorised", {
      values: { host },
      evidence: [record.text],
      changes: [publish(agreement), act("dmarc-reports-here")],
    });
  }
}
