// What the verifier spends on a message with many signatures, and what it remembers of keys.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeKey, signed } from "../../../test/support/signed.ts";
import { fakeResolver } from "../../../test/support/fake-resolver.ts";
import { evaluateParts } from "./content.ts";
import { signatureLimits } from "./limits.ts";
import { questions } from "./questions.ts";
import { type KeyRead, Verifier } from "./verifier.ts";

const written = (verifier: Verifier, text: string): Promise<void> =>
  new Promise((resolve, reject) =>
    verifier.write(Buffer.from(text), (error) => (error == null ? resolve() : reject(error))),
  );

test("however many signatures with l= there are, few hashes of the body are made", async () => {
  const line = "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=s1; h=From; bh=AAAA; b=AAAA; l=";
  const verifier = new Verifier(questions(fakeResolver(""), "192.0.2.1").ask, Date.now());
  await written(verifier, `From: a@b\r\n${Array.from({ length: 500 }, (_, i) => `${line}${i}\r\n`).join("")}\r\nbody`);
  assert.equal(verifier.found.length, 500);
  assert.equal(verifier.bodyHashes.size, signatureLimits.withBodyLength);
});

test("a key is read once, and what could not be read is read again", async () => {
  const key = makeKey("example.org");
  const memory = new Map<string, KeyRead>();
  let reads = 0;
  const keys = async (name: string, read: () => Promise<KeyRead>): Promise<KeyRead> => {
    const known = memory.get(name) ?? ((reads += 1), await read());
    if ("key" in known) memory.set(name, known);
    return known;
  };
  const letter = signed("From: a@example.org\r\n\r\nbody\r\n", key);
  const end = letter.indexOf("\r\n\r\n") + 4;
  const resultOf = async (zone: string): Promise<string | undefined> => {
    const body = async function* () {
      yield Buffer.from(letter.slice(end));
    };
    const parts = { header: Buffer.from(letter.slice(0, end)), body: body(), spf: Promise.resolve([]) };
    const about = { client: "192.0.2.1", now: Date.now(), keys };
    const { dkim } = await evaluateParts({ ...parts, ...about }, fakeResolver(zone));
    return dkim[0]?.result;
  };
  const results = [await resultOf(""), await resultOf(key.record), await resultOf(key.record), await resultOf("")];
  assert.deepEqual(results, ["permerror", "pass", "pass", "pass"]);
  assert.equal(reads, 3, "of the first message early and late, then of the second");
});
