import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeResolver } from "../../test/support/fake-resolver.ts";
import { schema } from "../config/schema.ts";
import { sourceOf } from "./source-addresses.ts";

const hostname = "mail.lab";
const resolver = fakeResolver(`
  mail.lab A 8.8.4.4
  mail.lab A 10.0.0.1
  mail.lab AAAA 2606:4700::1
`);

test("what was named, else what is set, else what our name has in DNS; nothing that only our network knows", async () => {
  const cases = [
    [{}, ["9.9.9.9"], "option", ["9.9.9.9"]],
    [{ source_address: "8.8.8.8" }, [], "source_address", ["8.8.8.8"]],
    [{ source_address: "10.0.0.1" }, [], "hostname", ["8.8.4.4", "2606:4700::1"]],
    [{ ip: "ipv4" }, [], "hostname", ["8.8.4.4"]],
    [{ port: 2525, ip: "ipv4" }, [], "hostname", ["8.8.4.4", "10.0.0.1"]],
  ] as const;
  for (const [deliver, named, by, addresses] of cases) {
    const found = await sourceOf(schema.parse({ deliver }), { hostname, named, resolver });
    assert.deepEqual(found, { by, addresses }, JSON.stringify(deliver));
  }
  const nameless = await sourceOf(schema.parse({}), { hostname: "gone.lab", named: [], resolver });
  assert.deepEqual(nameless, { by: "hostname", addresses: [] });
});
