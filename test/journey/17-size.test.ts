// Size limits, ours and theirs: who sends too much learns it as early as possible. RFC 1870.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { actionOf, assertPlainWords, openNotice } from "../support/lab-notice.ts";
import { startLab } from "../support/lab-server.ts";
import { connectClient, simpleContent, transact } from "../support/smtp-client.ts";

const letterOf = (bytes: number) => ({
  from: "you@home.lab",
  to: ["anna@accepts.lab"],
  content: simpleContent("Large", `${"x".repeat(78)}\r\n`.repeat(bytes / 80)),
});

test("more than we take: refused at MAIL when declared, else at the end; the session goes on", async () => {
  await using lab = await startLab({
    names: ["accepts"],
    settings: () => ({ receive: { max_message_size: "200KB" } }),
  });
  await using client = await connectClient(lab.port);
  assert.match(await client.say("EHLO client.lab"), /^250-SIZE 204800$/m);
  assert.match(await client.say("MAIL FROM:<you@home.lab> SIZE=204801"), /^552 5\.3\.4 /);
  assert.match(await transact(client, letterOf(400_000)), /^552 5\.3\.4 /);
  assert.match(await transact(client, letterOf(190_000)), /^250 /);
  await lab.mail("anna@accepts.lab");
  await lab.assertEmpty();
  assert.equal(lab.events.filter(({ kind }) => kind === "received").length, 1);
  const bodies = await readdir(join(lab.dir, "bodies"), { recursive: true });
  assert.deepEqual(
    bodies.filter((name) => name.includes("/")),
    [],
    "nothing is left of the refused one",
  );
});

test("more than they take: returned without being sent, and the notice says why", async () => {
  await using lab = await startLab({ names: ["small"] });
  await lab.send({ ...letterOf(20_000), to: ["sam@small.lab"] });
  const { because } = await lab.event("bounced", "sam@small.lab");
  assert.ok(because.kind === "unsupported" && because.extension === "SIZE");
  const notice = openNotice(await lab.mail("you@home.lab"));
  assertPlainWords(notice);
  assert.deepEqual(actionOf(notice, "sam@small.lab"), ["failed", "5.3.4"]);
  assert.match(notice.letter, /larger than/);
  await lab.send({ ...letterOf(8_000), to: ["sam@small.lab"] });
  await lab.mail("sam@small.lab");
  await lab.assertEmpty();
});
