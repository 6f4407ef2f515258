import assert from "node:assert/strict";
import { test } from "node:test";
import { ann, bob, received } from "../../test/contract/mail.ts";
import { keysOf } from "./event-keys.ts";

test("no name is written twice, whatever its case", () => {
  const client = { address: "192.0.2.1", port: 1, protocol: "ESMTP", account: ann.toUpperCase() } as const;
  const event = { ...received(1, [bob, bob], { messageId: "<m1@x>" }), author: ann, asked: [bob], client };
  assert.deepEqual(keysOf(event), [ann, bob, "<m1@x>"]);
});
