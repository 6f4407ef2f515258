// `waybill suppression` against a control socket: what a person types and sees.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createControlApi } from "../../src/api/control.ts";
import { serveControl } from "../../src/api/control-socket.ts";
import { main } from "../../src/cli/waybill.ts";
import { suppressionDesk } from "../../src/judge/suppression/desk.ts";
import { Suppressions } from "../../src/judge/suppression/suppression.ts";
import { openMemory } from "../../src/storage/memory/store.ts";
import { fakeWorld } from "../support/fake-world.ts";
import { chunks, fakePorts, minute, noon } from "./fake-ports.ts";

const day = 1_440 * minute;

async function desk(t: TestContext, { isTTY = false, isOn = true } = {}) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  const config = join(dir, "waybill.toml");
  await writeFile(config, `data_dir = "${dir}"\n`);
  const [world, store] = [fakeWorld({ now: noon }), openMemory()];
  const settings = { never: ["always@far.example"], most: 1_000 };
  const isOurs = (domain: string): boolean => domain === "here.example";
  const suppressions = await Suppressions.open({ store, world, settings, isOurs, isShared: false, onFault: () => {} });
  const spoken: string[] = [];
  const ports = {
    desk: suppressionDesk({ suppressions, store, world }),
    spoke: (text: string) => void spoken.push(text),
  };
  const api = createControlApi({ ...fakePorts(), world, ...(isOn && { suppressions: ports }) });
  const server = await serveControl(api, join(dir, "control.sock"));
  t.after(async () => {
    await server[Symbol.asyncDispose]();
    await suppressions[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const run = async (...words: string[]) => {
    const written = { out: "", error: "" };
    const code = await main(["node", "waybill", "suppression", ...words, "--config", config], {
      stdin: chunks(),
      stdout: { write: (text) => (written.out += text), ...(isTTY && { isTTY, columns: 120 }) },
      stderr: { write: (text) => (written.error += text) },
      environment: { NO_COLOR: "1" },
      world,
      machine: "here.example",
      user: "ann",
    });
    return { code, ...written };
  };
  return { run, store, spoken };
}

const gone = {
  address: "bob@far.example",
  sender: "",
  cause: "no-such-mailbox",
  because: "There is no such mailbox.",
} as const;
const complaint = { ...gone, sender: "news@here.example", cause: "complaint", because: "He complained." } as const;

test("people see a table, the latest first, and what is over only if they ask", async (t) => {
  const { run, store } = await desk(t, { isTTY: true });
  assert.equal((await run()).out, "Mail is sent to every address.\n");
  await store.strike([
    { ...gone, at: noon - 2 * day },
    { ...complaint, at: noon - day },
    { ...gone, address: "carl@far.example", at: noon },
  ]);
  assert.equal(
    (await run()).out,
    [
      "ADDRESS           FROM               FOR  ENDS      TIMES",
      "carl@far.example  all                0 s  in 1 d    1",
      "    no-such-mailbox: There is no such mailbox.",
      "bob@far.example   news@here.example  1 d  in 179 d  1",
      "    complaint: He complained.",
      "",
    ].join("\n"),
  );
  assert.match((await run("list", "Bob@far.example", "--all")).out, /^bob@far\.example {2}all +2 d +ended {4,}1$/m);
  assert.equal((await run("list", "dora@far.example")).out, "Mail is sent to dora@far.example.\n");
  assert.equal((await run("list", "no address")).code, 64);
});

test("programs get tabs, or JSON", async (t) => {
  const { run, store } = await desk(t);
  await store.strike([{ ...complaint, at: noon }]);
  const fields = (await run()).out.trimEnd().split("\t");
  assert.deepEqual(
    [fields[0], fields[1], fields[4], fields[5]],
    [complaint.address, complaint.sender, "1", "complaint"],
  );
  const one = JSON.parse((await run("list", "--json")).out) as { address: string; until: number };
  assert.deepEqual([one.address, one.until], [complaint.address, noon + 180 * day]);
});

test("the operator stops an address and lifts it, for all senders or for one; the log hears it", async (t) => {
  const { run, store, spoken } = await desk(t);
  const added = await run("add", "Bob@far.example", "--because", "asked us by phone");
  assert.match(added.out, /^Stopped: mail to Bob@far\.example, until 2027-/);
  assert.equal((await store.suppressionsOf(["bob@far.example"]))[0]?.because, "asked us by phone");
  await store.strike([{ ...complaint, at: noon }]);
  const one = await run("lift", "bob@far.example", "--sender", "News@here.example");
  assert.equal(one.out, "Lifted: mail to bob@far.example from news@here.example.\n");
  assert.equal((await run("lift", "BOB@far.example")).out, "Lifted: mail to bob@far.example.\n");
  const none = await run("lift", "bob@far.example");
  assert.match(none.error, /mail to bob@far\.example is not stopped/);
  assert.notEqual(none.code, 0);
  for (const never of ["always@far.example", "postmaster@far.example", "ann@here.example"])
    assert.match((await run("add", never)).error, /is never stopped/);
  assert.equal(spoken.length, 3);
});

test("where it is off, that is said", async (t) => {
  const { run } = await desk(t, { isOn: false });
  assert.match((await run()).error, /suppression is off: set enabled = true in \[suppression\]/);
});
