// `waybill senders` and `waybill greylist` against a control socket: what a person types and sees.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createControlApi } from "../../src/api/control.ts";
import { serveControl } from "../../src/api/control-socket.ts";
import { main } from "../../src/cli/waybill.ts";
import { attemptChange, deferralId } from "../../src/judge/greylist/deferral.ts";
import { greylistDesk } from "../../src/judge/greylist/desk.ts";
import { senderDesk } from "../../src/judge/reputation/desk.ts";
import { createReputation } from "../../src/judge/reputation/reputation.ts";
import { openMemory } from "../../src/storage/memory/store.ts";
import { fakeWorld } from "../support/fake-world.ts";
import { ann, bob, chunks, fakePorts, minute, noon } from "./fake-ports.ts";

const day = 1_440 * minute;
const client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" } as const;

async function desk(t: TestContext, { isTTY }: { isTTY?: boolean } = {}) {
  const dir = await mkdtemp(join(tmpdir(), "waybill-"));
  const config = join(dir, "waybill.toml");
  await writeFile(config, `data_dir = "${dir}"\n`);
  const world = fakeWorld({ now: noon });
  const settings = { refuseBelow: -70, markBelow: -30, halfLifeMs: 14 * day, most: 1_000 };
  const parts = { store: openMemory(), world, settings, hostname: "here.example", onFault: () => {} };
  const reputation = createReputation(parts);
  const spoken: string[] = [];
  const remembered = {
    senders: senderDesk(reputation, world),
    greylist: greylistDesk(reputation, world),
    spoke: (text: string) => void spoken.push(text),
  };
  const server = await serveControl(createControlApi({ ...fakePorts(), world, remembered }), join(dir, "control.sock"));
  t.after(async () => {
    await server[Symbol.asyncDispose]();
    await reputation[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const run = async (...words: string[]) => {
    const written = { out: "", error: "" };
    const code = await main(["node", "waybill", ...words, "--config", config], {
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
  const defer = (to: typeof bob): string => {
    const id = deferralId({ host: "network 192.0.2.0/24", from: ann, to });
    const facts = {
      host: "network 192.0.2.0/24",
      client: client.address,
      from: ann,
      to,
      because: "it is new",
      delayMs: 5 * minute,
    };
    reputation.memory.note(attemptChange({ id, at: noon - minute, expiresAt: noon + day, facts }));
    return id.key;
  };
  return { run, reputation, spoken, defer };
}

const friend = { kind: "dmarc", name: "friend.example" } as const;
const foe = { kind: "spf", name: "foe.example" } as const;

test("the worst first, with what was seen", async (t) => {
  const { run, reputation } = await desk(t, { isTTY: true });
  assert.match((await run("senders")).out, /^Nothing is remembered/);
  for (let i = 0; i < 20; i++) {
    reputation.note({ identity: friend, behaviour: "accepted", client });
    reputation.note({ identity: foe, behaviour: "complaint" });
  }
  const lines = (await run("senders")).out.trimEnd().split("\n");
  assert.match(lines[0]!, /^SCORE +CLASS +LAST SEEN +SENDER$/);
  assert.match(lines[1]!, /^-80 +bad +0 s ago +spf:foe\.example$/);
  assert.equal(lines[2], "    since 2026-03-01: 20 complaints of recipients (last on 2026-03-01)");
  assert.match(lines[3]!, /^50 +good +0 s ago +192\.0\.2\.0\/24$/);
  assert.match(lines[5]!, /^80 +good +0 s ago +dmarc:friend\.example$/);
  const bad = await run("senders", "list", "--class", "bad", "--json");
  assert.deepEqual(JSON.parse(bad.out).identity, foe);
});

test("one sender, by any of its names; for programs, tabs", async (t) => {
  const { run, reputation } = await desk(t);
  reputation.note({ identity: friend, behaviour: "accepted", client });
  for (const name of ["friend.example", "dmarc:Friend.example"]) {
    const { out } = await run("senders", "show", name);
    assert.match(
      out,
      /^dmarc:friend\.example: 17 of 100, unknown\n.*\n {2}accepted: 1 time, last 0 s ago \(counted as 1 then\)\n/,
    );
  }
  assert.match((await run("senders", "show", "192.0.2.200")).out, /^192\.0\.2\.0\/24: 5 of 100/);
  assert.match((await run("senders")).out, /^5\tunknown\t192\.0\.2\.0\/24\t2026-03-01T12:00:00\.000Z\t/);
  const unknown = await run("senders", "show", "spf:friend.example");
  assert.deepEqual([unknown.code, unknown.error], [66, 'Nothing is known of "spf:friend.example".\n']);
});

test("the operator pins and forgets", async (t) => {
  const { run, reputation, spoken } = await desk(t);
  const pinned = await run("senders", "pin", "friend.example", "good", "--because", "our bank");
  assert.equal(pinned.out, "Pinned as good: dmarc:friend.example, dkim:friend.example, spf:friend.example.\n");
  assert.equal((await reputation.standingOf(friend)).score, 100);
  assert.equal((await run("senders", "pin", "friend.example", "none")).code, 0);
  assert.equal((await reputation.standingOf(friend)).score, 0);
  assert.equal((await run("senders", "pin", "192.0.2.0/24", "bad")).out, "Pinned as bad: 192.0.2.0/24.\n");
  const whole = await run("senders", "pin", "198.51.100.5", "good");
  assert.equal(whole.out, "Pinned as good: the whole network 198.51.100.0/24.\n");
  assert.equal((await run("senders", "forget", "192.0.2.9")).out, "Forgotten: the whole network 192.0.2.0/24.\n");
  assert.deepEqual(spoken, [
    "friend.example was pinned as good: our bank",
    "the pin of friend.example was taken away",
    "192.0.2.0/24 was pinned as bad: ",
    "198.51.100.5 was pinned as good: ",
    "192.0.2.9 was forgotten",
  ]);
});

test("what cannot be done is said in words", async (t) => {
  const { run } = await desk(t);
  for (const [code, words, command] of [
    [64, /an address, which anybody can type: name the domain/, ["senders", "pin", "ann@x.example", "bad"]],
    [64, /is no sender: name a domain, an IP address, a network/, ["senders", "show", "192.0.2.0/16"]],
    [64, /pinned as "good" or "bad", or as "none"; not as "ugly"/, ["senders", "pin", "x.example", "ugly"]],
    [66, /nothing is known of "x\.example"/, ["senders", "forget", "x.example"]],
    [66, /nothing that was asked to come again is of "x\.example"/, ["greylist", "allow", "x.example"]],
  ] as const) {
    const { code: ended, error } = await run(...command);
    assert.equal(ended, code, command.join(" "));
    assert.match(error, words);
  }
});

test("who was asked to come again, and letting it in", async (t) => {
  const { run, defer } = await desk(t, { isTTY: true });
  assert.match((await run("greylist")).out, /^No such mail/);
  const id = defer(bob);
  const [header, row, note] = (await run("greylist")).out.split("\n");
  assert.match(header!, /^ID +LAST +CLIENT +SENDER +RECIPIENT$/);
  assert.equal(row?.replaceAll(/ +/g, " "), `${id} 1 min ago 192.0.2.7 ${ann} ${bob}`);
  assert.equal(note, "    welcome in 4 min; 1 attempt; it is new");
  assert.match((await run("greylist", "list", "--to", "nobody@there.example")).out, /^No such mail/);
  const { out } = await run("greylist", "allow", id);
  assert.equal(out, `Let in: 1 message.\n  ${ann} to ${bob}, from 192.0.2.7\n`);
  assert.match((await run("greylist", "--client", "192.0.2.0/24")).out, /let in; 1 attempt/);
});
