// Every stage of a delivery times every way to go wrong: what becomes of each of two recipients.
// The server does what the row says at the row's stage, and its usual elsewhere; `bob` comes first, `eve` second.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliverSettings } from "../../src/deliver/deliver.ts";
import type { TlsMode } from "../../src/mail/hop.ts";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { startScriptServer } from "../support/script-server.ts";
import type { Act, Script } from "../support/scripted-peer.ts";
import { never, newDeliverer, shortMs, smtpHop, summaries, task } from "./fixture.ts";

const faults = {
  "4xx": "451 4.3.0 not now",
  "5xx": "554 5.7.1 never",
  "421": { kind: "close", text: "421 4.3.2 going down" },
  silence: { kind: "silence" },
  reset: { kind: "reset" },
  garbage: "HTTP/1.1 400 Bad Request",
} as const satisfies Record<string, Act | string>;

type Fault = keyof typeof faults;

/** What the client asks of the session. */
interface Asking {
  readonly tls?: TlsMode;
  readonly implicitTls?: boolean;
  readonly credentials?: { readonly username: string; readonly password: string };
  readonly pipelining?: boolean;
}

interface Stage extends Asking {
  /** The turn that goes wrong; RCPT only for eve. */
  readonly turn: string;
  /** One text for both recipients, or bob's and eve's. */
  readonly outcomes: Partial<Record<Fault, string | readonly [string, string]>>;
}

const fine = "delivered 250";
const refusals = (stage: string) => ({
  "4xx": `deferred refused ${stage} 451`,
  "421": `deferred refused ${stage} 421`,
});
const breaks = (stage: string) => ({
  silence: `deferred silent ${stage}`,
  reset: `deferred lost ${stage}`,
  garbage: `deferred not-smtp ${stage}`,
});
const usual = (stage: string) => ({
  ...refusals(stage),
  "5xx": `bounced refused ${stage} 554`,
  ...breaks(stage),
});
const all = (outcome: string) =>
  Object.fromEntries(Object.keys(faults).map((fault) => [fault, outcome])) as Record<Fault, string>;

const credentials = { username: "ann", password: "secret" };
const ownRcpt = {
  ...usual("rcpt"),
  "4xx": [fine, "deferred refused rcpt 451"],
  "5xx": [fine, "bounced refused rcpt 554"],
} as const;
const noTls = { ...all("deferred tls not-offered"), ...breaks("starttls"), "421": "deferred refused starttls 421" };
const badHandshake = {
  "4xx": "deferred tls handshake",
  silence: "deferred tls handshake",
  reset: "deferred tls handshake",
};

const stages: Record<string, Stage> = {
  greeting: { turn: "GREETING", outcomes: usual("greeting") },
  EHLO: { turn: "EHLO", outcomes: usual("hello") },
  "STARTTLS, opportunistic": { turn: "STARTTLS", outcomes: all(fine) },
  "STARTTLS, required": { turn: "STARTTLS", tls: "require", outcomes: noTls },
  "handshake, opportunistic": { turn: "HANDSHAKE", outcomes: { "4xx": fine, silence: fine, reset: fine } },
  "handshake, required": { turn: "HANDSHAKE", tls: "require", outcomes: badHandshake },
  "handshake, implicit": { turn: "HANDSHAKE", implicitTls: true, outcomes: badHandshake },
  // a wrong password is the operator's mistake: no mail is lost to it
  AUTH: { turn: "AUTH", credentials, outcomes: { ...usual("auth"), "5xx": "deferred refused auth 554" } },
  MAIL: { turn: "MAIL", outcomes: usual("mail") },
  "MAIL, no pipelining": { turn: "MAIL", pipelining: false, outcomes: usual("mail") },
  RCPT: { turn: "RCPT", outcomes: ownRcpt },
  "RCPT, no pipelining": { turn: "RCPT", pipelining: false, outcomes: ownRcpt },
  DATA: { turn: "DATA", outcomes: usual("data") },
  "DATA, no pipelining": { turn: "DATA", pipelining: false, outcomes: usual("data") },
  "final dot": { turn: "CONTENT", outcomes: usual("content") },
  QUIT: { turn: "QUIT", outcomes: all(fine) },
};

const pem = await selfSigned("mx1.test", Date.now());

/** The stage's fault once STARTTLS, AUTH and so on are offered as the stage needs them. */
function scriptOf({ turn: badTurn, tls, credentials, pipelining = true }: Stage, fault: Fault): Script {
  const needsTls = tls !== undefined || credentials !== undefined || ["STARTTLS", "HANDSHAKE"].includes(badTurn);
  const offered = [pipelining && "PIPELINING", needsTls && "STARTTLS", "AUTH PLAIN", "8BITMIME"].filter(Boolean);
  const ehlo = `250-peer.test\r\n${offered.map((line, i) => `250${i < offered.length - 1 ? "-" : " "}${line}`).join("\r\n")}`;
  return (turn, line) => {
    if (turn === badTurn && (turn !== "RCPT" || line.includes("eve"))) return faults[fault];
    if (turn === "EHLO") return ehlo;
    return turn === "STARTTLS" ? { kind: "start-tls" } : undefined;
  };
}

function impatientAt({ turn }: Stage): Partial<DeliverSettings> {
  const limits = { EHLO: "hello", CONTENT: "content", HANDSHAKE: "tlsHandshake" } as Record<string, string>;
  return { timeLimitsMs: { [limits[turn] ?? turn.toLowerCase()]: shortMs } };
}

for (const [name, stage] of Object.entries(stages)) {
  for (const [fault, expected] of Object.entries(stage.outcomes) as [Fault, string | [string, string]][]) {
    test(`${name}: ${fault}`, async () => {
      await using server = await startScriptServer({
        script: scriptOf(stage, fault),
        pem,
        implicitTls: stage.implicitTls ?? false,
      });
      await using deliverer = newDeliverer(fault === "silence" ? impatientAt(stage) : {});
      const { tls = "opportunistic", implicitTls = false, credentials } = stage;
      const hop = smtpHop([server], { tls, implicitTls, ...(credentials && { credentials }) });
      const outcomes = await summaries(deliverer.deliver(task(hop), never));
      // whether the connection stood for a moment before a reset at once is a matter of luck
      const seen = outcomes.map((outcome) => outcome.replace("unreachable reset", "lost greeting"));
      assert.deepEqual(seen, typeof expected === "string" ? [expected, expected] : expected);
      if (outcomes.includes(fine)) assert.equal(server.peer.contents.length, 1, "sent once");
    });
  }
}

test("connect: refused", async () => {
  const server = await startScriptServer();
  await server[Symbol.asyncDispose]();
  await using deliverer = newDeliverer();
  const outcomes = await summaries(deliverer.deliver(task(smtpHop([server])), never));
  assert.deepEqual(outcomes, Array(2).fill("deferred unreachable refused"));
});

test("connect: no way there from our source address", async () => {
  await using deliverer = newDeliverer({ sourceAddress: "127.0.0.1" }); // from loopback nothing leaves the machine
  const hop = smtpHop([], { hosts: [{ name: "mx1.test", addresses: ["192.0.2.1"], port: 25 }] });
  const [outcome] = await deliverer.deliver(task(hop), never);
  assert.ok(outcome?.kind === "deferred" && outcome.because.kind === "unreachable");
});
