import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesIn, type Parts } from "../base/parts.ts";
import type { QueueId } from "../mail/message.ts";
import { RecentBodies } from "./recent-bodies.ts";

const id = (text: string): QueueId => text as QueueId;
const body = (bytes: number): Parts => [new Uint8Array(bytes - 10), new Uint8Array(10)];

test("forgets the oldest when there is no room", () => {
  const recent = new RecentBodies(100);
  for (const name of ["a", "b", "c"]) recent.add(id(name), body(40));
  assert.equal(recent.get(id("a")), undefined);
  assert.equal(bytesIn(recent.get(id("b")) ?? []), 40);
  assert.equal(bytesIn(recent.get(id("c")) ?? []), 40);
});

test("what is forgotten makes room", () => {
  const recent = new RecentBodies(100);
  recent.add(id("a"), body(60));
  recent.forget(id("a"));
  recent.forget(id("a"));
  recent.add(id("b"), body(60));
  recent.add(id("c"), body(40));
  assert.equal(bytesIn(recent.get(id("b")) ?? []), 60);
});

test("a body larger than all room is not held", () => {
  const recent = new RecentBodies(100);
  recent.add(id("a"), body(101));
  assert.equal(recent.get(id("a")), undefined);
});
