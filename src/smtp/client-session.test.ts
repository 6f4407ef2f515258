import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryWire } from "../../test/support/memory-wire.ts";
import { offering } from "../../test/support/scripted-peer.ts";
import type { Script } from "../../test/support/scripted-peer.ts";
import type { Failure } from "../mail/failure.ts";
import type { Step } from "../mail/outcome.ts";
import { clientTimeLimits } from "./client-limits.ts";
import type { ClientSession, Opening } from "./client-session.ts";
import { openSession } from "./client-session.ts";
import { SessionFailure } from "./client-wire.ts";

interface Opened {
  readonly wire: MemoryWire;
  readonly session?: ClientSession;
  readonly failure?: Failure;
  readonly steps: readonly Step[];
}

async function open(
  script?: Script,
  how: Partial<Opening> = {},
  prepare?: (wire: MemoryWire) => void,
): Promise<Opened> {
  const protocol = how.protocol ?? "smtp";
  const wire = new MemoryWire(script, protocol);
  prepare?.(wire);
  const steps: Step[] = [];
  const tell = (step: Step): void => void steps.push(step);
  const opening = {
    hostname: "us.test",
    protocol,
    tls: "opportunistic",
    timeLimitsMs: clientTimeLimits,
    tell,
  } as const;
  try {
    return { wire, steps, session: await openSession(wire, { ...opening, ...how }) };
  } catch (error) {
    assert.ok(error instanceof SessionFailure, String(error));
    return { wire, steps, failure: error.failure };
  }
}

const credentials = { username: "ann", password: "secret" };
const tlsAndAuth = (auth: string): Script => offering(["STARTTLS", `AUTH ${auth}`], { STARTTLS: "220 go" });

test("greeting, EHLO, and what it offers", async () => {
  const { wire, session } = await open(offering(["PIPELINING", "SIZE 99"]));
  assert.deepEqual(wire.peer.lines, ["EHLO us.test"]);
  assert.equal(session?.offered.pipelining, true);
  assert.equal(session?.offered.maxMessageBytes, 99);
  assert.equal(session?.isQuiet, true);
});

test("HELO only when EHLO is unknown (RFC 5321 §3.2)", async () => {
  for (const code of [500, 502]) {
    const { wire, session } = await open((turn) => (turn === "EHLO" ? `${code} what?` : undefined));
    assert.deepEqual(wire.peer.lines, ["EHLO us.test", "HELO us.test"]);
    assert.equal(session?.offered.pipelining, false);
  }
  for (const code of [421, 450, 504, 550, 554]) {
    const { wire, failure } = await open((turn) => (turn === "EHLO" ? `${code} no` : undefined));
    assert.deepEqual(wire.peer.lines, ["EHLO us.test"]);
    assert.ok(failure?.kind === "refused" && failure.stage === "hello" && failure.reply.code === code);
  }
});

test("LMTP says LHLO, and knows no HELO", async () => {
  const { wire, session } = await open(undefined, { protocol: "lmtp" });
  assert.deepEqual(wire.peer.lines, ["LHLO us.test"]);
  assert.equal(session?.offered.pipelining, true);
  const { failure } = await open((turn) => (turn === "LHLO" ? "500 what?" : undefined), { protocol: "lmtp" });
  assert.equal(failure?.kind, "refused");
});

test("an unwelcoming, silent, lost or foreign greeting", async () => {
  const greet = async (act: ReturnType<Script>) =>
    (await open((turn) => (turn === "GREETING" ? act : undefined))).failure;
  const refused = await greet("554 no mail here");
  assert.ok(refused?.kind === "refused" && refused.stage === "greeting" && refused.host.name === "mx.test");
  const silent = await greet({ kind: "silence" });
  assert.ok(silent?.kind === "silent" && silent.timeoutMs === clientTimeLimits.greeting);
  assert.equal((await greet({ kind: "reset" }))?.kind, "lost");
  assert.equal((await greet("HTTP/1.1 400 Bad"))?.kind, "not-smtp");
  assert.equal((await greet("354 odd"))?.kind, "not-smtp", "a class that has no place here");
});

test("STARTTLS, then EHLO anew: what was offered before is forgotten", async () => {
  const ehlo = ["250-x\r\n250-STARTTLS\r\n250 SIZE 1", "250-x\r\n250 DSN"];
  const script: Script = (turn, _, count) =>
    turn === "STARTTLS" ? "220 go" : turn === "EHLO" ? ehlo[count - 1] : undefined;
  const { wire, session, steps } = await open(script);
  assert.deepEqual(wire.peer.lines, ["EHLO us.test", "STARTTLS", "EHLO us.test"]);
  assert.equal(session?.offered.size, false);
  assert.equal(session?.offered.dsn, true);
  assert.match(steps[0]?.text ?? "", /TLSv1\.3/);
});

test("STARTTLS never, not offered, or refused", async () => {
  const refusing = offering(["STARTTLS"], { STARTTLS: "454 4.7.0 not now" });
  assert.deepEqual((await open(refusing, { tls: "never" })).wire.peer.lines, ["EHLO us.test"]);
  assert.ok((await open(offering([]))).session, "opportunistic goes on in clear text");
  const clear = await open(refusing);
  assert.ok(clear.session);
  assert.match(clear.steps[0]?.text ?? "", /clear text/);
  assert.equal(clear.steps[0]?.failure?.kind, "refused");
  for (const tls of ["require", "verify"] as const) {
    for (const script of [refusing, offering([])]) {
      const { failure } = await open(script, { tls });
      assert.ok(failure?.kind === "tls" && failure.problem === "not-offered");
    }
  }
});

test("a failed handshake is the caller's to answer, in every mode", async () => {
  for (const tls of ["opportunistic", "require", "verify"] as const) {
    const { failure } = await open(tlsAndAuth("PLAIN"), { tls }, (wire) => (wire.handshakeFails = true));
    assert.ok(failure?.kind === "tls" && failure.problem === "handshake");
  }
});

test("AUTH PLAIN under TLS", async () => {
  const { wire, session } = await open(tlsAndAuth("LOGIN PLAIN"), { credentials });
  assert.ok(session);
  const initial = Buffer.from("\0ann\0secret").toString("base64");
  assert.equal(wire.peer.lines.at(-1), `AUTH PLAIN ${initial}`);
});

test("AUTH LOGIN for servers that know no PLAIN", async () => {
  const base = tlsAndAuth("LOGIN");
  const script: Script = (turn, line, count) => {
    if (turn === "AUTH" || (turn === "AUTH-LINE" && count === 1)) return "334 VXNlcm5hbWU6";
    return turn === "AUTH-LINE" ? "235 ok" : base(turn, line, count);
  };
  const { wire, session } = await open(script, { credentials });
  assert.ok(session);
  assert.deepEqual(wire.peer.lines.slice(-3), ["AUTH LOGIN", "YW5u", "c2VjcmV0"]);
});

test("a password is not sent in clear text, unless TLS was turned off for this hop", async () => {
  const clear = offering(["AUTH PLAIN"]);
  const { wire, failure } = await open(clear, { credentials });
  assert.ok(failure?.kind === "tls" && failure.problem === "not-offered");
  assert.ok(!wire.peer.lines.some((line) => line.startsWith("AUTH")));
  assert.ok((await open(clear, { credentials, tls: "never" })).session);
});

test("AUTH refused, and not to be had", async () => {
  const refusing: Script = (turn, line, count) =>
    turn === "AUTH" ? "535 5.7.8 wrong password" : tlsAndAuth("PLAIN")(turn, line, count);
  const { failure } = await open(refusing, { credentials });
  assert.ok(failure?.kind === "refused" && failure.stage === "auth");
  const lacking = (await open(tlsAndAuth("GSSAPI"), { credentials })).failure;
  assert.ok(lacking?.kind === "unsupported" && lacking.extension === "AUTH" && /GSSAPI/.test(lacking.text));
});

test("quit says QUIT and closes, whatever the answer", async () => {
  for (const act of ["221 bye", "500 no", { kind: "silence" }, { kind: "reset" }] as const) {
    const { wire, session } = await open((turn) => (turn === "QUIT" ? act : undefined));
    await session?.quit();
    assert.equal(wire.peer.lines.at(-1), "QUIT");
    assert.equal(wire.isOpen, false);
  }
});
