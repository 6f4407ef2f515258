import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { spawnSync } from "node:child_process";
import { fakePorts } from "../../test/cli/fake-ports.ts";
import { createControlApi } from "./control.ts";
import { serveControl } from "./control-socket.ts";

async function socketIn(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  t.after(() => rm(dir, { recursive: true }));
  return join(dir, "control.sock");
}

function fetchStatus(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: "/status", agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject).end();
  });
}

test("serves on a socket of this user alone, and removes it at the end", async (t) => {
  const socketPath = await socketIn(t);
  {
    await using _ = await serveControl(createControlApi(fakePorts()), socketPath);
    assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
    assert.equal(await fetchStatus(socketPath), 200);
    await assert.rejects(serveControl(createControlApi(fakePorts()), socketPath), /another Waybill answers on/);
    assert.equal(await fetchStatus(socketPath), 200);
  }
  await assert.rejects(stat(socketPath), { code: "ENOENT" });
});

test("a socket left by a killed process is replaced", async (t) => {
  const socketPath = await socketIn(t);
  const listenAndDie = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", listenAndDie, socketPath]);
  assert.ok((await stat(socketPath)).isSocket());
  await using _ = await serveControl(createControlApi(fakePorts()), socketPath);
  assert.equal(await fetchStatus(socketPath), 200);
});

test("what cannot be served is refused in words", async (t) => {
  const app = createControlApi(fakePorts());
  const socketPath = await socketIn(t);
  await assert.rejects(serveControl(app, `/${"x".repeat(107)}`), /longer than 107 bytes.*data_dir/);
  await assert.rejects(serveControl(app, join(socketPath, "no", "such")), /cannot make the control socket/);
  await writeFile(socketPath, "mail of someone");
  await assert.rejects(serveControl(app, socketPath), /no socket/);
});

test("a submission that breaks off is not kept", async (t) => {
  const socketPath = await socketIn(t);
  const ports = fakePorts();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  ports.submit = async (_envelope, _client, content) => {
    try {
      for await (const bytes of content) if (bytes.length > 0) sent.destroy();
    } catch (error) {
      end("broken");
      throw error;
    }
    end("complete");
    return ports.answer;
  };
  await using _ = await serveControl(createControlApi(ports), socketPath);
  const path = "/messages?from=&to=bob@there.example";
  const sent = request({ socketPath, path, method: "POST", agent: false });
  sent.on("error", () => {});
  sent.write("Subject: half a mess\n");
  assert.equal(await ended, "broken");
});

test("the request line holds many recipients", async (t) => {
  const socketPath = await socketIn(t);
  const ports = fakePorts();
  await using _ = await serveControl(createControlApi(ports), socketPath);
  const to = Array.from({ length: 5_000 }, (_, i) => `to=recipient-${i}@there.example`).join("&");
  const sent = request({ socketPath, path: `/messages?from=&${to}`, method: "POST", agent: false }).end("x");
  const [response] = (await once(sent, "response")) as [{ statusCode: number; resume(): void }];
  response.resume();
  assert.equal(response.statusCode, 201);
  assert.equal(ports.submitted[0]?.envelope.recipients.length, 5_000);
});

test("closing does not wait for a client that stays", async (t) => {
  const socketPath = await socketIn(t);
  const server = await serveControl(createControlApi(fakePorts()), socketPath);
  const idle = connect(socketPath);
  idle.write("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(idle, "data");
  await server[Symbol.asyncDispose]();
  idle.destroy();
  const other = createServer().listen(socketPath); // the path is free again
  await once(other, "listening");
  other.close();
});
