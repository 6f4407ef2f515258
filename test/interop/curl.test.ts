// curl as a mail client, as scripts and health checks use it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertCarried } from "../support/carried.ts";
import { absent, type Ended, runProgram } from "../support/programs.ts";
import { routeTo, runServer } from "../support/running-server.ts";
import { startSink, type Taken } from "../support/sink.ts";

const skip = absent("curl");

const message = "From: me@curl.test\r\nSubject: from curl\r\n\r\n..two dots\r\n.\r\nGr\u00fc\u00dfe\r\n";
const listen = [{ address: "127.0.0.1:0" }, { address: "127.0.0.1:0", tls: "implicit" as const }];

const curl = (url: string, args: readonly string[]): Promise<Ended> =>
  runProgram("curl", ["-sS", "-v", url, "--mail-from", "me@curl.test", "--upload-file", "-", ...args], {
    input: message,
  });

for (const [name, scheme, args] of [
  ["in clear text", "smtp", []],
  ["with STARTTLS", "smtp", ["--ssl-reqd", "-k"]],
  ["with TLS from the first byte", "smtps", ["-k"]],
] as const)
  test(`several recipients, ${name}`, { skip }, async () => {
    await using sink = await startSink();
    await using server = await runServer({ listen, route: [routeTo(sink.port)] });
    const port = server.ports[scheme === "smtp" ? 0 : 1];
    const to = ["ann@sink.test", "ben@sink.test"].flatMap((to) => ["--mail-rcpt", to]);
    const { code, stderr } = await curl(`${scheme}://127.0.0.1:${port}/curl.test`, [...to, ...args]);
    assert.equal(code, 0, stderr);
    const [taken] = (await sink.taken.count(1)) as [Taken];
    assert.deepEqual(taken.rcpts, ["RCPT TO:<ann@sink.test>", "RCPT TO:<ben@sink.test>"]);
    assertCarried(taken.content, Buffer.from(message));
    assert.match(taken.mail, / BODY=8BITMIME/); // curl does not say so, but it is
    assert.match(taken.content.toString(), args.length === 0 ? / with ESMTP id/ : /with ESMTPS id/);
  });

test("a recipient that does not exist is refused, and the other one gets the mail", { skip }, async () => {
  await using sink = await startSink();
  const domain = [{ name: "sink.test", deliver: "relay" as const, mailboxes: ["ann"] }];
  await using server = await runServer({ domain, route: [routeTo(sink.port)] });
  const to = ["ghost@sink.test", "ann@sink.test"].flatMap((to) => ["--mail-rcpt", to]);
  const url = `smtp://127.0.0.1:${server.port}/curl.test`;
  const strict = await curl(url, to);
  assert.equal(strict.code, 55, strict.stderr);
  assert.match(strict.stderr, /550 5\.1\.1 there is no mailbox <ghost@sink\.test> here/);
  const lenient = await curl(url, [...to, "--mail-rcpt-allowfails"]);
  assert.equal(lenient.code, 0, lenient.stderr);
  const taken = await sink.taken.count(1);
  assert.deepEqual(
    taken.map(({ rcpts }) => rcpts),
    [["RCPT TO:<ann@sink.test>"]],
  );
});
