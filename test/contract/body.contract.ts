// What every driver of the queue promises of message bodies (BodyWriter, Body, read), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NotKept } from "../../src/queue/store.ts";
import { compose, content, type Driver, mail, queueId, readBody, type Store } from "./mail.ts";

export function bodyContract({ name, open }: Driver): void {
  const it = (promise: string, check: (store: Store) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: bodies`, () => {
    const kib = 1024;
    for (const sizeBytes of [0, 1, kib, 64 * kib, 100 * kib, 100 * kib + 1, 128 * kib, 128 * kib + 1, 700 * kib])
      it(`gives back a body of ${sizeBytes} bytes as it was written`, async (store) => {
        const written = content(sizeBytes);
        const body = await compose(store, written);
        assert.equal(body.sizeBytes, sizeBytes);
        assert.deepEqual(Buffer.from(body.head), Buffer.from(written.subarray(0, 64 * kib)));
        await store.keep(mail(1, { body }));
        assert.ok((await readBody(store, queueId(1))).equals(written));
        assert.ok((await readBody(store, queueId(1))).equals(written), "and again");
      });

    it("gives back a notice larger than most", async (store) => {
      const written = content(300 * kib);
      await store.keep(mail(1, { body: written }));
      assert.ok((await readBody(store, queueId(1))).equals(written));
    });

    it("reads in chunks of bounded size", async (store) => {
      await store.keep(mail(1, { body: await compose(store, content(1024 * kib)) }));
      for await (const chunk of await store.read(queueId(1))) assert.ok(chunk.length <= 256 * kib);
    });

    it("takes bytes in order from a caller that does not wait", async (store) => {
      const written = content(900 * kib);
      const writer = store.compose();
      for (let at = 0; at < written.length; at += 7_000) void writer.write(written.subarray(at, at + 7_000));
      await store.keep(mail(1, { body: await writer.finish() }));
      assert.ok((await readBody(store, queueId(1))).equals(written));
    });

    it("notices one byte above 127, wherever it is", async (store) => {
      for (const sizeBytes of [10, 300 * kib]) {
        const plain = content(sizeBytes);
        assert.equal((await compose(store, plain)).eightBit, false);
        for (const at of [0, Math.floor(sizeBytes / 2), sizeBytes - 1]) {
          const bytes = plain.slice();
          bytes[at] = 128;
          assert.equal((await compose(store, bytes)).eightBit, true, `byte ${at} of ${sizeBytes}`);
        }
      }
    });

    it("a body is kept once", async (store) => {
      for (const sizeBytes of [10, 300 * kib]) {
        const body = await compose(store, content(sizeBytes));
        await store.keep(mail(sizeBytes, { body }));
        await assert.rejects(store.keep(mail(sizeBytes + 1, { body })));
        assert.equal((await readBody(store, queueId(sizeBytes))).length, sizeBytes);
      }
    });

    it("discard after keep is too late to harm", async (store) => {
      for (const sizeBytes of [10, 300 * kib]) {
        const writer = store.compose();
        await writer.write(content(sizeBytes));
        await store.keep(mail(sizeBytes, { body: await writer.finish() }));
        await writer.discard();
        assert.equal((await readBody(store, queueId(sizeBytes))).length, sizeBytes);
      }
    });

    it("discard never rejects, at any time, nor twice", async (store) => {
      for (const sizeBytes of [0, 10, 300 * kib]) {
        const unfinished = store.compose();
        void unfinished.write(content(sizeBytes));
        await unfinished.discard();
        await unfinished.discard();
        const finished = store.compose();
        await finished.write(content(sizeBytes));
        await finished.finish();
        await finished.discard();
      }
    });

    it("does not keep the body of another store", async (store) => {
      await using other = await open();
      const body = await compose(other, content(10));
      await assert.rejects(store.keep(mail(1, { body: { ...body } })));
    });

    it("rejects reading what is not kept", async (store) => {
      await assert.rejects(store.read(queueId(1)), NotKept);
    });
  });
}
