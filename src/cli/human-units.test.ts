import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import { counted, dueText, pathText, sinceText, sizeText, timeText } from "./human-units.ts";
import { formatTable } from "./table.ts";

test("sizes", () => {
  const told = [0, 1_023, 1_024, 1_300, 20_000, 5 * 1_024 ** 2, 50 * 1_024 ** 2, 3 * 1_024 ** 3].map(sizeText);
  assert.deepEqual(told, ["0 B", "1023 B", "1.0 KB", "1.3 KB", "20 KB", "5.0 MB", "50 MB", "3.0 GB"]);
});

test("times", () => {
  assert.equal(sinceText(1_000, 1_400), "0 s");
  assert.equal(sinceText(2_000, 1_000), "0 s");
  assert.equal(sinceText(0, 3_600_200), "1 h");
  assert.equal(dueText(5, 5), "now");
  assert.equal(dueText(240_000, 1), "in 4 min");
  assert.equal(dueText(100, 0), "in 1 s");
  assert.equal(timeText(Date.UTC(2026, 2, 1, 3, 4, 5), "UTC"), "2026-03-01 03:04:05");
});

test("addresses and counts", () => {
  assert.equal(pathText(""), "<>");
  assert.equal(pathText("ann@xn--bcher-kva.example" as Address), "ann@bücher.example");
  assert.equal(counted(1, "delivery", "deliveries"), "1 delivery");
  assert.equal(counted(2_100, "delivery", "deliveries"), "2,100 deliveries");
});

test("a table is as wide as its cells, the last column as it comes", () => {
  const lines = formatTable(["ID", "TO"], [{ cells: ["long id", "x"], note: "why" }, { cells: ["b", "yyy"] }]);
  assert.deepEqual(lines, ["ID       TO", "long id  x", "    why", "b        yyy"]);
});
