// Records that stand by themselves: TLS reports (RFC 8460) and the logo of BIMI.
import { readTagList } from "../../mail/tag-list.ts";
import { txt } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import { sayTrouble } from "./dns-trouble.ts";
import { domainCheck, isHopeless, say } from "./question.ts";

export const tlsReports = domainCheck({
  name: "tls-rpt",
  needs: ["mx"],
  async run(asked, { mx }) {
    if (mx.kind !== "hosts" && mx.kind !== "implicit") return;
    const { resolver, question } = asked.tools;
    const name = `_smtp._tls.${question.domain}`;
    const better = txt(name, `v=TLSRPTv1; rua=mailto:postmaster@${question.domain}`);
    const answer = await resolver.txt(name);
    switch (answer.kind) {
      case "server-failure":
      case "timeout":
        return sayTrouble(asked, name, answer);
      case "no-such-domain":
      case "no-data":
        return say(asked, "tls-rpt.none", { changes: [publish(better)] });
      case "found": {
        const evidence = answer.records;
        const fault = reportsFault(answer.records);
        const changes = [publish(better, answer.records)];
        if (fault !== undefined) return say(asked, "tls-rpt.record", { values: { problem: fault }, evidence, changes });
        const addresses = readTagList(answer.records.find(isReports)!).tags.get("rua");
        return say(asked, "tls-rpt.good", { values: { addresses }, evidence });
      }
    }
  },
});

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
    const evidence = answer.records;
    const { tags } = readTagList(answer.records[0]!);
    const location = tags.get("l");
    const problem =
      tags.get("v") !== "BIMI1"
        ? "it must begin with v=BIMI1;"
        : location === undefined
          ? "l= is missing"
          : location === "" || /^https:\/\/\S+\.svg$/i.test(location)
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
