// The resolver that records: each question once, with its answer and how long that took.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { recordingResolver } from "./recording-resolver.ts";
import type { Resolver } from "./resolver.ts";

const zone = `
a.example TXT "one"
a.example MX 10 mx.a.example
slow.example SILENT
192.0.2.1 PTR a.example
`;

test("records each question once, with its answer and its time", async () => {
  const world = fakeWorld();
  const inner = fakeResolver(zone);
  const slow: Resolver = {
    ...inner,
    txt: async (name) => {
      await world.advance(40);
      return inner.txt(name);
    },
  };
  const resolver = recordingResolver(slow, world);
  const first = await resolver.txt("A.example");
  assert.deepEqual(await resolver.txt("a.EXAMPLE"), first);
  await Promise.all([resolver.mx("a.example"), resolver.mx("a.example")]);
  await resolver.ptr("192.0.2.1");
  await resolver.a("slow.example");
  await resolver.aaaa("gone.example");
  assert.deepEqual(inner.questions, [
    "TXT a.example",
    "MX a.example",
    "PTR 1.2.0.192.in-addr.arpa",
    "A slow.example",
    "AAAA gone.example",
  ]);
  assert.deepEqual(
    resolver.questions.map(({ type, name, answer, tookMs }) => [type, name, answer.kind, tookMs]),
    [
      ["TXT", "a.example", "found", 40],
      ["MX", "a.example", "found", 0],
      ["PTR", "192.0.2.1", "found", 0],
      ["A", "slow.example", "timeout", 0],
      ["AAAA", "gone.example", "no-such-domain", 0],
    ],
  );
});
