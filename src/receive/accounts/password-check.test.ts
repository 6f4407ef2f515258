import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { loginCounts } from "./login-limits.ts";
import { PasswordCheck, passwordLimits } from "./password-check.ts";

const atOnce = passwordLimits.atOnce;

test("all threads together check only so many passwords at once", async () => {
  const counts = loginCounts();
  const checking = new Int32Array(counts.checking);
  const others = [new PasswordCheck(counts), new PasswordCheck(counts)];
  Atomics.store(checking, 0, atOnce); // another thread's
  let done = 0;
  const checks = others.flatMap((one) =>
    ["a", "b"].map(async (password) => {
      assert.deepEqual(await one.check(undefined, password), { kind: "refused" });
      done += 1;
      assert.ok(Atomics.load(checking, 0) <= atOnce);
    }),
  );
  await new PasswordCheck().check(undefined, "who counts for itself does not wait");
  assert.equal(done, 0);
  Atomics.store(checking, 0, 0);
  Atomics.notify(checking, 0);
  await Promise.all(checks);
  assert.equal(Atomics.load(checking, 0), 0);
});

test("what another thread ends lets this one go on", async () => {
  const counts = loginCounts();
  const checking = new Int32Array(counts.checking);
  const script = `
    import { workerData, parentPort } from "node:worker_threads";
    const { PasswordCheck } = await import(workerData.module);
    parentPort.on("message", () => {}); // a server has sockets that keep it alive
    parentPort.postMessage("ready");
    const check = new PasswordCheck(workerData.counts);
    await Promise.all(Array.from({ length: 6 }, () => check.check(undefined, "x")));
    parentPort.close();`;
  const module = new URL("password-check.ts", import.meta.url).href;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
    workerData: { counts, module },
  });
  const ended = once(worker, "exit");
  await once(worker, "message");
  const check = new PasswordCheck(counts);
  const results = await Promise.all(Array.from({ length: 6 }, () => check.check(undefined, "x")));
  assert.deepEqual(new Set(results.map(({ kind }) => kind)), new Set(["refused"]));
  await ended;
  assert.equal(Atomics.load(checking, 0), 0);
});
