// TLS-RPT: the record that says where other servers send reports of encryption that failed. RFC 8460.
import { readTagList } from "../../mail/tag-list.ts";
import { type DnsRecord, txt } from "../dns-record.ts";
import { publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { sayTrouble } from "./dns-trouble.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";

export const tlsReports = domainCheck({
  name: "tls-rpt",
  needs: ["mx"],
  async run(asked, { mx }) {
    if (mx.kind !== "hosts" && mx.kind !== "implicit") return;
    const { resolver, question } = asked.tools;
    const name = `_smtp._tls.${question.domain}`;
    const ours = question.wanted?.find((record) => record.name === name);
    const better = ours ?? firstReportsRecord(question.domain);
    const answer = await resolver.txt(name);
    switch (answer.kind) {
      case "server-failure":
      case "timeout":
        return sayTrouble(asked, name, answer);
      case "no-such-domain":
      case "no-data":
        return tellNone(better, asked);
      case "found": {
        const evidence = answer.records.filter((text) => /tlsrpt/i.test(text));
        if (evidence.length === 0) return tellNone(better, asked); // what else stands there is not meant
        const fault = reportsFault(answer.records);
        const changes = [publish(better, evidence)];
        if (fault !== undefined) return say(asked, "tls-rpt.record", { values: { problem: fault }, evidence, changes });
        const addresses = readTagList(answer.records.find(isReports)!).tags.get("rua");
        return say(asked, "tls-rpt.good", { values: { addresses }, evidence });
      }
    }
  },
});

/** To begin with. */
export const firstReportsRecord = (domain: string): DnsRecord =>
  txt(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=mailto:postmaster@${domain}`);

async function tellNone(better: DnsRecord, asked: Asked<DomainTools>): Promise<void> {
  const { domain } = asked.tools.question;
  const alsoAt = [`_tls.${domain}`, `_smtp-tls.${domain}`, `_smtp_tls.${domain}`, domain];
  if (await tellOfMisplaced({ what: "TLS-RPT", name: better.name, isIt: isReports, alsoAt, isOfReceiver: true }, asked))
    return;
  say(asked, "tls-rpt.none", { changes: [publish(better)] });
}

const isReports = (text: string): boolean => /^v=TLSRPTv1\s*;/.test(text);

/** RFC 8460 §3 */
function reportsFault(records: readonly string[]): string | undefined {
  const [record, ...others] = records.filter(isReports);
  if (record === undefined) return "it must begin with v=TLSRPTv1;";
  if (others.length > 0) return `there are ${others.length + 1} records, so none counts`;
  const addresses = (readTagList(record).tags.get("rua") ?? "").split(",").map((uri) => uri.trim());
  const wrong = addresses.find((uri) => !/^(?:mailto:[^@\s]+@[^@\s]+|https:\/\/\S+)$/i.test(uri));
  if (wrong === undefined) return undefined;
  return wrong === "" ? "rua= with an address is missing" : `${wrong} in rua= is no mailto: or https: address`;
}
