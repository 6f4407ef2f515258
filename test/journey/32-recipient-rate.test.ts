// What one stranger may not do to another: use up what a recipient may get in an hour, with forgeries that are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startGuarded, type Stranger } from "../support/guarded-server.ts";

const zone = `
  _dmarc.bank.example TXT "v=DMARC1; p=reject"
  evil.example TXT "v=spf1 +all"
  friend.example TXT "v=spf1 +all"`;

const letter = (author: string): string => `From: ${author}\r\nSubject: hello\r\n\r\nhello\r\n`;

test("refused forgeries use up nobody's hour; what is taken does", async () => {
  await using guarded = await startGuarded(zone, {
    greylist: { for: "off" },
    rates: { recipient_messages_per_hour: 2 },
  });
  const evil = (i: number): Stranger => ({ ip: `203.0.${i}.9`, helo: "mx.evil.example", from: "x@evil.example" });
  const friend: Stranger = { ip: "198.51.100.1", helo: "mx.friend.example", from: "bob@friend.example" };
  for (let i = 0; i < 3; i += 1)
    assert.match((await guarded.send(evil(i), letter("admin@bank.example"))).reply, /^550.5\.7\.1 /);
  for (let i = 0; i < 2; i += 1)
    assert.match((await guarded.send(friend, letter("bob@friend.example"))).reply, /^250 /);
  assert.match((await guarded.send(friend, letter("bob@friend.example"))).reply, /^450 4\.2\.1 /);
});
