// What an account sends: in its own name, mended, signed, and within its limits, of which its owner hears in time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { type LoginServer, startLoginServer } from "../support/login-server.ts";

const letter = "From: Ann <ann@home.lab>\r\nBcc: boss@elsewhere.test\r\nSubject: hello\r\n\r\nhello\r\n";

const appOf = ({ ports }: Pick<LoginServer, "ports">) =>
  createTransport({
    host: "127.0.0.1",
    port: ports[1]!,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: "ann@home.lab", pass: "pencil" },
  });

const send = (server: LoginServer, { raw = letter, from = "ann@home.lab", to = ["bob@elsewhere.test"] } = {}) =>
  appOf(server).sendMail({ envelope: { from, to }, raw });

test("what is missing is added, what is for the sender alone goes, and the rest stays as it is", async () => {
  await using server = await startLoginServer();
  await send(server);
  const [taken] = await server.sink.taken.count(1);
  const content = taken!.content.toString();
  assert.match(
    content,
    /^Received: [^]*\r\nDate: .*\r\nMessage-ID: <\w[\w-]*@\S+>\r\nFrom: Ann <ann@home\.lab>\r\nSubject: hello\r\n\r\nhello\r\n$/,
  );
});

test("a name that is not the account's own is refused in the envelope and in the header, with words for its owner", async () => {
  await using server = await startLoginServer();
  const foreign = { from: "boss@home.lab" };
  await assert.rejects(send(server, foreign), /550 5\.7\.1 .*logged in as ann@home\.lab.*boss@home\.lab/);
  const raw = letter.replace("ann@home.lab", "boss@home.lab");
  await assert.rejects(send(server, { raw }), /550 5\.7\.1 .*logged in as ann@home\.lab.*boss@home\.lab/);
  assert.equal(server.sink.taken.all.length, 0);
});

test("the owner is warned before the wall, and told at the wall when it goes on", async () => {
  await using server = await startLoginServer(undefined, { submission: { messages_per_day: 5 } });
  for (let i = 0; i < 5; i += 1) await send(server);
  await assert.rejects(send(server), /45\d 4\.7\.\d+ .*5 messages/);
  const taken = await server.sink.taken.count(6);
  const warning = taken.find(({ mail }) => mail.startsWith("MAIL FROM:<>"));
  assert.deepEqual(warning?.rcpts, ["RCPT TO:<ann@home.lab>"]);
  assert.match(warning.content.toString(), /has sent 4\s+messages[^]*somebody\s+else\s+knows\s+your\s+password/);
});
