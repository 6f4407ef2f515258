import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { openSqlite } from "../storage/sqlite/store.ts";

const temp = await mkdtemp(join(tmpdir(), "waybill-"));
after(() => rm(temp, { recursive: true }));
process.env["TMPDIR"] = temp; // before the modules look where the lab's place is
const { runLab } = await import("./lab.ts");
const { labDir } = await import("./place.ts");

/** What the lab says; `onWelcome` is called when it is open. */
function listenTo(t: TestContext, onWelcome: () => void = () => {}): string[] {
  const said: string[] = [];
  t.mock.method(console, "error", (text: string) => {
    said.push(text);
    if (text.includes("The lab is open")) setImmediate(onWelcome);
  });
  return said;
}

test("a second lab leaves the first one's folder alone, and nothing open behind it", async (t) => {
  mkdirSync(labDir, { mode: 0o700 });
  await using _first = await openSqlite({ dir: labDir });
  writeFileSync(join(labDir, "witness"), "");
  const said = listenTo(t);
  assert.equal(await runLab({ speed: 1, port: 0 }), 71);
  assert.match(said.join("\n"), /^waybill lab: /);
  assert.ok(existsSync(join(labDir, "witness")));
});

test("a lab that ends takes its folder along", async (t) => {
  assert.ok(labDir.startsWith(temp));
  listenTo(t, () => {
    assert.ok(existsSync(labDir));
    process.emit("SIGTERM");
  });
  assert.equal(await runLab({ speed: 1, port: 0 }), 0);
  assert.ok(!existsSync(labDir));
});
