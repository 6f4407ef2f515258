// The questions of the hot path are answered from an index, however long the queue is.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { claimQueries } from "./claiming.ts";
import { historyQueries } from "./history.ts";
import { bodyQueries, listQueries } from "./listing.ts";
import { migrations } from "./schema.ts";

function plan(sql: string): string {
  using db = new DatabaseSync(":memory:");
  for (const migration of migrations) db.exec(migration);
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll(/:\w+/g, "1")}`).all() as { detail: string }[];
  return steps.map(({ detail }) => detail).join("; ");
}

const questions = {
  ...claimQueries,
  waitingAt: listQueries.waitingAt,
  leaseEnd: listQueries.leaseEnd,
  "list by queue id": listQueries.deliveries("d.delivery_id, m.queue_id", { queueId: "q" as never }),
  ...bodyQueries,
};

for (const [name, sql] of Object.entries(questions))
  test(`${name} reads no whole table`, () => {
    assert.doesNotMatch(plan(sql), /SCAN (?:d|m|delivery|message)\b(?! USING (?:COVERING )?INDEX)/);
  });

for (const name of ["waiting", "waitingExcept", "waitingAt", "leaseEnd"] as const)
  test(`${name} stops at its limit: the index has the order`, () => {
    assert.match(plan(questions[name]), /INDEX delivery_(?:waiting|leased)/);
    assert.doesNotMatch(plan(questions[name]), /ORDER BY/);
  });

test("list by queue id reads the deliveries of that message only", () => {
  assert.match(plan(questions["list by queue id"]), /SEARCH d USING (?:COVERING )?INDEX delivery_of_message/);
});

for (const [name, sql] of Object.entries(historyQueries))
  test(`history, ${name}: reads what is of that message only`, () => {
    assert.match(
      plan(sql.replace("?", "'q'")),
      /SEARCH (?:event|message_key) USING (?:COVERING )?INDEX \w+ \(queue_id=\?\)/,
    );
  });
