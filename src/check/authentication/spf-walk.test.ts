// The walk through SPF records: that it comes to the results of the RFC 7208 suite, and what it tells.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../../test/support/fake-world.ts";
import { spfSuite } from "../../../test/support/spf-suite.ts";
import { recordingResolver } from "../../dns/recording-resolver.ts";
import type { Zone } from "../../dns/zone.ts";
import { parseClient } from "./spf-address.ts";
import { explainSpf } from "./spf-explanation.ts";
import { walkSpf } from "./spf-walk.ts";
import type { Step } from "./step.ts";

const { skip, cases } = spfSuite();

function walk(zone: string | Zone, { client, helo, mailFrom }: { client: string; helo: string; mailFrom: string }) {
  const sender = mailFrom === "" ? `postmaster@${helo}` : mailFrom;
  const at = sender.lastIndexOf("@");
  const senderDomain = sender.slice(at + 1);
  return walkSpf(
    {
      client: parseClient(client)!,
      helo,
      localPart: sender.slice(0, Math.max(at, 0)) || "postmaster",
      senderDomain,
      resolver: recordingResolver(fakeResolver(zone), fakeWorld()),
      counts: { lookups: 0, voids: 0 },
    },
    senderDomain.toLowerCase(),
  );
}

test("comes to the results of the RFC 7208 suite", { skip }, async () => {
  assert.equal(cases.length, 203);
  const wrong: string[] = [];
  for (const one of cases) {
    const { result } = await walk(one.zone, one);
    if (!one.results.includes(result)) wrong.push(`${one.name}: ${result}, not ${one.results.join(" or ")}`);
  }
  assert.deepEqual(wrong, []);
});

test("where the check itself came to something else, no match is told as certain", async () => {
  const zone = 'a.example TXT "v=spf1 include:b.example -all"\nb.example TXT "v=spf1 ip4:192.0.2.1 -all"';
  const sender = { client: parseClient("192.0.2.1")!, helo: "x", localPart: "ann", senderDomain: "a.example" };
  const resolver = recordingResolver(fakeResolver(zone), fakeWorld());
  const explain = (result: "pass" | "fail"): Promise<Step[]> =>
    explainSpf({ ...sender, resolver }, [{ scope: "mailfrom", domain: "a.example", result, because: "so it is" }]);
  const matches = (steps: readonly Step[]): unknown[] =>
    steps.flatMap((step) => [...("matched" in step ? [step.matched] : []), ...matches(step.steps ?? [])]);
  assert.deepEqual(matches(await explain("pass")), [true, true]);
  const doubted = await explain("fail");
  assert.deepEqual(matches(doubted), []);
  assert.ok(doubted.some(({ text }) => text.includes("its matches are not certain")));
  assert.ok(doubted.some((step) => step.kind === "result" && step.result === "fail" && step.text.includes("so it is")));
});
