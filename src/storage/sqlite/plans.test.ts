// The questions of the hot path are answered from an index, however long the queue is.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { claimQueries } from "./claiming.ts";
import { historyQueries } from "./history.ts";
import { laneQueries } from "./lanes.ts";
import { bodyQueries, countQueries, listQueries } from "./listing.ts";
import { migrations } from "./schema.ts";

function plan(sql: string): string {
  using db = new DatabaseSync(":memory:");
  for (const migration of migrations) db.exec(migration);
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll(/:\w+/g, "1")}`).all() as { detail: string }[];
  return steps.map(({ detail }) => detail).join("; ");
}

const questions = {
  ...claimQueries,
  ...laneQueries,
  lanesByTime: listQueries.lanesByTime,
  leaseEnd: listQueries.leaseEnd,
  "list by queue id": listQueries.deliveries("d.delivery_id, m.queue_id", { queueId: "q" as never }),
  ...bodyQueries,
};

for (const [name, sql] of Object.entries(questions))
  test(`${name} reads no whole table`, () => {
    assert.doesNotMatch(plan(sql), /SCAN (?:d|m|delivery|message|lane)\b(?! USING (?:COVERING )?INDEX)/);
  });

for (const name of ["ofLane", "due", "first", "lanesByTime", "leaseEnd"] as const)
  test(`${name} stops at its limit: the index has the order`, () => {
    assert.match(plan(questions[name]), /INDEX (?:delivery_(?:waiting|leased)|lane_by_time)/);
    assert.doesNotMatch(plan(questions[name]), /ORDER BY/);
  });

test("list by queue id reads the deliveries of that message only", () => {
  assert.match(plan(questions["list by queue id"]), /SEARCH d USING (?:COVERING )?INDEX delivery_of_message/);
});

for (const [name, filter] of Object.entries({ domain: "d", to: "a@d", from: "a@d" }))
  test(`list by ${name} reads what fits, not the whole queue`, () => {
    assert.doesNotMatch(plan(listQueries.deliveries("d.delivery_id", { [name]: filter })), /SCAN/);
  });

for (const [name, sql] of Object.entries(countQueries))
  test(`counting ${name} reads an index, no rows`, () => {
    assert.match(plan(sql), /USING COVERING INDEX/);
  });

for (const [name, sql] of Object.entries(historyQueries))
  test(`history, ${name}: reads what is of that message only`, () => {
    assert.match(plan(sql.replace("?", "'q'")), /SEARCH event USING (?:COVERING )?INDEX \w+ \(queue_id=\?\)/);
  });
