import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadingLine } from "./reading-line.ts";

/** Messages whose pieces take a time that is known, read until all are through. */
class Reading {
  now = 0;
  /** In order. */
  readonly through: { readonly name: string; readonly at: number }[] = [];
  readonly #line = new ReadingLine({ now: () => this.now, soon: (then) => void setImmediate(then) });
  readonly #all: Promise<void>[] = [];

  begin(
    name: string,
    { network = name, pieces, pieceMs }: { network?: string; pieces: number; pieceMs: number },
  ): this {
    const read = async (): Promise<void> => {
      this.#line.enter(network);
      for (let piece = 0; piece < pieces; piece += 1) {
        await this.#line.turn(network);
        this.now += pieceMs;
      }
      this.#line.leave(network);
      this.through.push({ name, at: this.now });
    };
    this.#all.push(read());
    return this;
  }

  async until(at: number): Promise<this> {
    while (this.now < at) await new Promise((resolve) => setImmediate(resolve));
    return this;
  }

  async endOf(name: string): Promise<number> {
    await Promise.all(this.#all);
    return this.through.find((one) => one.name === name)!.at;
  }
}

const slow = { pieces: 32, pieceMs: 15 };

test("sixty messages of one network that are slow to read delay another's by a piece or two", async () => {
  const reading = new Reading();
  for (let i = 0; i < 60; i += 1) reading.begin(`slow ${i}`, { ...slow, network: "192.0.2.0/24" });
  await reading.until(1_000);
  reading.begin("honest", { pieces: 7, pieceMs: 0.2 });
  const startedAt = reading.now;
  const tookMs = (await reading.endOf("honest")) - startedAt;
  assert.ok(tookMs <= 2 * slow.pieceMs + 7 * 0.2, `${tookMs} ms`);
});

test("sixty networks that do so delay it by a piece of each, however many pieces it has", async () => {
  const reading = new Reading();
  for (let i = 0; i < 60; i += 1) reading.begin(`slow ${i}`, slow);
  await reading.until(1_000);
  reading.begin("honest", { pieces: 30, pieceMs: 0.2 });
  const startedAt = reading.now;
  const tookMs = (await reading.endOf("honest")) - startedAt;
  assert.ok(tookMs <= 62 * slow.pieceMs, `${tookMs} ms`);
});

test("who has been read for long waits for those who come anew, for a piece of each at most", async () => {
  const reading = new Reading();
  reading.begin("long", { pieces: 20, pieceMs: 1 });
  await reading.until(10);
  for (let i = 0; i < 100; i += 1) reading.begin(`new ${i}`, { pieces: 5, pieceMs: 1 });
  const end = await reading.endOf("long");
  assert.ok(end > 10 + 100 && end <= 20 + 10 * 100, `${end} ms`);
  assert.equal(reading.through.length, 101);
});

test("messages of one network are read in turn", async () => {
  const reading = new Reading();
  for (const name of ["a", "b", "c"]) reading.begin(name, { network: "one", pieces: 2, pieceMs: 1 });
  await reading.endOf("a");
  assert.deepEqual(
    reading.through.map(({ name, at }) => [name, at]),
    [
      ["a", 4],
      ["b", 5],
      ["c", 6],
    ],
  );
});
