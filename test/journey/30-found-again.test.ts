// What somebody asks the operator about is found by whatever he knows of it: whom it was for, who wrote it, its Message-ID.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../../src/cli/context.ts";
import { controlClient } from "../../src/cli/control-client.ts";
import { asciiGlyphs, drawJourneys } from "../../src/cli/trace-drawing.ts";
import { startGuarded } from "../support/guarded-server.ts";

const zone = `
  _dmarc.bank.example TXT "v=DMARC1; p=reject"
  news.example TXT "v=spf1 ip4:203.0.113.66 -all"
  mx.news.example A 203.0.113.66
  203.0.113.66 PTR mx.news.example
`;
const stranger = { ip: "203.0.113.66", helo: "mx.news.example", from: "bounce-1@news.example" };
const mail = (from: string): string =>
  [`From: ${from}`, "To: Us <us@here.example>", "Message-ID: <7@news.example>", "Subject: x", "", "x", ""].join("\r\n");

test("refused after its content, or delivered by way of an alias: found by each name, each once", async () => {
  await using guarded = await startGuarded(zone, {
    storage: { driver: "memory" },
    domain: [{ name: "here.example", deliver: "relay", aliases: { sales: ["ann"] } }],
  });
  const { server } = guarded;
  const control = controlClient(server.dataDir, "waybill start");

  const to = ["ann@here.example", "sales@here.example"];
  const no = await guarded.send({ ...stranger, to }, mail('"The Bank" <Info@bank.example>'));
  assert.match(no.reply, /^550/);
  const queries = [{ address: to[0] }, { address: to[1] }, { address: "info@bank.example" }];
  for (const query of [...queries, { messageId: "7@news.example" }, { address: stranger.from }]) {
    const found = await control.trace(query);
    assert.deepEqual(found, [no.event], JSON.stringify(query));
  }

  const drawing = { glyphs: asciiGlyphs, paint: plain, width: Infinity, now: no.event.at };
  const drawn = drawJourneys([no.event], drawing).join("\n");
  const because = no.event.judged?.authentication?.dmarc.because ?? "";
  assert.ok(because !== "" && drawn.split(because).length === 2, `the reason once:\n${drawn}`);

  const yes = await guarded.send({ ...stranger, to: ["Sales@here.example"] }, mail("News <editor@news.example>"));
  assert.match(yes.reply, /^250/);
  assert.ok(yes.event.kind === "received");
  assert.deepEqual(yes.event.to, ["ann@here.example"]);
  for (const address of ["sales@here.example", "editor@news.example"]) {
    const found = (await control.trace({ address })).find(({ kind }) => kind === "received");
    assert.deepEqual(found, yes.event, address);
  }

  const same = await guarded.send({ ...stranger, to: ["Ann@here.example"] }, mail(stranger.from));
  assert.ok(same.event.kind === "received");
  assert.deepEqual([same.event.asked, same.event.author], [undefined, undefined], "nothing is said twice");
});
