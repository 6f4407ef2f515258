import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueueId } from "../mail/message.ts";
import { RecentBodies } from "./recent-bodies.ts";

const id = (text: string): QueueId => text as QueueId;

test("forgets the oldest when there is no room", () => {
  const recent = new RecentBodies(100);
  for (const name of ["a", "b", "c"]) recent.add(id(name), new Uint8Array(40));
  assert.equal(recent.get(id("a")), undefined);
  assert.equal(recent.get(id("b"))?.length, 40);
  assert.equal(recent.get(id("c"))?.length, 40);
});

test("what is forgotten makes room", () => {
  const recent = new RecentBodies(100);
  recent.add(id("a"), new Uint8Array(60));
  recent.forget(id("a"));
  recent.forget(id("a"));
  recent.add(id("b"), new Uint8Array(60));
  recent.add(id("c"), new Uint8Array(40));
  assert.equal(recent.get(id("b"))?.length, 60);
});

test("a body larger than all room is not held", () => {
  const recent = new RecentBodies(100);
  recent.add(id("a"), new Uint8Array(101));
  assert.equal(recent.get(id("a")), undefined);
});
