import assert from "node:assert/strict";
import { test } from "node:test";
import { IncomingContent, type IncomingParts } from "./incoming-content.ts";
import type { Authenticator } from "./judge/identity/authenticator.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import type { Authentication, SenderVerdicts } from "./mail/verdict.ts";
import { openMemory } from "./storage/memory/store.ts";
import { MemoryBody } from "./storage/memory/body.ts";

const app: Client = { address: "192.0.2.8", port: 1, protocol: "ESMTP", account: "ann@home.lab" };
const client: Client = { address: "192.0.2.7", port: 1, protocol: "ESMTP" };
const envelope: Envelope = { reversePath: "", bodyType: "7bit", smtpUtf8: false, recipients: [] };
const sender = Promise.resolve({} as SenderVerdicts);
const verdict = {} as Authentication;

/** Keeps what it was given. */
class Recorder implements Authenticator {
  header = "";
  body = "";
  discarded = false;

  async sender(): Promise<SenderVerdicts> {
    return sender;
  }

  content(_about: unknown, header: Uint8Array): ReturnType<Authenticator["content"]> {
    this.header = Buffer.from(header).toString();
    return {
      write: (bytes) => void (this.body += Buffer.from(bytes).toString()),
      finish: async () => verdict,
      discard: () => void (this.discarded = true),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

interface Case {
  readonly from?: Client;
  readonly trusted?: boolean;
  readonly parts?: Partial<IncomingParts>;
}

function arrive({ from = client, trusted = false, parts = {} }: Case = {}) {
  const checks = new Recorder();
  const store = openMemory();
  const common = { queue: store, hostname: "mx.example.org", authenticator: checks, maxHeaderBytes: 1_000 };
  const mend: IncomingParts["mend"] = (header) => header;
  const incoming = new IncomingContent(
    { ...common, mend, ...parts },
    { client: from, envelope, trusted, sender, at: 0, mayReport: false },
  );
  const finish = async (top = ""): Promise<string> => {
    incoming.end();
    const taken = await incoming.finish(top);
    assert.ok(taken.kind === "body" && taken.body instanceof MemoryBody);
    return Buffer.from(taken.body.bytes).toString();
  };
  return { incoming, checks, finish };
}

const message = "From: ann@example.org\r\nSubject: a\r\n b\r\n\r\nHello\r\n\r\nworld\r\n";

test("split anywhere, the header goes to the checks as a whole, the body as it comes, and all of it to the store", async () => {
  const splits = (size: number): string[] => message.match(new RegExp(`[^]{1,${size}}`, "g"))!;
  for (const size of [1, 2, 3, 4, 5, 7, 16, 1_000]) {
    const { incoming, checks, finish } = arrive();
    for (const part of splits(size)) void incoming.write(Buffer.from(part));
    assert.equal(await finish("Top: 1\r\n"), `Top: 1\r\n${message}`);
    assert.equal(checks.header, message.slice(0, message.indexOf("Hello")), `parts of ${size}`);
    assert.equal(checks.body, "Hello\r\n\r\nworld\r\n");
    assert.equal(incoming.sizeBytes, message.length);
    assert.deepEqual(
      incoming.header.map(({ name, value }) => `${name}=${value}`),
      ["From=ann@example.org", "Subject=a b"],
    );
    assert.equal(await incoming.authentication(), verdict);
  }
});

const oddities: readonly { what: string; content: string; header: string }[] = [
  { what: "no empty line", content: "Subject: a\r\n", header: "Subject: a\r\n" },
  { what: "no header", content: "\r\nHello\r\n", header: "\r\n" },
  { what: "nothing", content: "", header: "" },
];
for (const { what, content, header } of oddities)
  test(`${what}: all is kept, and the checks are asked`, async () => {
    const { incoming, checks, finish } = arrive();
    for (const octet of Buffer.from(content)) void incoming.write(Buffer.of(octet));
    assert.equal(await finish(), content);
    assert.equal(checks.header, header);
    assert.equal(checks.body, content.slice(header.length));
  });

test("results that claim to be ours are taken out of a stranger's header, and the checks see it as it came", async () => {
  const claims = [
    "Authentication-Results: mx.example.org; dmarc=pass",
    "Received-SPF: pass client-ip=192.0.2.7; receiver=mx.example.org; identity=mailfrom",
    "X-Waybill-Suspicious: dmarc; no",
  ];
  const forged = `${claims.join("\r\n")}\r\n${message}`;
  const { incoming, checks, finish } = arrive();
  void incoming.write(Buffer.from(forged));
  assert.equal(await finish(), message);
  assert.match(checks.header, /^Authentication-Results/);
});

test("an account claims nothing in our name either, and hides nothing behind a long header section", async () => {
  const forged = arrive({ from: app, trusted: true });
  void forged.incoming.write(Buffer.from(`Authentication-Results: mx.example.org; dmarc=pass\r\n${message}`));
  assert.equal(await forged.finish(), message);
  const long = arrive({ from: app, trusted: true });
  void long.incoming.write(Buffer.from(`X: ${"a".repeat(2_000)}\r\n${message}`));
  await long.finish();
  assert.ok(long.incoming.isOversized);
});

test("a trusted client's message is not checked, and mended where that is asked for", async () => {
  const mend: IncomingParts["mend"] = (header) => Buffer.concat([Buffer.from("Date: now\r\n"), header]);
  const { incoming, checks, finish } = arrive({ trusted: true, parts: { mend } });
  void incoming.write(Buffer.from(message));
  assert.equal(await finish(), `Date: now\r\n${message}`);
  assert.equal(checks.header, "");
  assert.equal(await incoming.authentication(), undefined);
});

test("a header section that is too long is a stranger's fault; of a trusted client it is kept as it is", async () => {
  const long = `Subject: ${"a".repeat(2_000)}\r\n\r\nHello\r\n`;
  for (const trusted of [false, true]) {
    const { incoming, checks, finish } = arrive({ trusted });
    for (const part of long.match(/[^]{1,100}/g)!) void incoming.write(Buffer.from(part));
    assert.equal(await finish(), long);
    assert.equal(incoming.isOversized, !trusted);
    assert.equal(checks.header, "");
  }
});

test("what is signed is the body behind the mended header; the signature is told at the end", async () => {
  let signed = "";
  const signer: IncomingParts["signer"] = {
    begin: (header) => ({
      write: (body) => void (signed += Buffer.from(body).toString()),
      finish: () => `DKIM-Signature: ${header.length}\r\n`,
    }),
  };
  const { incoming, finish } = arrive({ trusted: true, parts: { signer } });
  void incoming.write(Buffer.from(message));
  incoming.end();
  assert.equal(await incoming.signatures(), `DKIM-Signature: ${message.indexOf("Hello")}\r\n`);
  assert.equal(signed, "Hello\r\n\r\nworld\r\n");
  assert.equal(await finish("x"), `x${message}`);
});

test("what mending moves from the header into the body is signed there", async () => {
  let signed = "";
  const signer: IncomingParts["signer"] = {
    begin: () => ({ write: (body) => void (signed += Buffer.from(body).toString()), finish: () => "" }),
  };
  const mend: IncomingParts["mend"] = (header) => Buffer.concat([Buffer.from("Date: now\r\n\r\n"), header]);
  const { incoming, finish } = arrive({ from: app, trusted: true, parts: { signer, mend } });
  void incoming.write(Buffer.from("no field\r\n\r\nHello\r\n"));
  assert.equal(await finish(), "Date: now\r\n\r\nno field\r\n\r\nHello\r\n");
  assert.equal(signed, "no field\r\n\r\nHello\r\n");
});

test("who discards it ends the checks, too", async () => {
  const { incoming, checks } = arrive();
  void incoming.write(Buffer.from(message));
  await incoming.discard();
  assert.ok(checks.discarded);
});
