// The disk is full: clients hear 452 4.3.1 and keep their mail, the server lives, and goes on when there is room.
// RFC 5321 §4.2.3 (452), RFC 3463 §3.4 (X.3.1).
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Lab, startLab } from "../support/lab-server.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small-disk.ts";
import { connectClient, type Letter, sendLetter, transact } from "../support/smtp-client.ts";

/** A host that puts everything off until the test says otherwise; `atContent` happens when it has got a message. */
function fickleHost(atContent = (): void => {}) {
  const mood = { takes: false };
  const rcpt = () => (mood.takes ? undefined : ("451 4.3.0 not now" as const));
  const content = (): undefined => {
    atContent();
    return undefined;
  };
  return { mood, newcomer: { name: "fickle", what: "", character: { answers: { rcpt, content } } } };
}

const letterOf = (name: string, bytes: number) => ({
  from: "you@home.lab",
  to: [`${name}@fickle.lab`],
  content: `Subject: ${name}\r\n\r\n${`${"x".repeat(78)}\r\n`.repeat(bytes / 80)}`,
});

const largeBytes = 200_000;

async function withSmallDisk(t: TestContext, story: (disk: SmallDisk) => Promise<void>): Promise<void> {
  const disk = await mountSmallDisk(32);
  if (typeof disk === "string") return t.skip(disk);
  await using _ = disk;
  await story(disk);
}

async function bodyFiles(dir: string): Promise<string[]> {
  const names = await readdir(join(dir, "bodies"), { recursive: true }).catch(() => []);
  return names.filter((name) => name.includes("/"));
}

/** Sends large messages until one is refused; answers the names of those that were taken, and the refusal. */
async function fill(lab: Lab): Promise<{ taken: string[]; refusal: string }> {
  await using client = await connectClient(lab.port);
  await client.say("EHLO client.lab");
  const taken: string[] = [];
  for (;;) {
    const name = `large${taken.length}`;
    const reply = await transact(client, letterOf(name, largeBytes));
    if (!reply.startsWith("250")) return { taken, refusal: reply };
    taken.push(name);
    assert.ok(taken.length < 200, "the disk ends some time");
  }
}

const namesAt = (lab: Lab): string[] => lab.mails.flatMap(({ to }) => to.map((path) => path.split("@")[0]!)).toSorted();

test("clients are put off while the disk is full, what was kept is delivered, and then there is room again", async (t) => {
  await withSmallDisk(t, async (disk) => {
    const { mood, newcomer } = fickleHost();
    await using lab = await startLab({ newcomers: [newcomer], place: disk.dir });
    const { taken, refusal } = await fill(lab);
    assert.match(refusal, /^452 4\.3\.1 .*disk is full.*try again later/);
    assert.ok(taken.length > 10);
    assert.equal((await bodyFiles(lab.dir)).length, taken.length, "of the refused message, no file is left");
    assert.match(await sendLetter(lab.port, letterOf("tiny", 80)), /^452 4\.3\.1 /, "not even a small one");

    mood.takes = true;
    await lab.calm();
    await lab.control.change({}, "retry");
    await lab.assertEmpty();
    assert.deepEqual(namesAt(lab), taken.toSorted(), "each once");
    assert.deepEqual(await bodyFiles(lab.dir), []);

    await comeAgain(lab, letterOf("later", largeBytes));
    await lab.assertEmpty();
  });
});

/** A client that is put off comes again; the server looks at the disk ten times a second. */
async function comeAgain(lab: Lab, letter: Letter): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  for (let reply = "452"; !reply.startsWith("250"); reply = await sendLetter(lab.port, letter)) {
    assert.match(reply, /^452/);
    assert.ok(!signal.aborted, "there is room");
  }
}

/** Takes the last free byte. */
function fillWithBallast(disk: SmallDisk): string {
  const ballast = join(disk.dir, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(64 * 1024 ** 2)), { code: "ENOSPC" });
  return ballast;
}

test("not a byte is free: mail is refused before anything is written, and what waits goes on waiting", async (t) => {
  await withSmallDisk(t, async (disk) => {
    const { mood, newcomer } = fickleHost();
    await using lab = await startLab({ newcomers: [newcomer], place: disk.dir });
    await lab.send(letterOf("first", largeBytes));
    await lab.calm();
    await lab.control.list({}); // the database catches up with the spool
    const ballast = fillWithBallast(disk);
    assert.match(await sendLetter(lab.port, letterOf("second", largeBytes)), /^452 4\.3\.1 /);
    assert.match(await sendLetter(lab.port, letterOf("third", 80)), /^452 4\.3\.1 /);
    assert.equal((await bodyFiles(lab.dir)).length, 1);
    assert.equal((await lab.control.list({}))[0]?.state, "deferred");

    mood.takes = true;
    await rm(ballast);
    await lab.nextAttempt();
    await comeAgain(lab, letterOf("fourth", largeBytes));
    await lab.assertEmpty();
    assert.deepEqual(namesAt(lab), ["first", "fourth"]);
  });
});

test("the disk fills up while a message is handed over: its end is written down, at the latest when there is room, and it goes once", async (t) => {
  await withSmallDisk(t, async (disk) => {
    let ballast = "";
    const { mood, newcomer } = fickleHost(() => (ballast = fillWithBallast(disk)));
    await using lab = await startLab({ newcomers: [newcomer], place: disk.dir });
    mood.takes = true;
    await lab.send(letterOf("first", largeBytes));
    await lab.mail("first@fickle.lab");
    const isSettled = (): boolean => lab.events.some(({ kind }) => kind === "delivered");
    await lab.control.list({}); // an answer, though the database cannot catch up
    await rm(ballast);
    const signal = AbortSignal.timeout(20_000);
    while (!isSettled() && !signal.aborted) await lab.world.advance(1_000); // it tries again now and then
    await lab.assertEmpty();
    assert.deepEqual(namesAt(lab), ["first"]);
    assert.deepEqual(await bodyFiles(lab.dir), []);
  });
});
