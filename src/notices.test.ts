// What the server itself writes is signed in the name of its host, for DMARC asks the same of it as of all mail.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { fakeWorld } from "../test/support/fake-world.ts";
import { address, sampleDelivery, sampleHost } from "../test/support/sample.ts";
import type { QueueId } from "./mail/message.ts";
import { reply } from "./mail/reply.ts";
import { composeNotices, type NoticeParts } from "./notices.ts";
import { ownerWarning } from "./owner-warning.ts";
import type { NewMessage, WorkStore } from "./queue/store.ts";
import { recordName, recordText } from "./signing/keys.ts";
import { createSigner } from "./signing/signer.ts";

const domain = "home.example";
const { privateKey } = generateKeyPairSync("ed25519");
const key = { domain, selector: "s", algorithm: "ed25519", privateKey } as const;
const world = fakeWorld();
const signer = createSigner({
  keyring: {
    hasKeys: true,
    keysFor: () => undefined,
    keysForOurs: (name) => (name === "mx.home.example" ? { domain, subdomains: false, keys: [key] } : undefined),
  },
  world,
  onFault: (error) => assert.fail(String(error)),
});
const queue: Pick<WorkStore, "read"> = {
  read: async () =>
    (async function* () {
      yield Buffer.from("Subject: hi\r\n\r\nHello.\r\n");
    })(),
};
const parts: NoticeParts = {
  queue: queue as WorkStore,
  world,
  hostname: "mx.home.example",
  newQueueId: () => "00000000000009" as QueueId,
  expand: (recipients) => recipients,
  giveUpAfterMs: 1,
  returnedBytes: 0,
};

const refused = { kind: "refused", host: sampleHost, stage: "rcpt", reply: reply(550, "5.1.1", "unknown") } as const;

const letters: Readonly<Record<string, (parts: NoticeParts) => Promise<NewMessage>>> = {
  async "a bounce"(parts) {
    const delivery = sampleDelivery({ recipient: { address: address("ann@example.com") } });
    const outcome = { kind: "bounced", because: refused, steps: [] } as const;
    const settlement = { delivery, next: { kind: "bounced" } } as never;
    const decisions = [{ delivery, outcome, settlement, tell: "failed" } as const];
    const { messages } = await composeNotices(parts, delivery.message, { decisions, withOriginal: true });
    return messages[0]!;
  },
  "a warning": (parts) =>
    ownerWarning(parts, { to: address("ann@home.example"), subject: "Odd", words: "Look at this. Do that." }),
};

test("notices are written in the language of the config, where the message tells none", async () => {
  const subject = async (parts: NoticeParts) =>
    /^Subject: .*$/m.exec(bytesOf(await letters["a bounce"]!(parts)).toString())?.[0].trim();
  assert.equal(await subject(parts), "Subject: Not delivered: hi");
  assert.equal(await subject({ ...parts, language: "de" }), "Subject: Nicht zugestellt: hi");
});

const bytesOf = ({ body }: NewMessage): Buffer => Buffer.from(body as Uint8Array);

for (const [what, write] of Object.entries(letters))
  test(`${what} is signed, and its size is that of what is sent`, async () => {
    const letter = await write({ ...parts, signer });
    const resolver = async (name: string): Promise<string[][]> =>
      name === recordName(key.selector, domain) ? [[recordText(key)]] : [];
    const { results } = await dkimVerify(bytesOf(letter), { resolver, curTime: new Date(world.now()) });
    assert.deepEqual(
      results.map(({ signingDomain, status }) => [signingDomain, status.result]),
      [[domain, "pass"]],
    );
    assert.match(bytesOf(letter).toString(), /^From: .*<MAILER-DAEMON@mx\.home\.example>\r$/m);
    const { sizeBytes } = letter.message;
    const received = letter.events.find((event) => event.kind === "received");
    assert.deepEqual([sizeBytes, received?.sizeBytes], [bytesOf(letter).length, sizeBytes]);
    assert.doesNotMatch(bytesOf(await write(parts)).toString(), /^DKIM-Signature/m, "without a signer");
  });
