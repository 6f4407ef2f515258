import assert from "node:assert/strict";
import { test } from "node:test";
import type { Parts } from "../../base/parts.ts";
import { delivered, bob, done, mail, received } from "../../../test/contract/mail.ts";
import { headerBytes, keptRecord, recordAt, seal, type SegmentBytes, settledRecord } from "./spool-record.ts";

const { body: _, ...facts } = mail(1, { events: [received(1, [bob])] });
const kept = { ...facts, firstDeliveryId: 7, lease: { by: "w", until: 9 } };
const settled = { settlements: [done(7)], events: [delivered(1, bob)] };
const content = Buffer.from("Subject: é\r\n\r\nbody\r\n");

const segment = (bytes: Uint8Array): SegmentBytes => ({
  number: 5,
  read: (at, count) => bytes.subarray(at, at + count),
});

/** As they are in the fifth segment. */
const inFive = (...records: Parts[]): Buffer => {
  for (const record of records) seal(record, 5);
  return Buffer.concat(records.flat());
};

test("records come back as they went in, one after the other", () => {
  const bytes = inFive(keptRecord(kept, [content]), settledRecord(settled), keptRecord(kept));
  const first = recordAt(segment(bytes), 0, true);
  assert.ok(first?.record.kind === "kept");
  assert.deepEqual(first.record.facts, kept);
  const { offset, bytes: length } = first.record.body;
  assert.ok(bytes.subarray(offset, offset + length).equals(content));
  const second = recordAt(segment(bytes), first.end, true);
  assert.deepEqual(second?.record, { kind: "settled", facts: settled });
  const third = recordAt(segment(bytes), second.end, true);
  assert.equal(third?.record.kind === "kept" && third.record.body.bytes, 0);
  assert.equal(third?.end, bytes.length);
  assert.equal(recordAt(segment(bytes), bytes.length, true), undefined, "there is no fourth");
});

test("a record that was cut off anywhere, or changed anywhere, is none", () => {
  const bytes = inFive(keptRecord(kept, [content]));
  for (let length = 0; length < bytes.length; length++)
    assert.equal(recordAt(segment(bytes.subarray(0, length)), 0, true), undefined, `${length} bytes of it`);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    assert.equal(recordAt(segment(changed), 0, true), undefined, `byte ${at}`);
  }
  for (const verify of [true, false])
    assert.equal(recordAt({ ...segment(bytes), number: 6 }, 0, verify), undefined, "of an earlier use of the file");
  assert.equal(recordAt(segment(Buffer.alloc(4 * headerBytes)), 0, true), undefined, "zeros");
});
