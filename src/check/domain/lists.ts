// Are the domain's addresses and names on blocklists? Only lists that were named are asked. RFC 5782.
import { isFailure, recordsIn } from "../../dns/answer.ts";
import { reverseName } from "../../dns/reverse-name.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { problemOf } from "./dns-trouble.ts";
import { type BlockList, domainCheck, type DomainTools, isHopeless, say } from "./question.ts";

export const lists = domainCheck({
  name: "lists",
  needs: ["mx", "addresses"],
  async run(asked, { mx, addresses }) {
    const { domain, senders, lists } = asked.tools.question;
    if (isHopeless(mx)) return;
    if (lists.length === 0) return say(asked, "list.none-asked");
    const entries = {
      address: [...new Set([...senders, ...addresses.map(({ address }) => address)])],
      domain: [...new Set([domain, ...mx.hosts])],
    };
    const looked = await Promise.all(
      lists.map(async (list) => ({ list, isClean: await askList(list, entries[list.of], asked) })),
    );
    const clean = looked.filter(({ isClean }) => isClean).map(({ list }) => list);
    if (clean.length === 0) return;
    const count = new Set(clean.flatMap(({ of }) => entries[of])).size;
    say(asked, "list.good", { values: { count, lists: clean.map(({ name }) => name).join(", ") } });
  },
});

/** RFC 5782 §5: what no list may list. */
const neverListed = { address: "1.0.0.127", domain: "invalid" } as const;

/** True: it answered, and none is on it. */
async function askList(list: BlockList, entries: readonly string[], asked: Asked<DomainTools>): Promise<boolean> {
  const { resolver } = asked.tools;
  const { name } = list;
  const unusable = (problem: string): false => {
    say(asked, "list.unusable", {
      about: name,
      values: { list: name, problem },
      changes: [act("own-resolver-for-list")],
    });
    return false;
  };
  const probe = await resolver.a(`${neverListed[list.of]}.${name}`);
  if (isFailure(probe)) return unusable(problemOf(probe));
  if (probe.kind === "found") return unusable(`it lists everything (${probe.records.join(", ")})`);
  let isClean = true;
  for (const entry of entries) {
    const key = list.of === "address" ? reverseName(entry)?.replace(/\.(?:in-addr|ip6)\.arpa$/, "") : entry;
    const at = `${key ?? entry}.${name}`;
    const answer = await resolver.a(at);
    if (isFailure(answer)) return unusable(problemOf(answer));
    if (answer.kind !== "found") continue;
    // of the lists that refuse, most answer so; an answer of another kind comes from somebody else
    const refusal = answer.records.find((one) => one.startsWith("127.255.255.") || !one.startsWith("127."));
    if (refusal !== undefined) return unusable(`it refuses our questions (${refusal})`);
    isClean = false;
    const [text] = recordsIn(await resolver.txt(at));
    const evidence = [`${at} A ${answer.records.join(", ")}`, ...(text === undefined ? [] : [text])];
    say(asked, "list.listed", { about: entry, values: { list: name, text }, evidence, changes: [act("delist")] });
  }
  return isClean;
}
