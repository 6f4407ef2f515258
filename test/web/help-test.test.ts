// The test of the help page, with real mail apps' mistakes over real sockets: each is told, and told to nobody else.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fakeWorld } from "../support/fake-world.ts";
import { portOf, startHelpServer, startTest, startThreads } from "../support/help-visitor.ts";
import { absent, runProgram } from "../support/programs.ts";
import { connectClient, type SmtpClient, smtpClient, transact } from "../support/smtp-client.ts";

const plain = (name: string, password: string): string =>
  `AUTH PLAIN ${Buffer.from(`\0${name}\0${password}`).toString("base64")}`;

type Ports = readonly number[];

/** In TLS, after EHLO. */
async function openSecure(ports: Ports): Promise<SmtpClient> {
  const client = smtpClient(connectTls({ port: ports[portOf.tls]!, host: "127.0.0.1", rejectUnauthorized: false }));
  assert.match(await client.reply(), /^220 /);
  await client.say("EHLO app.lab");
  return client;
}

const letter = (from: string) => ({
  from,
  to: ["bob@elsewhere.test"],
  content: `From: ${from}\r\nSubject: hello\r\n\r\nhello\r\n`,
});

/** Of a refused login, or of anything that comes late. */
const longestDelayMs = 10_000;

/** Looks again until the page says all of it. */
async function until(look: () => Promise<string>, says: readonly RegExp[]): Promise<string> {
  for (let tries = 0; tries < 500; tries += 1) {
    const page = await look();
    if (says.every((words) => words.test(page))) return page;
  }
  assert.fail(`not so: ${says.join(", ")} in ${await look()}`);
}

interface Case {
  readonly app: string;
  readonly does: (ports: Ports) => Promise<void>;
  readonly says: readonly RegExp[];
  readonly never?: RegExp;
}

const cases: readonly Case[] = [
  {
    app: "no encryption on the port for TLS",
    async does(ports) {
      const socket = connect(ports[portOf.tls]!, "127.0.0.1").on("error", () => {});
      socket.write("EHLO app.lab\r\n");
      await once(socket, "close");
    },
    says: [/Problem: The app spoke without encryption .* use port 587 with STARTTLS/],
  },
  {
    app: "TLS at once on the port for STARTTLS",
    async does(ports) {
      const wire = connectTls({ port: ports[portOf.starttls]!, host: "127.0.0.1", rejectUnauthorized: false });
      await once(wire, "error");
    },
    says: [/which is for STARTTLS/, /Problem: The app began encryption at once.* use port 465 with SSL\/TLS/],
  },
  {
    app: "breaks off at a certificate that it does not trust",
    async does(ports) {
      const wire = connectTls({ port: ports[portOf.tls]!, host: "127.0.0.1", servername: "mail.home.lab" });
      await once(wire, "error");
    },
    says: [/Problem: The app broke off while encryption was being agreed/],
  },
  {
    app: "only knows TLS 1.1",
    async does(ports) {
      const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      const wire = connectTls({ port: ports[portOf.tls]!, host: "127.0.0.1", rejectUnauthorized: false, ...old });
      await once(wire, "error");
    },
    says: [/Problem: The app knows only outdated encryption/],
  },
  {
    app: "waits for a greeting on the port for TLS, and leaves",
    async does(ports) {
      const socket = connect(ports[portOf.tls]!, "127.0.0.1");
      await once(socket, "connect");
      socket.end();
      await once(socket.resume(), "close");
    },
    says: [/Problem: The app sent nothing, and waited for an unencrypted greeting/],
  },
  {
    app: "logs in before STARTTLS",
    async does(ports) {
      await using client = await connectClient(ports[portOf.starttls]!);
      await client.say("EHLO app.lab");
      assert.match(await client.say(plain("ann@home.lab", "pencil")), /^538 /);
    },
    says: [/Problem: The app tried to log in without encryption/],
  },
  {
    app: "logs in on port 25",
    async does(ports) {
      await using client = await connectClient(ports[portOf.relay]!);
      await client.say("EHLO app.lab");
      assert.match(await client.say(plain("ann@home.lab", "pencil")), /^502 /);
    },
    says: [/Problem: The app tried to log in on a port for mail between servers/],
  },
  {
    app: "does not log in",
    async does(ports) {
      await using client = await openSecure(ports);
      assert.match(await client.say("MAIL FROM:<ann@home.lab>"), /^530 /);
    },
    says: [/In order: Encryption was agreed \(TLS 1\.3\)/, /Problem: The app tried to send without logging in/],
  },
  {
    app: "uses an unknown mechanism",
    async does(ports) {
      await using client = await openSecure(ports);
      assert.match(await client.say("AUTH CRAM-MD5"), /^504 /);
    },
    says: [/Problem: The app uses a kind of login that is not known here/],
  },
  {
    app: "has the wrong password",
    does: async (ports) => attempt(ports, "ann@home.lab", "crayon"),
    says: [/Problem: The login was refused \(method PLAIN\): user name or password are wrong/],
    never: /before the @ as user name/,
  },
  {
    app: "has the user name without the domain",
    does: async (ports) => attempt(ports, "ann", "crayon"),
    says: [/The login was refused/, /The app uses only the part before the @ as user name/],
  },
  {
    app: "has the name of somebody else, and fails",
    does: async (ports) => attempt(ports, "ben@home.lab", "crayon"),
    says: [/Note: A login came with another user name/],
    never: /ben|login was refused|wrong/,
  },
  {
    app: "may not send as somebody else",
    async does(ports) {
      await using client = await openSecure(ports);
      assert.match(await client.say(plain("ann@home.lab", "pencil")), /^235 /);
      assert.match(await client.say("MAIL FROM:<ben@home.lab>"), /^550 /);
    },
    says: [/In order: The login worked/, /Problem: The sender address does not belong to this login/],
  },
  {
    app: "does everything right",
    async does(ports) {
      await using client = await openSecure(ports);
      assert.match(await client.say(plain("ann@home.lab", "pencil")), /^235 /);
      assert.match(await transact(client, letter("ann@home.lab")), /^250 /);
    },
    says: [/Result ✓ In order: It works/, /In order: The message was taken/],
    never: /Problem:/,
  },
];

/** The refusal comes late, once the page has told of it. */
async function attempt(ports: Ports, name: string, password: string): Promise<void> {
  await using client = await openSecure(ports);
  assert.match(await client.say(plain(name, password)), /^535 /);
}

for (const { app, does, says, never } of cases)
  test(`the app ${app}`, async () => {
    const world = fakeWorld();
    await using server = await startHelpServer(world);
    const look = await startTest(server.webPort);
    assert.match(await look(), /Nothing has arrived from your network so far/);
    const done = does(server.ports);
    const page = await until(look, says);
    await world.advance(longestDelayMs);
    await done;
    if (never !== undefined) assert.doesNotMatch(page, never);
  });

test("the app says that it does not trust the certificate", { skip: absent("curl") }, async () => {
  const world = fakeWorld();
  await using server = await startHelpServer(world);
  const look = await startTest(server.webPort);
  await runProgram("curl", ["--silent", `smtps://127.0.0.1:${server.ports[portOf.tls]}`]);
  await until(look, [/Problem: The app did not accept this server’s certificate/]);
  await runProgram("curl", ["--silent", "--ssl-reqd", `smtp://127.0.0.1:${server.ports[portOf.starttls]}`]);
  await until(look, [/Connection 2.*for STARTTLS.*Problem: The app did not accept this server’s certificate/]);
});

test("a new start forgets what came before", async () => {
  const world = fakeWorld();
  await using server = await startHelpServer(world);
  const look = await startTest(server.webPort);
  await using client = await connectClient(server.ports[portOf.clear]!);
  assert.match(await client.say("NOOP"), /^250 /);
  await until(look, [/Connection 1/]);
  await world.advance(1_000);
  const lookAgain = await startTest(server.webPort);
  assert.match(await lookAgain(), /Nothing has arrived from your network so far/);
  assert.match(await look(), /Connection 1/);
});

test(
  "all threads tell what they see",
  { skip: process.platform !== "linux" && "only Linux shares a port" },
  async () => {
    await using server = await startThreads();
    const look = await startTest(server.webPort);
    const ports = Array.from({ length: 12 }, () => server.port);
    await Promise.all(ports.map((port) => once(connect(port, "127.0.0.1").end("EHLO app.lab\r\n").resume(), "close")));
    await until(
      look,
      ports.map((_, i) => new RegExp(`Connection ${i + 1} (?:(?!Connection).)*spoke without encryption`)),
    );
  },
);

test("of a login, nothing is told to who does not know its name", async () => {
  const world = fakeWorld();
  await using server = await startHelpServer(world);
  const asStranger = await startTest(server.webPort, "ben@home.lab");
  const asNobody = await startTest(server.webPort, "home.lab");
  await using client = await openSecure(server.ports);
  assert.match(await client.say(plain("ann@home.lab", "pencil")), /^235 /);
  assert.match(await transact(client, letter("ann@home.lab")), /^250 /);
  const [stranger, nobody] = [await asStranger(), await asNobody()];
  assert.match(stranger, /Encryption was agreed.*A login came with another user name/);
  assert.match(nobody, /Encryption was agreed.*A login came\. To see what became of it/);
  for (const page of [stranger, nobody]) assert.doesNotMatch(page, /ann|login worked|message was taken|It works/);
});

test("an app that waits in silence is told of before it gives up", async () => {
  const world = fakeWorld();
  await using server = await startHelpServer(world);
  const look = await startTest(server.webPort);
  const socket = connect(server.ports[portOf.tls]!, "127.0.0.1");
  await until(look, [/on port \d+, which is for SSL\/TLS/]);
  await world.advance(6_000);
  assert.match(await look(), /The app has sent nothing yet: it seems to wait for an unencrypted greeting/);
  socket.destroy();
});

test("two minutes after the start the test is over, and says what may be wrong", async () => {
  const world = fakeWorld();
  await using server = await startHelpServer(world);
  const look = await startTest(server.webPort);
  await world.advance(2 * 60_000);
  assert.match(
    await look(),
    /The test is over.*Nothing arrived from your network.*The network blocks mail.*Start again/,
  );
});
