// What a server means when it refuses a message, whichever command it was: as servers say it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { refused } from "./send.ts";

const replies: readonly (readonly [ReturnType<typeof refused>["kind"], "sender" | "recipient" | "content", string])[] =
  [
    ["sender", "sender", "550 5.7.60 SMTP; Client does not have permissions to send as this sender"],
    [
      "sender",
      "recipient",
      "553 5.7.1 <ann@shop.example>: Sender address rejected: not owned by user ben@shop.example",
    ],
    ["sender", "recipient", "550 5.7.1 Sender address does not match authenticated user"],
    ["sender", "content", "554 5.2.252 SendAsDenied; ann@shop.example not allowed to send as ben@shop.example"],
    ["limit", "recipient", "550 Domain shop.example has exceeded the max emails per hour (100/100 (100%)) allowed."],
    ["limit", "recipient", "550 5.7.232 Your trial tenant has exceeded its tenant external recipient rate limit."],
    ["limit", "sender", "550 5.4.6 Sending quota exceeded for this account"],
    ["limit", "sender", "451 4.7.1 Rate limit exceeded: you have sent too many messages in the last hour"],
    ["limit", "content", "554 5.7.1 Outgoing mail limit exceeded"],
    ["full", "recipient", "552 5.2.2 Over quota"],
    ["full", "recipient", "452 4.2.2 <ann@shop.example> Quota exceeded (mailbox for user is full)"],
    ["full", "content", "554 5.2.2 mailbox full"],
    ["content", "content", "552 5.3.4 Message size exceeds fixed limit"],
    ["content", "content", "554 5.7.1 Message rejected as spam"],
    ["recipient", "recipient", "550 5.1.1 <ann@shop.example>: Recipient address rejected: User unknown"],
    ["recipient", "recipient", "550 5.7.1 <ann@shop.example>: Relay access denied"],
    ["recipient", "recipient", "452 4.5.3 Too many recipients"],
  ];

for (const [kind, asked, reply] of replies)
  test(`${kind}, at the ${asked}: ${reply}`, () => assert.deepEqual(refused(asked, reply), { kind, reply }));
