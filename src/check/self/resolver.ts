// The DNS servers that we ask: do they answer, how fast, do they verify (DNSSEC), do they tell lies about names that are not
// there, and do the lists of [[dns_list]] answer through them? RFC 4035 §3.2.3, RFC 5782 §5, RFC 6761.
import { isFailure, problemOf } from "../domain/dns-trouble.ts";
import { act } from "../finding.ts";
import type { RawResolver } from "../net/raw-dns.ts";
import type { Asked } from "../run.ts";
import { say, selfCheck, type SelfTools } from "./question.ts";

export const resolver = selfCheck({
  name: "resolver",
  async run(asked) {
    const { resolvers } = asked.tools;
    const problems = await Promise.all(
      Object.entries(resolvers).map(async ([about, raw]) => ({
        about,
        problem: await tellOfServer(about, raw, asked),
      })),
    );
    const useless = problems.flatMap(({ about, problem }) => (problem === undefined ? [] : [{ about, problem }]));
    if (useless.length === problems.length) {
      const about = problems.map(({ about }) => about).join(" and ") || "this machine";
      const values = { problem: useless[0]?.problem ?? "none is named" };
      return say(asked, "resolver.none", { about, values, changes: [ownResolver] });
    }
    for (const { about, problem } of useless)
      say(asked, "resolver.silent", { about, values: { problem }, changes: [anotherThan(about)] });
    await tellOfLists(asked);
  },
});

const section = "[dns]";
const ownResolver = act("start-own-resolver", { section, value: '["127.0.0.1"]' });
const anotherThan = (resolver: string) => act("other-resolver", { section, resolver });

/** A top-level domain that is signed and that every resolver knows already: the question goes no further. */
const signed = "org";

/** Kept broken on purpose by its owner, so that people can see whether their resolver verifies. */
const broken = "dnssec-failed.org";

/** An answer from the cache of a server nearby takes some ms; mail asks for several in a row. */
const slowMs = 500;

/** Undefined: it answers; else, why it is of no use. */
async function tellOfServer(about: string, raw: RawResolver, asked: Asked<SelfTools>): Promise<string | undefined> {
  const { world, question } = asked.tools;
  const startedAt = world.now();
  const first = await raw.ask(signed, "NS");
  const ms = world.now() - startedAt;
  if (first.answer.kind !== "found")
    return isFailure(first.answer) ? problemOf(first.answer) : `it says that ${signed} is not there`;
  const [bogus, absent] = await Promise.all([raw.ask(broken, "A"), raw.ask(question.absentName, "A")]);
  const values = { ms: Math.round(ms), name: question.absentName, broken };
  if (ms >= slowMs) say(asked, "resolver.slow", { about, values, changes: [act("near-resolver")] });
  if (absent.answer.kind === "found") {
    const addresses = absent.answer.records.flatMap((record) => (record.type === "A" ? record.data : []));
    const evidence = [`${question.absentName} A ${addresses.join(", ")}`];
    say(asked, "resolver.rewrites", { about, values, evidence, changes: [anotherThan(about)] });
  }
  const verifies = first.isAuthentic;
  const isBogusTaken = bogus.answer.kind === "found";
  if (verifies && isBogusTaken) say(asked, "resolver.claims", { about, values, changes: [act("verifying-resolver")] });
  else if (!verifies) say(asked, "resolver.does-not-verify", { about, values, changes: [act("verifying-resolver")] });
  else if (ms < slowMs && absent.answer.kind !== "found") say(asked, "resolver.good", { about, values });
  return undefined;
}

/** What each list must have, and none may have. */
const testEntries = {
  address: { listed: "2.0.0.127", never: "1.0.0.127" },
  domain: { listed: "test", never: "invalid" },
} as const;

/** Many lists refuse those who ask through a resolver that the whole world uses, some by listing everybody. */
async function tellOfLists(asked: Asked<SelfTools>): Promise<void> {
  const { resolver, question } = asked.tools;
  const lists = question.config.dns_list.filter(({ weight }) => weight > 0);
  await Promise.all(
    lists.map(async ({ name, of }) => {
      const { listed, never } = testEntries[of];
      const [yes, no] = await Promise.all([resolver.a(`${listed}.${name}`), resolver.a(`${never}.${name}`)]);
      const failed = [yes, no].find(isFailure);
      const refusal = yes.kind === "found" && yes.records.find((one) => /^127\.255\.255\.|^(?!127\.)/.test(one));
      const problem =
        failed !== undefined
          ? problemOf(failed)
          : no.kind === "found"
            ? `it lists everything (${no.records.join(", ")})`
            : refusal
              ? `it refuses our questions (${refusal})`
              : yes.kind === "found"
                ? undefined
                : "its test entry is not on it";
      if (problem === undefined) say(asked, "resolver.list-good", { about: name });
      else
        say(asked, "list.unusable", {
          about: name,
          level: "warning",
          values: { list: name, problem },
          changes: [act("own-resolver-for-list")],
        });
    }),
  );
}
