// Records that stand by themselves: TLS reports (RFC 8460) and the logo of BIMI.
import { readTagList } from "../../mail/tag-list.ts";
import { type DnsRecord, txt } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { sayTrouble } from "./dns-trouble.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainTools, isHopeless, say } from "./question.ts";

export const tlsReports = domainCheck({
  name: "tls-rpt",
  needs: ["mx"],
  async run(asked, { mx }) {
    if (mx.kind !== "hosts" && mx.kind !== "implicit") return;
    const { resolver, question } = asked.tools;
    const name = `_smtp._tls.${question.domain}`;
    const ours = question.wanted?.find((record) => record.name === name);
    const better = ours ?? txt(name, `v=TLSRPTv1; rua=mailto:postmaster@${question.domain}`);
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

export const bimi = domainCheck({
  name: "bimi",
  needs: ["mx", "dmarc"],
  async run(asked, { mx, dmarc }) {
    if (isHopeless(mx)) return;
    const { resolver, question } = asked.tools;
    const name = `default._bimi.${question.domain}`;
    const answer = await resolver.txt(name);
    if (answer.kind !== "found") return; // few have one, and nobody misses it
    const evidence = answer.records.filter((text) => /bimi/i.test(text));
    if (evidence.length === 0) return;
    const { tags } = readTagList(evidence[0]!);
    const location = tags.get("l");
    const problem =
      tags.get("v") !== "BIMI1"
        ? "it must begin with v=BIMI1;"
        : location === undefined
          ? "l= is missing"
          : location === "" || (/^https:\/\/\S+$/i.test(location) && !/\.(?:png|jpe?g|gif|webp|ico)$/i.test(location))
            ? undefined
            : "l= must be the https address of an SVG file";
    const policy = dmarc.policy ?? "none";
    if (problem !== undefined)
      say(asked, "bimi.record", { values: { problem }, evidence, changes: [act("bimi-logo")] });
    else if (policy === "none")
      say(asked, "bimi.no-enforcement", { values: { policy }, evidence, changes: [act("bimi-enforce")] });
    else say(asked, "bimi.good", { values: { location: location || "no logo, on purpose" }, evidence });
  },
});
