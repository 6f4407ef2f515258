// A thread that something blocks is replaced, and whom that concerns. This file is the thread's module, too: one that blocks
// when it is told to, as the real one's limits leave nothing that would.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { openingId } from "../../base/calls/protocol.ts";
import { answer, servePort } from "../../base/calls/serve.ts";
import { realWorld } from "../../base/world.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { type Authenticator, createAuthenticator } from "./authenticator.ts";
import type { ContentVerdicts } from "./content.ts";
import { authenticationResults } from "./results-field.ts";
import { unknownContent, unknownSignatures } from "./unknown.ts";
import type { IdentityThreadData, IdentityWork } from "./work.ts";

const found: ContentVerdicts = {
  dkim: [],
  arc: { result: "none", because: "found" },
  dmarc: { result: "none", because: "found", author: "one" },
};

/** The header alone says that it is a forgery. */
const alone: ContentVerdicts = {
  ...found,
  dmarc: { result: "fail", because: "not signed", author: "one", domain: "example.org", policy: "reject" },
};

function serveTest(): void {
  const { running } = workerData as IdentityThreadData;
  const port = parentPort!;
  const ends = new Map<number, { end: () => void; drop: (error: Error) => void }>();
  const operations: IdentityWork = {
    sender: async () => ({ iprev: { result: "pass", because: "found" }, spf: [] }),
    async header(work, { header }) {
      const words = Buffer.from(header).toString();
      if (words.includes("error")) throw new Error("an error that nobody thought of");
      Atomics.store(running, 0, work);
      if (words.includes("end")) process.exit(1);
      for (; words.includes("block"););
      const until = Date.now() + (words.includes("busy") ? 3 * stuckMs : 0);
      while (Date.now() < until) Atomics.add(running, 1, 1);
      return words.includes("a@example.org") ? alone : found;
    },
    async content(work) {
      await new Promise<void>((end, drop) => ends.set(work, { end, drop }));
      return found;
    },
    body: async () => {},
    end: (work) => ends.get(work)?.end(),
    drop: (work) => ends.get(work)?.drop(new Error("the message was given up")),
    ping() {},
  };
  servePort(
    port,
    (calls) => {
      for (const call of calls) void answer(operations, call).then((answered) => port.postMessage([answered]));
      return [];
    },
    { open: async () => port.postMessage([{ id: openingId, ok: true, value: undefined }]) },
  );
}

const stuckMs = 400;

const client: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP", helloName: "mx.example" };
const mailFrom = "a@example.org" as ReversePath;

/** A header that needs the body, too. */
const signedHeader = Buffer.from("From: a@example.org\r\nDKIM-Signature: v=1\r\n\r\n");

function begin(authenticator: Authenticator, header: Buffer) {
  return authenticator.content({ client, mailFrom, sender: authenticator.sender({ client, mailFrom }) }, header);
}

async function withAuthenticator(
  use: (authenticator: Authenticator, troubles: string[]) => Promise<void>,
  wishes: { timeoutMs?: number } = {},
): Promise<void> {
  const troubles: string[] = [];
  await using authenticator = createAuthenticator({
    hostname: "here.example",
    dns: { servers: [], timeoutMs: 1_000 },
    timeoutMs: wishes.timeoutMs ?? 30_000,
    world: realWorld(),
    onTrouble: ({ message }) => troubles.push(message),
    limits: { pingMs: 10, stuckMs },
    url: new URL(import.meta.url),
  });
  await use(authenticator, troubles);
}

if (!isMainThread) serveTest();
else {
  test("a message that blocks the thread is told from those that do not", async () =>
    withAuthenticator(async (authenticator, troubles) => {
      const waits = begin(authenticator, signedHeader);
      const withBody = begin(authenticator, signedHeader);
      await withBody.write(Buffer.alloc(100_000));
      const blocks = begin(authenticator, Buffer.from("From: block\r\n\r\n"));

      const blocked = await blocks.finish();
      assert.equal(blocked.dmarc.result, "temperror");
      assert.match(blocked.dmarc.because, /takes too much work to read/);
      assert.equal(blocked.iprev.result, "pass", "what is known of the sender stays");
      assert.deepEqual((await waits.finish()).dmarc, found.dmarc, "asked again");
      const { because, ...lost } = (await withBody.finish()).dmarc;
      assert.match(because, /had to start anew/);
      assert.deepEqual(lost, { result: "temperror", author: "one", domain: "example.org", policy: "reject" });
      assert.deepEqual(troubles, ["the identity thread was blocked by one message, and replaced"]);
      assert.equal((await authenticator.sender({ client, mailFrom })).iprev.result, "pass");
    }));

  test("a thread that ends is replaced", async () =>
    withAuthenticator(async (authenticator, troubles) => {
      const waits = begin(authenticator, signedHeader);
      const ends = begin(authenticator, Buffer.from("From: end\r\n\r\n"));
      assert.deepEqual((await waits.finish()).dmarc, found.dmarc);
      assert.equal((await ends.finish()).dmarc.result, "temperror");
      assert.deepEqual(troubles, ["the identity thread ended"]);
    }));

  test("a thread that does much, but nothing for long, stays", async () =>
    withAuthenticator(async (authenticator, troubles) => {
      const waits = begin(authenticator, signedHeader);
      const busy = begin(authenticator, Buffer.from("From: busy\r\n\r\n"));
      assert.deepEqual((await busy.finish()).dmarc, found.dmarc);
      assert.deepEqual((await waits.finish()).dmarc, found.dmarc);
      assert.deepEqual(troubles, []);
    }));

  test("a message that is given up is no trouble", async () =>
    withAuthenticator(async (authenticator, troubles) => {
      const givenUp = begin(authenticator, signedHeader);
      await givenUp.write(Buffer.alloc(100_000));
      givenUp.discard();
      const next = begin(authenticator, signedHeader); // what it is told comes behind what the other one is
      await next.finish();
      assert.deepEqual(troubles, []);
    }));

  test("an error of ours is a temporary one", async () =>
    withAuthenticator(async (authenticator, troubles) => {
      const { dmarc, spf } = await begin(authenticator, Buffer.from("From: error\r\n\r\n")).finish();
      assert.deepEqual([dmarc.result, spf], ["temperror", []]);
      assert.deepEqual(troubles, ["an error that nobody thought of"]);
    }));

  test("who stops while something is asked leaves nobody waiting", async () => {
    let check: ReturnType<typeof begin> | undefined;
    await withAuthenticator(async (authenticator) => {
      await authenticator.sender({ client, mailFrom });
      check = begin(authenticator, signedHeader);
    });
    assert.match((await check!.finish()).dmarc.because, /server is stopping/);
  });

  test("an answer that does not come in time is a temporary error; whose policy is at stake is known all the same", async () =>
    withAuthenticator(
      async (authenticator) => {
        await authenticator.sender({ client, mailFrom });
        // no end is told to the thread, as its message is given up before
        const check = begin(authenticator, signedHeader);
        check.discard();
        const { dmarc, ...others } = await check.finish();
        const because = "it took longer than 0.3 s";
        assert.deepEqual(dmarc, { ...alone.dmarc, result: "temperror", because });
        const about = { client, mailFrom };
        assert.match(
          authenticationResults("here.example", about, { ...others, dmarc }),
          /;\r\n\tdkim=temperror reason="it took longer than 0\.3 s";\r\n/,
          "not that there is no signature",
        );

        const blocks = begin(authenticator, Buffer.from("From: block\r\nDKIM-Signature: v=1\r\n\r\n"));
        blocks.discard();
        assert.deepEqual((await blocks.finish()).dmarc, { result: "temperror", because, author: "one" });
      },
      { timeoutMs: 300 },
    ));

  test("what the header alone proves stays, where the signatures are not known", () => {
    const results = ["none", "pass", "permerror", "fail", "temperror"] as const;
    const unknown = unknownContent("late", { hasDkim: true });
    const told = results.map((result) => unknownSignatures({ ...alone, dmarc: { ...alone.dmarc, result } }, unknown));
    assert.deepEqual(
      told.map(({ dmarc }) => [dmarc.result, dmarc.because, dmarc.policy]),
      [
        ["none", "not signed", "reject"],
        ["pass", "not signed", "reject"],
        ["permerror", "not signed", "reject"],
        ["temperror", "late", "reject"],
        ["temperror", "late", "reject"],
      ],
    );
    assert.ok(told.every(({ arc, dkim }) => arc.result === "temperror" && dkim[0]?.result === "temperror"));
    assert.deepEqual(unknownContent("late", { hasDkim: false }).dkim, [], "that there is none is known by a look");
  });
}
