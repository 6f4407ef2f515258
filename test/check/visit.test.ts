// What an MX host is told when it is looked at: no more than the question needs, and never a message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visit } from "../../src/check/domain/visit.ts";
import { socketConnector } from "../../src/check/net/socket-connector.ts";
import { checkLimits } from "../../src/check/tools.ts";
import { startScriptServer } from "../support/script-server.ts";
import { usualScript } from "./lab.ts";

const ask = [
  { purpose: "postmaster", sender: "", recipient: "postmaster@shop.example" },
  { purpose: "relay", sender: "postmaster@doctor.test", recipient: "postmaster@doctor.test" },
] as const;

const visiting = (port: number, signal = new AbortController().signal) => ({
  connector: socketConnector(),
  port,
  hello: "doctor.test",
  ask,
  limits: { ...checkLimits, replyMs: 250 },
  signal,
});

const target = { host: "mx.shop.example", address: "127.0.0.1" };

test("each transaction ends with RSET, the session with QUIT, and DATA is never said", async () => {
  await using server = await startScriptServer({ script: usualScript({ EHLO: "250-mx.shop.example\r\n250 SIZE" }) });
  const seen = await visit(target, visiting(server.port));
  assert.deepEqual(
    seen.transactions.map(({ purpose, rcpt }) => [purpose, rcpt?.code]),
    [
      ["postmaster", 250],
      ["relay", 550],
    ],
  );
  const { lines } = server.peer;
  assert.deepEqual(
    lines.filter((line) => line !== "QUIT"),
    [
      "EHLO doctor.test",
      "MAIL FROM:<>",
      "RCPT TO:<postmaster@shop.example>",
      "RSET",
      "MAIL FROM:<postmaster@doctor.test>",
      "RCPT TO:<postmaster@doctor.test>",
      "RSET",
    ],
  );
});

test("a server that refuses the connection's first words is asked nothing more", async () => {
  await using server = await startScriptServer({ script: usualScript({ GREETING: "554 5.7.1 go away" }) });
  const seen = await visit(target, visiting(server.port));
  assert.equal(seen.greeting?.code, 554);
  assert.deepEqual(seen.transactions, []);
  assert.deepEqual(
    server.peer.lines.filter((line) => line !== "QUIT"),
    [],
  );
});

test("when its time is over the connection is closed", async () => {
  const ending = new AbortController();
  await using server = await startScriptServer({
    script: (turn) => {
      if (turn === "GREETING") setImmediate(() => ending.abort());
      return turn === "GREETING" ? { kind: "silence" } : undefined;
    },
  });
  const limits = { ...checkLimits, replyMs: 60_000 };
  const seen = await visit(target, { ...visiting(server.port, ending.signal), limits });
  assert.equal(seen.ended?.stage, "greeting");
});

test("a port where nobody listens is told from other troubles", async () => {
  const server = await startScriptServer();
  await server[Symbol.asyncDispose]();
  const seen = await visit(target, visiting(server.port));
  assert.equal(seen.failed?.problem, "refused");
});
