import assert from "node:assert/strict";
import { test } from "node:test";
import type { Failure } from "../mail/failure.ts";
import { deliverLimits } from "./settings.ts";
import { UnreachableMemory } from "./unreachable-memory.ts";

const because: Failure = { kind: "unreachable", host: { name: "mx.test" }, problem: "timeout", text: "" };
const { unreachableMemoryMs, unreachableDestinations } = deliverLimits;

test("closed for a while, then one probe at a time, then open again when it is reached", () => {
  const memory = new UnreachableMemory();
  const kinds = (...times: number[]) => times.map((now) => memory.ask("a", now).kind);
  assert.deepEqual(kinds(0), ["open"]);
  memory.failed("a", because, 0);
  assert.equal(memory.ask("b", 0).kind, "open");
  assert.deepEqual(memory.ask("a", 1), { kind: "closed", because });
  const [end, later] = [unreachableMemoryMs, 2 * unreachableMemoryMs];
  assert.deepEqual(kinds(end - 1, end, end, later - 1, later), ["closed", "probe", "closed", "closed", "probe"]);
  memory.reached("a")[Symbol.dispose]();
  assert.deepEqual(kinds(later), ["open"]);
});

test("while a session is in use, a failure closes nothing", () => {
  const memory = new UnreachableMemory();
  const [one, two] = [memory.reached("a"), memory.reached("a")];
  for (const session of [one, two]) {
    memory.failed("a", because, 0);
    assert.equal(memory.ask("a", 0).kind, "open");
    session[Symbol.dispose]();
  }
  memory.failed("a", because, 0);
  assert.equal(memory.ask("a", 0).kind, "closed");
});

test("it remembers so many destinations, the latest ones", () => {
  const memory = new UnreachableMemory();
  for (let i = 0; i <= unreachableDestinations; i += 1) memory.failed(`${i}`, because, 0);
  assert.equal(memory.ask("0", 0).kind, "open");
  assert.equal(memory.ask("1", 0).kind, "closed");
});

test("the operator's retry opens all", () => {
  const memory = new UnreachableMemory();
  memory.failed("a", because, 0);
  memory.forgetAll();
  assert.equal(memory.ask("a", 1).kind, "open");
});
