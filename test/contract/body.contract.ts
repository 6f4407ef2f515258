// What every driver of the queue promises of message bodies (BodyWriter, Body, read), as one suite.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodyTopBytes, NotKept } from "../../src/queue/store.ts";
import { compose, content, done, type Driver, mail, queueId, readBody, type Store } from "./mail.ts";

export function bodyContract({ name, open }: Driver): void {
  const it = (promise: string, check: (store: Store) => Promise<void>): void => {
    test(promise, async () => {
      await using store = await open();
      await check(store);
    });
  };

  describe(`${name}: bodies`, () => {
    const kib = 1024;
    const sizes = [0, 1, kib, 64 * kib, 100 * kib, 100 * kib + 1, 128 * kib, 128 * kib + 1, 700 * kib];
    for (const sizeBytes of sizes)
      it(`gives back a body of ${sizeBytes} bytes as it was written`, async (store) => {
        const written = content(sizeBytes);
        const body = await compose(store, written);
        assert.equal(body.sizeBytes, sizeBytes);
        assert.deepEqual(Buffer.from(body.head), Buffer.from(written.subarray(0, 64 * kib)));
        await store.keep(mail(1, { body }));
        assert.ok((await readBody(store, queueId(1))).equals(written));
        assert.ok((await readBody(store, queueId(1))).equals(written), "and again");
      });

    for (const topSize of [0, 1, 1_500, 4 * kib, 32 * kib, bodyTopBytes])
      it(`puts ${topSize} bytes on top of what was written`, async (store) => {
        // so many that the whole has the size, too
        for (const sizeBytes of [...sizes, ...sizes.filter((size) => size >= topSize).map((size) => size - topSize)]) {
          const [top, rest] = [Buffer.alloc(topSize, "X: top\r\n"), content(sizeBytes)];
          const whole = Buffer.concat([top, rest]);
          const body = await compose(store, rest, top);
          assert.equal(body.sizeBytes, whole.length);
          assert.ok(whole.subarray(0, 64 * kib).equals(body.head), `head of ${sizeBytes}`);
          const { message } = mail(sizeBytes + 1, { body });
          const [kept] = await store.keep(mail(sizeBytes + 1, { body }));
          assert.ok((await readBody(store, message.queueId)).equals(whole), `${sizeBytes} bytes below`);
          await store.settle([done(kept!.deliveryId)], [], []);
        }
      });

    it("has the header section in the head, with what is on top of it", async (store) => {
      for (const sizeBytes of [0, 10, 20 * kib, 300 * kib]) {
        const [top, header] = [Buffer.from("A: 1\r\n"), Buffer.from("B: 2\r\nC: 3\r\n\r\n")];
        const { head } = await compose(store, Buffer.concat([header, content(sizeBytes)]), top);
        assert.equal(Buffer.from(head).toString("latin1").split("\r\n\r\n")[0], "A: 1\r\nB: 2\r\nC: 3");
      }
    });

    it("does not put more on top than there is room for", async (store) => {
      for (const sizeBytes of [10, 300 * kib])
        await assert.rejects(
          compose(store, content(sizeBytes), content(bodyTopBytes + 1)),
          /65537 bytes were to be put on top of a message: at most 65536 may be/,
        );
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
          assert.equal((await compose(store, bytes, content(9))).eightBit, true, `byte ${at} of ${sizeBytes} below`);
        }
        assert.equal((await compose(store, plain, content(9))).eightBit, false);
        assert.equal((await compose(store, plain, Buffer.from("A: \u00e4"))).eightBit, true, "on top");
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
        await finished.finish(content(9));
        await finished.discard();
        const finishing = store.compose();
        await finishing.write(content(sizeBytes));
        const body = finishing.finish(content(9)).catch(() => {});
        await finishing.discard();
        await body;
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
