// The keys for DKIM of our domains: can they be used, and does DNS have their records? RFC 6376 §3.6.
import { isFailure, problemOf } from "../domain/dns-trouble.ts";
import { packed, readTagList } from "../../mail/tag-list.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { OwnKey } from "./ports.ts";
import { say, selfCheck, type SelfTools } from "./question.ts";

export const ownKeys = selfCheck({
  name: "own-keys",
  async run(asked) {
    const keys = await asked.tools.own.keys();
    const signed = new Set(keys.map(({ domain }) => domain));
    for (const { name: domain } of asked.tools.question.config.domain)
      if (!signed.has(domain))
        say(asked, "dkim.none", { about: domain, values: { domain }, changes: [act("sign-with-dkim", { domain })] });
    await Promise.all(keys.map((key) => tellOf(key, asked)));
  },
});

async function tellOf({ domain, selector, signs, record }: OwnKey, asked: Asked<SelfTools>): Promise<void> {
  const name = `${selector}._domainkey.${domain}`;
  const values = { domain, selector, name };
  const about = name;
  if ("problem" in record)
    return say(asked, "dkim.key-unusable", {
      about,
      values: { ...values, problem: record.problem },
      changes: [act("mend-key", { domain })],
    });
  const answer = await asked.tools.resolver.txt(name);
  const wanted = { name, type: "TXT", value: record.value } as const;
  if (isFailure(answer))
    return say(asked, "dkim.unknown", {
      about,
      values: { ...values, problem: problemOf(answer) },
      changes: [act("try-again")],
    });
  if (answer.kind !== "found")
    return signs
      ? say(asked, "dkim.key-missing", { about, values, changes: [publish(wanted)] })
      : say(asked, "dkim.key-waits", { about, values, changes: [publish(wanted)] });
  const evidence = answer.records;
  if (answer.records.some((one) => keyIn(one) === keyIn(record.value)))
    return say(asked, "dkim.key-published", { about, values, evidence });
  say(asked, "dkim.key-differs", { about, values, evidence, changes: [publish(wanted, answer.records)] });
}

/** Of a key record: p=, without spaces. */
const keyIn = (record: string): string => packed(readTagList(record).tags.get("p"));
