import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { addressesOf } from "./answer.ts";

const resolver = fakeResolver(`
  both.lab A 192.0.2.1
  both.lab AAAA 2001:db8::1
  half.lab A 192.0.2.5
  half.lab AAAA SERVFAIL
  none.lab TXT nothing
  hurt.lab AAAA SILENT
`);

test("addresses of both families, and whether there may be more", async () => {
  const cases = [
    ["both.lab", ["192.0.2.1", "2001:db8::1"], undefined],
    ["half.lab", ["192.0.2.5"], "server-failure"],
    ["hurt.lab", [], "timeout"],
    ["none.lab", [], undefined],
    ["gone.lab", [], undefined],
  ] as const;
  for (const [name, addresses, failure] of cases) {
    const found = await addressesOf(name, resolver);
    assert.deepEqual([found.addresses, found.failure?.kind], [addresses, failure], name);
  }
});
