// How `run` ends when its storage dies.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { schema } from "./config/schema.ts";
import { run, welcome } from "./main.ts";

const original = Worker.prototype.postMessage; // eslint-disable-line typescript/unbound-method -- called with its `this`

test("a server whose storage died ends with exit code 70 and a sentence", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "waybill-main-"));
  t.after(() => rm(dir, { recursive: true }));
  const configFile = join(dir, "waybill.toml");
  const settings = { data_dir: join(dir, "data"), hostname: "waybill.test" };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const log = `[log]\nfile = ${JSON.stringify(join(dir, "waybill.log"))}`;
  await writeFile(configFile, [...lines, '[[listen]]\naddress = "127.0.0.1:0"', log].join("\n"));

  const threads = new Set<Worker>();
  t.mock.method(Worker.prototype, "postMessage", function (this: Worker, ...args: unknown[]) {
    threads.add(this);
    Reflect.apply(original, this, args);
  });
  const said: string[] = [];
  t.mock.method(console, "error", (text: string) => {
    said.push(text);
    if (text.includes("Waybill takes mail")) void [...threads][0]!.terminate();
  });
  assert.equal(await run({ configFile }), 70);
  assert.equal(said.at(-1), "waybill: the storage thread ended; what was kept is on the disk: start Waybill again");
  assert.match(await readFile(join(dir, "waybill.log"), "utf8"), /stopping: a thread died/, "the log is complete");
});

test("the welcome says who may send, and names the file that the other commands need", () => {
  const server = { hostname: "mail.example.org", listening: ["127.0.0.1:2525"], web: [] };
  const say = (networks: string[] | undefined, file: Parameters<typeof welcome>[2]): string =>
    welcome(schema.parse({ relay: { networks } }), server, file);
  const usual = say(undefined, { file: "waybill.toml", isNamed: false });
  assert.match(usual, /\nClients in 127\.0\.0\.0\/8, ::1\/128 may send to anyone\.\n/);
  assert.doesNotMatch(usual, /--config/);
  const closed = say([], { file: "/etc/my mail.toml", isNamed: true });
  assert.match(closed, /\nOnly accounts may send to everyone\.\n/);
  for (const command of ["send", "trace", "queue"])
    assert.ok(closed.includes(`npx waybill ${command} --config "/etc/my mail.toml"`), command);
  assert.ok(say([], { file: "/etc/waybill.toml", isNamed: true }).includes("queue --config /etc/waybill.toml\n"));
  const withWeb = welcome(schema.parse({}), { ...server, web: ["https://*:443"] }, { file: undefined, isNamed: false });
  assert.match(
    withWeb,
    /2525\.\nMail apps .+ \(https:\/\/mail\.example\.org\/help\), on https:\/\/\*:443\.\nIt is kept/,
  );
  assert.match(usual, /2525\.\nIt is kept/);
});
