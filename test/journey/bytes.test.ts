// Odd messages that other people collected arrive octet for octet. RFC 5321 §2.3.1, §6.4, RFC 3030, RFC 6152.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCarried } from "../support/carried.ts";
import { RawClient } from "../support/raw-client.ts";
import { routeTo, runServer } from "../support/running-server.ts";
import { startSink } from "../support/sink.ts";
import { suite } from "../support/suites.ts";

const { skip, files, read } = suite("mime");

/** As every mail program does before it sends. */
const withCrlf = (content: Buffer): Buffer =>
  Buffer.from(`${content.toString("latin1").replaceAll(/\r\n|\r|\n/g, "\r\n")}\r\n`, "latin1");

const isEightBit = (content: Buffer): boolean => content.some((octet) => octet > 127);

test("sent by DATA, with the line ends that SMTP asks for", { skip }, async () => {
  await using sink = await startSink({ offers: ["PIPELINING", "8BITMIME"] });
  await using server = await runServer({ route: [routeTo(sink.port)] });
  await using client = await RawClient.open(server.port);
  for (const file of files(".eml")) {
    const content = withCrlf(read(file));
    const from = `${file.replaceAll(/\W/g, "-")}@client.test`;
    const parameters = isEightBit(content) ? "BODY=8BITMIME" : "";
    assert.match(await client.data({ from, parameters, to: ["ann@sink.test"] }, content), /^250 /);
    const taken = await sink.taken.first(({ mail }) => mail.includes(from));
    assert.equal(taken.by, "DATA");
    assert.equal(taken.mail.includes("BODY=8BITMIME"), isEightBit(content), file);
    assertCarried(taken.content, content, file);
  }
  assert.equal(sink.taken.all.length, files(".eml").length);
});

test("sent as they lie on the disk, bare LF and all, by BDAT and BODY=BINARYMIME", { skip }, async () => {
  await using sink = await startSink();
  await using server = await runServer({ route: [routeTo(sink.port)] });
  await using client = await RawClient.open(server.port);
  for (const file of files(".eml")) {
    const content = read(file);
    const from = `${file.replaceAll(/\W/g, "-")}@client.test`;
    const half = content.length >> 1;
    const chunks = [content.subarray(0, half), content.subarray(half)];
    assert.match(await client.bdat({ from, parameters: "BODY=BINARYMIME", to: ["ann@sink.test"] }, chunks), /^250 /);
    const taken = await sink.taken.first(({ mail }) => mail.includes(from));
    assert.equal(taken.by, "BDAT");
    assertCarried(taken.content, content, file);
  }
});
