// The first line of servers that greet, that hang up, that are silent, and that are not there.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { firstLine } from "./first-line.ts";

const ways: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ["greets", (socket) => socket.write("220 mail LMTP\r\nmore"), /^line 220 mail LMTP$/],
  ["hangs up", (socket) => socket.end(), /^failed it closed/],
  ["is silent", () => {}, /^failed no greeting within 100 ms/],
];

for (const [what, behave, said] of ways)
  test(`a server that ${what}`, async () => {
    const server = createServer((socket) => behave(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { kind, text } = await firstLine({ host: "127.0.0.1", port }, 100);
    server.close();
    assert.match(`${kind} ${text}`, said);
  });

test("nobody is there", async () => {
  const { kind, text } = await firstLine({ path: "/nowhere/at/all" }, 1_000);
  assert.match(`${kind} ${text}`, /^failed .*ENOENT/);
});
