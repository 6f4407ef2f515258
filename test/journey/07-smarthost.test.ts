// All mail through a provider: encrypted, with our account there. RFC 4954, RFC 3207.
import assert from "node:assert/strict";
import { test } from "node:test";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { type Lab, startLab } from "../support/lab-server.ts";
import { type SinkOptions, startSink } from "../support/sink.ts";

const credentials = { username: "you@home.lab", password: "open sesame" };
const auth = `AUTH PLAIN ${Buffer.from("\0you@home.lab\0open sesame").toString("base64")}`;

const offers = ["PIPELINING", "8BITMIME", "AUTH PLAIN LOGIN"];
const toSmarthost = (port: number) => ({
  route: [{ host: "127.0.0.1", port, tls: "require" as const, ...credentials }],
});

async function smarthost(answer: SinkOptions["answer"], options: SinkOptions = {}) {
  const lines: string[] = [];
  const hear = (line: string): string | undefined => {
    lines.push(line);
    return answer?.(line);
  };
  const pem = await selfSigned("smarthost.lab", Date.now());
  return { lines, sink: await startSink({ pem, offers, answer: hear, ...options }) };
}

const verbs = (lines: readonly string[]): string[] => lines.map((line) => line.split(/[ :]/)[0]!);

test("mail goes to the smarthost, secured and logged in; its domain need not exist in DNS", async () => {
  const { sink, lines } = await smarthost((line) => (line === auth ? "235 2.7.0 welcome" : undefined));
  await using _ = sink;
  await using lab = await startLab({ settings: () => toSmarthost(sink.port) });
  await lab.send({ to: ["anna@far.example"] });
  await lab.event("delivered", "anna@far.example");
  const [taken] = await sink.taken.count(1);
  assert.deepEqual([taken?.secure, taken?.rcpts], [true, ["RCPT TO:<anna@far.example>"]]);
  assert.deepEqual(verbs(lines), ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"]);
});

test("a password that is refused is a reason to wait: our settings are wrong, not the mail", async () => {
  let isMended = false;
  const { sink } = await smarthost((line) => {
    if (!line.startsWith("AUTH")) return undefined;
    return isMended ? "235 2.7.0 welcome" : "535 5.7.8 bad username or password";
  });
  await using _ = sink;
  await using lab = await startLab({ settings: () => toSmarthost(sink.port) });
  await lab.send({ to: ["anna@far.example"] });
  const { because } = await lab.event("deferred", "anna@far.example");
  assert.ok(because.kind === "refused" && because.stage === "auth");
  isMended = true;
  await lab.nextAttempt();
  await lab.event("delivered", "anna@far.example");
});

test("where the smarthost offers no TLS, neither password nor message goes out in clear text", async () => {
  for (const tls of ["require", "opportunistic"] as const) {
    const lines: string[] = [];
    await using sink = await startSink({ offers, answer: (line) => void lines.push(line) });
    const [route] = toSmarthost(sink.port).route;
    await using lab = await startLab({ settings: () => ({ route: [{ ...route!, tls }] }) });
    await lab.send({ to: ["anna@far.example"] });
    await refusedForTls(lab);
    assert.deepEqual(
      verbs(lines).filter((verb) => verb !== "QUIT"),
      ["EHLO"],
      tls,
    );
  }
});

async function refusedForTls(lab: Lab): Promise<void> {
  const { because } = await lab.event("deferred", "anna@far.example");
  assert.ok(because.kind === "tls" && because.problem === "not-offered");
}

test("a route for one domain leaves the others to their MX", async () => {
  const { sink } = await smarthost((line) => (line === auth ? "235 2.7.0 welcome" : undefined));
  await using _ = sink;
  const settings = () => ({ route: [{ ...toSmarthost(sink.port).route[0]!, to: "*.example" }] });
  await using lab = await startLab({ names: ["accepts"], settings });
  await lab.send({ to: ["anna@far.example", "anna@accepts.lab"] });
  await lab.mail("anna@accepts.lab");
  const [taken] = await sink.taken.count(1);
  assert.deepEqual(taken?.rcpts, ["RCPT TO:<anna@far.example>"]);
  await lab.assertEmpty();
});
