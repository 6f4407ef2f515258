import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "../mail/address.ts";
import type { NotifyWish } from "../mail/envelope.ts";
import type { NoticeAction } from "../mail/outcome.ts";
import { noticeWanted } from "./wanted.ts";

const ann = "ann@example.net" as Address;
const bob = "bob@example.org" as Address;

test("the sender's NOTIFY decides; silence means failures and delays", () => {
  const wishes: [NotifyWish[] | undefined, NoticeAction[]][] = [
    [undefined, ["failed", "delayed"]],
    [[], []],
    [["failure"], ["failed"]],
    [["delay"], ["delayed"]],
    [["success"], ["delivered", "relayed"]],
    [
      ["success", "failure", "delay"],
      ["failed", "delayed", "delivered", "relayed"],
    ],
  ];
  const actions: NoticeAction[] = ["failed", "delayed", "delivered", "relayed"];
  for (const [notify, wanted] of wishes) {
    const recipient = { address: bob, ...(notify && { notify }) };
    assert.deepEqual(
      actions.filter((action) => noticeWanted(action, ann, recipient).kind === "wanted"),
      wanted,
      `NOTIFY=${notify?.join()}`,
    );
  }
});

test("never about a notice, whatever NOTIFY says", () => {
  const answer = noticeWanted("failed", "", { address: bob, notify: ["failure"] });
  assert.deepEqual(answer, { kind: "unwanted", why: "the message has no return address; it may be a notice itself" });
});

test("says why not", () => {
  const why = (action: NoticeAction, notify?: NotifyWish[]) => {
    const answer = noticeWanted(action, ann, { address: bob, ...(notify && { notify }) });
    return answer.kind === "unwanted" ? answer.why : "";
  };
  assert.match(why("failed", []), /NOTIFY=NEVER/);
  assert.match(why("failed", ["success", "delay"]), /success and delay only/);
  assert.match(why("delivered"), /did not ask/);
});
