import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import type { Client } from "../mail/client.ts";
import type { QueueId } from "../mail/message.ts";
import { reply } from "../mail/reply.ts";
import type { Event } from "./event.ts";
import { logLine } from "./log-line.ts";

const client: Client = { address: "198.51.100.7", port: 1, protocol: "ESMTP" };
const loggedIn: Client = { ...client, account: "shop" };
const refused = { kind: "refused", at: 0, client, reply: reply(535, "5.7.8", "no") } as const;
const from = "ann@here.example" as Address;

for (const [event, text, fields] of [
  [
    { ...refused, stage: "login", account: "shop" },
    "refused 198.51.100.7 at login as shop: 535 5.7.8 no",
    { event: "refused", client: "198.51.100.7", account: "shop" },
  ],
  [
    { ...refused, stage: "login" },
    "refused 198.51.100.7 at login: 535 5.7.8 no",
    { event: "refused", client: "198.51.100.7" },
  ],
  [
    { ...refused, client: loggedIn, stage: "mail", from },
    "refused 198.51.100.7, logged in as shop, from <ann@here.example> at mail: 535 5.7.8 no",
    { event: "refused", client: "198.51.100.7", account: "shop" },
  ],
  [
    { kind: "received", at: 0, queueId: "Q1" as QueueId, from, to: [from], client: loggedIn, sizeBytes: 7 },
    "Q1 received from <ann@here.example> for <ann@here.example>, 7 bytes, by 198.51.100.7, logged in as shop",
    { event: "received", queueId: "Q1", to: [from] },
  ],
  [
    {
      kind: "bounced-later",
      at: 0,
      queueId: "Q1" as QueueId,
      reportId: "Q2" as QueueId,
      to: from,
      reportedBy: "mx.far.example",
      cause: "no-such-mailbox",
      permanence: "permanent",
      confidence: "certain",
      summary: "There is no such mailbox.",
      text: "550 unknown\r\nuser",
    },
    "Q1 bounced later for <ann@here.example>, as mx.far.example told with Q2: There is no such mailbox. (no-such-mailbox) 550 unknown user",
    { event: "bounced-later", queueId: "Q1", to: from, cause: "no-such-mailbox" },
  ],
  [
    {
      kind: "complained",
      at: 0,
      queueId: "Q1" as QueueId,
      reportId: "Q2" as QueueId,
      to: from,
      from,
      feedbackType: "abuse",
    },
    "Q1 is called unwanted (abuse) for <ann@here.example>, as was told with Q2",
    { event: "complained", queueId: "Q1", to: from },
  ],
] satisfies [Event, string, object][])
  test(text, () => assert.deepEqual(logLine(event), { level: "info", text, fields }));
