import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { siteReading, siteTables, siteWriting } from "./sites.ts";

function opened() {
  const db = new DatabaseSync(":memory:");
  db.exec(siteTables);
  return { ...siteReading(db), ...siteWriting(db) };
}

test("what was learnt and what is suspended are written without touching each other", () => {
  const store = opened();
  store.saveLearnt([
    { site: "a", learnt: "1" },
    { site: "b", learnt: "2" },
  ]);
  store.suspend("a", "");
  store.suspend("c", "moving house");
  store.saveLearnt([{ site: "a", learnt: "3" }, { site: "b" }, { site: "c" }]);
  assert.deepEqual(store.sites(), [
    { site: "a", learnt: "3", suspended: "" },
    { site: "c", suspended: "moving house" },
  ]);
  store.suspend("a", undefined);
  store.suspend("c", undefined);
  assert.deepEqual(store.sites(), [{ site: "a", learnt: "3" }]);
  store.saveLearnt([{ site: "a" }]);
  assert.deepEqual(store.sites(), []);
});

test("nodes share what a site bears, for as long as their leases last", () => {
  const store = opened();
  const ask = (by: string, wanted: number, now = 0) =>
    store.share(by, [{ site: "a", wanted, limit: 10 }], { now, until: now + 30 });
  assert.deepEqual([...ask("one", 7), ...ask("two", 7), ...ask("one", 9), ...ask("two", 9)], [7, 3, 7, 3]);
  assert.deepEqual([...ask("one", 0), ...ask("two", 9)], [0, 9]);
  assert.deepEqual([...ask("one", 5, 29), ...ask("one", 5, 30)], [1, 5]);
});
