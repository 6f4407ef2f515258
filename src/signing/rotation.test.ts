import assert from "node:assert/strict";
import { test } from "node:test";
import type { KeyRecord, KeyState } from "./key-folder.ts";
import type { Publication } from "./publication.ts";
import { adviceFor, advance, newSelector } from "./rotation.ts";

const now = Date.UTC(2026, 0, 10);
const hour = 3_600_000;
const day = 24 * hour;

/** "a:rsa:published 2h": selector, algorithm, state, and for how long. */
function key(text: string): KeyRecord {
  const [, selector, algorithm, state, hours] = /^(\w+):(\w+):(\w+)(?: (\d+)h)?$/.exec(text)!;
  const since = { [state!]: now - Number(hours ?? 0) * hour };
  return { selector: selector!, algorithm: algorithm as "rsa", state: state as KeyState, since };
}

/** States after a look at DNS, in which `dns` lists "selector=kind". */
function after(keys: readonly string[], dns: string, settleMs = hour): string[] {
  const seen = new Map(dns.split(" ").map((part) => part.split("=") as [string, string]));
  const sighting = (selector: string) => {
    const kind = seen.get(selector);
    return kind === undefined ? undefined : ({ kind, because: "" } as Publication);
  };
  return advance(keys.map(key), sighting, { now, settleMs }).map(({ state }) => state);
}

test("a key takes over when DNS has shown it long enough, and not before", () => {
  const table: [string, string[], string, string[], number?][] = [
    ["not in DNS: nothing", ["a:rsa:new"], "a=missing", ["new"]],
    ["the first key signs at once", ["a:rsa:new", "b:ed25519:new"], "a=right b=missing", ["active", "new"]],
    ["in place of another it waits", ["a:rsa:active", "b:rsa:new"], "a=right b=right", ["active", "published"]],
    ["and then changes", ["a:rsa:active", "b:rsa:published 1h"], "a=right b=right", ["retired", "active"]],
    ["a person may hurry it", ["a:rsa:active", "b:rsa:new"], "a=right b=right", ["retired", "active"], 0],
    ["each algorithm by itself", ["a:rsa:active", "b:ed25519:published 2h"], "a=right b=right", ["active", "active"]],
    ["a record that went away", ["a:rsa:active", "b:rsa:published 9h"], "a=right b=wrong", ["active", "new"]],
    ["DNS that is silent changes nothing", ["a:rsa:active", "b:rsa:published"], "b=unknown", ["active", "published"]],
    ["a lost record does not end the use", ["a:rsa:active"], "a=missing", ["active"]],
    [
      "the newest counts, older ones never signed",
      ["a:rsa:active", "b:rsa:published 3h", "c:rsa:published 2h"],
      "",
      ["retired", "retired", "active"],
    ],
    [
      "one made later waits on",
      ["a:rsa:active", "b:rsa:published 3h", "c:rsa:new"],
      "c=missing",
      ["retired", "active", "new"],
    ],
    ["retired stays retired", ["a:rsa:retired 9h", "b:rsa:active"], "a=right b=right", ["retired", "active"]],
  ];
  for (const [what, keys, dns, states, settleMs] of table) assert.deepEqual(after(keys, dns, settleMs), states, what);
});

test("what a person is told to do", () => {
  const advice = (text: string, kind: Publication["kind"]): string | undefined =>
    adviceFor(
      { record: key(text), publication: { kind, ...(kind !== "missing" && { because: "it is odd" }) } as Publication },
      now,
    );
  const table: [string, Publication["kind"], RegExp | undefined][] = [
    ["a:rsa:new", "missing", /publish its record/],
    ["a:rsa:new", "withdrawn", /p= is empty/],
    ["a:rsa:published", "right", /within the hour.*rotate makes it sign at once/],
    ["a:rsa:active", "right", undefined],
    ["a:rsa:active 9000h", "right", /375 days: change it with waybill dkim rotate/],
    ["a:rsa:active", "missing", /not in DNS.*publish it at once/],
    ["a:rsa:active", "wrong", /^it is odd$/],
    ["a:rsa:retired 24h", "right", /leave its record in DNS for 6 more days/],
    ["a:rsa:retired 169h", "right", /set it to "v=DKIM1; p="/],
    ["a:rsa:retired 24h", "missing", /removed early/],
    ["a:rsa:retired 169h", "withdrawn", /record may be removed/],
    ["a:rsa:retired 169h", "missing", /key file may be deleted/],
  ];
  for (const [text, kind, words] of table)
    if (words === undefined) assert.equal(advice(text, kind), undefined);
    else assert.match(advice(text, kind) ?? "", words, `${text} ${kind}`);
  const misplaced = { kind: "missing", because: "it is elsewhere" } as const;
  const adviceOf = (text: string): string => adviceFor({ record: key(text), publication: misplaced }, now) ?? "";
  assert.match(adviceOf("a:rsa:new"), /^it is elsewhere$/);
  assert.match(adviceOf("a:rsa:active"), /^it signs, but it is elsewhere$/);
});

test("selectors are named by the day, none twice", () => {
  assert.equal(newSelector(now, "rsa", new Set()), "20260110-rsa");
  assert.equal(newSelector(now + day, "ed25519", new Set(["20260111-ed25519"])), "20260111-2-ed25519");
});
