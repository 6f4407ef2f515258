import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { hostAddresses } from "./addresses.ts";

const zone = `
  both.lab A 192.0.2.2
  both.lab A 192.0.2.1
  both.lab A 192.0.2.3
  both.lab AAAA 2001:db8::2
  both.lab AAAA 2001:db8::1
  four.lab A 192.0.2.4
  half.lab A 192.0.2.5
  half.lab AAAA SERVFAIL
  hurt.lab AAAA SILENT
  none.lab TXT nothing
  broken.lab SERVFAIL
  ${Array.from({ length: 40 }, (_, i) => `many.lab A 192.0.2.${i}`).join("\n")}
`;

const found = (...addresses: string[]) => ({ kind: "found", addresses });
const failed = (problem: string) => ({ kind: "failed", problem });

test("families by turns beginning with IPv4, each in the resolver's order", async () => {
  assert.deepEqual(
    await hostAddresses("both.lab", fakeResolver(zone), "both"),
    found("192.0.2.2", "2001:db8::2", "192.0.2.1", "2001:db8::1", "192.0.2.3"),
  );
});

test("a family that is not used is not asked for", async () => {
  const resolver = fakeResolver(zone);
  assert.deepEqual(await hostAddresses("both.lab", resolver, "ipv6"), found("2001:db8::2", "2001:db8::1"));
  assert.deepEqual(await hostAddresses("four.lab", resolver, "ipv6"), failed("no-data"));
  assert.deepEqual(await hostAddresses("four.lab", resolver, "ipv4"), found("192.0.2.4"));
  assert.deepEqual(resolver.questions, ["AAAA both.lab", "AAAA four.lab", "A four.lab"]);
});

test("one family is enough, whatever becomes of the other", async () => {
  assert.deepEqual(await hostAddresses("half.lab", fakeResolver(zone), "both"), found("192.0.2.5"));
});

test("an open question outweighs a final answer", async () => {
  assert.deepEqual(await hostAddresses("hurt.lab", fakeResolver(zone), "both"), failed("timeout")); // A: no data
  assert.deepEqual(await hostAddresses("broken.lab", fakeResolver(zone), "both"), failed("server-failure"));
  assert.deepEqual(await hostAddresses("none.lab", fakeResolver(zone), "both"), failed("no-data"));
  assert.deepEqual(await hostAddresses("absent.lab", fakeResolver(zone), "both"), failed("no-such-domain"));
});

test("an address is taken as it is, without a question, whatever the family", async () => {
  const resolver = fakeResolver(zone);
  assert.deepEqual(await hostAddresses("192.0.2.9", resolver, "ipv6"), found("192.0.2.9"));
  assert.deepEqual(await hostAddresses("2001:db8::9", resolver, "ipv4"), found("2001:db8::9"));
  assert.deepEqual(resolver.questions, []);
});

test("no more than 16 addresses of a host are tried", async () => {
  const answer = await hostAddresses("many.lab", fakeResolver(zone), "both");
  assert.equal(answer.kind === "found" && answer.addresses.length, 16);
});
