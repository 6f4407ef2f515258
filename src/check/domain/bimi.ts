// BIMI: the record that names a logo for the domain's mail. draft-brand-indicators-for-message-identification
import { readTagList } from "../../mail/tag-list.ts";
import { act } from "../finding.ts";
import { domainCheck, isHopeless, say } from "./question.ts";

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
