// The RFC 7208 test suite of the openspf project, whole: its results and its explanations.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createResolver } from "../../dns/system-resolver.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { evaluateSpf } from "./evaluate.ts";
import { startDnsServer } from "../../lab/dns-server.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Zone } from "../../dns/zone.ts";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { type SpfCase, spfSuite } from "../../../test/support/spf-suite.ts";

const { skip, cases } = spfSuite();

/** What is wrong with the verdict; undefined: nothing. */
async function wrong({ client, helo, mailFrom, results, explanation }: SpfCase, resolver: Resolver) {
  const asked = { client, helo, mailFrom: mailFrom as ReversePath, hostname: "receiver.example" };
  const [verdict] = await evaluateSpf(asked, resolver);
  assert.ok(verdict !== undefined && verdict.because !== "");
  if (!results.includes(verdict.result)) return `${verdict.result}, not ${results.join(" or ")}: ${verdict.because}`;
  const isRight =
    explanation === undefined ||
    explanation === "DEFAULT" ||
    comparable(verdict.explanation) === comparable(explanation);
  return isRight ? undefined : `explains "${verdict.explanation}", not "${explanation}"`;
}

/** RFC 7208 §7.3 leaves open the case of the hex digits of %{ir}. */
const comparable = (text = ""): string =>
  text.replaceAll(/(?:[\da-f]\.){31}[\da-f]/gi, (nibbles) => nibbles.toLowerCase());

async function failures(resolverOf: (zone: Zone) => Resolver): Promise<Record<string, string>> {
  const found = await Promise.all(
    cases.map(async (one) => [one.name, await wrong(one, resolverOf(one.zone))] as const),
  );
  return Object.fromEntries(found.flatMap(([name, problem]) => (problem === undefined ? [] : [[name, problem]])));
}

test("all 203 cases of the suite", { skip }, async () => {
  assert.equal(cases.length, 203);
  assert.deepEqual(await failures(fakeResolver), {});
});

test("all 203 cases, through DNS packets", { skip }, async () => {
  const zones = [...new Set(cases.map(({ zone }) => zone))];
  const servers = await Promise.all(zones.map((zone) => startDnsServer({ zone })));
  try {
    const resolvers = new Map(
      zones.map((zone, i) => {
        const { address, port } = servers[i]!;
        return [zone, createResolver({ servers: [`${address}:${port}`], timeoutMs: 1_000 })];
      }),
    );
    assert.deepEqual(await failures((zone) => resolvers.get(zone)!), {});
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});
