import assert from "node:assert/strict";
import { test } from "node:test";
import { parseXclient } from "./xclient.ts";

test("all attributes, in any case, values in xtext", () => {
  const words = ["name=client.example", "ADDR=192.0.2.7", "PORT=4711", "PROTO=esmtp", "HELO=a+2Bb.example"];
  assert.deepEqual(parseXclient(words), {
    name: "client.example",
    address: "192.0.2.7",
    port: 4711,
    protocol: "ESMTP",
    helloName: "a+b.example",
  });
});

test("addresses are written as the rest of the server writes them", () => {
  assert.deepEqual(parseXclient(["ADDR=IPV6:2001:DB8:0:0::7"]), { address: "2001:db8::7" });
  assert.deepEqual(parseXclient(["ADDR=IPv6:::ffff:192.0.2.7"]), { address: "192.0.2.7" });
});

test("a client that the proxy does not know gets nobody's rights, not the proxy's", () => {
  assert.deepEqual(parseXclient(["ADDR=[UNAVAILABLE]", "PORT=[UNAVAILABLE]"]), { address: "0.0.0.0", port: 0 });
  assert.deepEqual(parseXclient(["NAME=[TEMPUNAVAIL]", "HELO=[UNAVAILABLE]"]), {
    name: undefined,
    helloName: undefined,
  });
});

test("what makes no sense is refused", () => {
  const bad = [
    "ADDR=x",
    "ADDR=1.2.3",
    "ADDR=fe80::1%eth0",
    "PORT=65536",
    "PORT=-1",
    "PROTO=LMTP",
    "LOGIN=bob",
    "NAME",
    "NAME=",
  ];
  for (const word of [...bad, "HELO=a+20b", "NAME=a+0Ab"]) assert.equal(parseXclient([word]), undefined, word);
  assert.equal(parseXclient([]), undefined);
});
