import assert from "node:assert/strict";
import { test } from "node:test";
import { ownAddresses } from "./own-addresses.ts";

const interfaces = ["127.0.0.1", "192.0.2.10", "2001:db8::10"];
const listener = (host: string, port: number) => ({
  address: { host, port },
  tls: "none" as const,
  for: "relay" as const,
});
const own = (listen: ReturnType<typeof listener>[], port = 25) => ownAddresses({ listen, port, interfaces });

test("a listener on one address makes that address ours, however it is written", () => {
  const isOurs = own([listener("192.0.2.10", 25), listener("2001:db8::10", 25)]);
  for (const address of ["192.0.2.10", "::ffff:192.0.2.10", "2001:DB8:0::10"]) assert.ok(isOurs(address), address);
  for (const address of ["192.0.2.11", "127.0.0.1", "0.0.0.0"]) assert.ok(!isOurs(address), address);
});

test("a listener on all addresses makes all of the machine ours, the whole loopback network too", () => {
  for (const host of ["::", "0.0.0.0"])
    for (const address of [...interfaces, "127.9.9.9", "::1", "0.0.0.0", "::"])
      assert.ok(own([listener(host, 25)])(address), `${host} ${address}`);
  assert.ok(!own([listener("::", 25)])("192.0.2.11"));
});

test("on another port than mail goes out to, someone else listens", () => {
  assert.ok(!own([listener("::", 2525)])("192.0.2.10"));
  assert.ok(own([listener("::", 2525)], 2525)("192.0.2.10"));
});
