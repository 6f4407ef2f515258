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
