// Arrays in PostgreSQL's binary form, byte for byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bigints, booleans, byteas, integers, texts } from "./parameters.ts";

const head = (hasNull: boolean, oid: number, length: number): string =>
  [1, hasNull ? 1 : 0, oid, length, 1].map((number) => number.toString(16).padStart(8, "0")).join("");

test("each element has its size before it, NULL has -1", () => {
  assert.equal(
    texts(["ab", null, "ü", undefined, ""]).toString("hex"),
    `${head(true, 25, 5)}000000026162ffffffff00000002c3bcffffffff00000000`,
  );
  assert.equal(byteas([Buffer.from([0, 255])]).toString("hex"), `${head(false, 17, 1)}0000000200ff`);
  assert.equal(booleans([true, false]).toString("hex"), `${head(false, 16, 2)}00000001010000000100`);
  assert.equal(integers([-1, 7]).toString("hex"), `${head(false, 23, 2)}00000004ffffffff0000000400000007`);
});

test("an empty array has one dimension of no length", () => {
  assert.equal(texts([]).toString("hex"), head(false, 25, 0));
});

test("numbers up to 2^53, and below zero", () => {
  const numbers = [0, 1, -1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_795_391_919_716, Number.MAX_SAFE_INTEGER, -(2 ** 40) - 3];
  const bytes = bigints(numbers);
  assert.deepEqual(
    numbers.map((_, i) => Number(bytes.readBigInt64BE(20 + i * 12 + 4))),
    numbers,
  );
});
