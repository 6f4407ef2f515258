// Two servers that send each other the same message: it ends, and the sender hears of it. RFC 5321 §6.3.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLab } from "../support/lab-server.ts";
import { sendLetter, simpleContent } from "../support/smtp-client.ts";

test("a message that goes in a circle is refused after max_hops rounds", async () => {
  const circle = { name: "circle", what: "", character: {} };
  await using lab = await startLab({ newcomers: [circle], settings: () => ({ receive: { max_hops: 30 } }) });
  const letter = { from: "you@home.lab", to: ["olga@circle.lab"] };
  let reply = await sendLetter(lab.port, { ...letter, content: simpleContent() });
  let rounds = 0;
  while (reply.startsWith("250")) {
    rounds += 1;
    const { content } = await lab.mail("olga@circle.lab", rounds);
    reply = await sendLetter(lab.port, { ...letter, content }); // the other server sends it straight back
  }
  assert.match(reply, /^554 5\.4\.6 this message has passed 31 mail servers and seems to go round in a circle/);
  assert.equal(rounds, 31);
  const { stage, from } = await lab.event("refused");
  assert.deepEqual([stage, from], ["content", "you@home.lab"]);
  await lab.assertEmpty();
});
