// The example of a hook: its own tests pass, the server can load it, and the page about checks quotes it as it is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { loadHooks } from "../../src/judge/hooks/load.ts";
import { fakeWorld } from "../support/fake-world.ts";

const docs = join(import.meta.dirname, "../../docs");
const example = join(docs, "examples/hooks/my-checks.ts");

test("its tests pass", async () => {
  const tests = example.replace(".ts", ".test.ts");
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  // what it imports from "waybill" are the sources, not a build
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@waybill/source", tests], {
    env: environment,
  });
  assert.match(stdout, /^. pass 4$/m);
});

test("the server loads it: a check for each phase", async () => {
  const checks = await loadHooks([example], { world: fakeWorld(), onFault: (text) => assert.fail(text) });
  assert.deepEqual(
    checks.map(({ phase }) => phase),
    ["connect", "mail", "rcpt", "content"],
  );
});

test("the page quotes it", async () => {
  const [page, code] = await Promise.all([
    readFile(join(docs, "adding-a-check.md"), "utf8"),
    readFile(example, "utf8"),
  ]);
  const phases = page.slice(page.indexOf("## The four phases"), page.indexOf("## Rules"));
  const quotes = [...phases.matchAll(/```ts\n(.*?)```/gs)].map(([, quote]) => quote!);
  assert.equal(quotes.length, 4);
  for (const quote of quotes) assert.ok(code.includes(quote), quote);
});
