// The RFC 7208 suite through real SMTP sessions: XCLIENT states address and HELO, the DNS is asked over UDP, and the answer
// is read from the Received-SPF field that the next hop gets.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type GuardedServer, startGuarded } from "../support/guarded-server.ts";
import { type SpfCase, spfSuite } from "../support/spf-suite.ts";

const { skip, cases } = spfSuite();

/** Only SPF is asked what it thinks, and nobody is refused for it. */
const lenient = {
  dns: { timeout: "1s" },
  authentication: {
    spf_fail: "accept",
    dmarc_reject: "accept",
    dmarc_quarantine: "accept",
    bad_author: "accept",
    bad_helo: "accept",
  },
  greylist: { for: "off" },
  reputation: { refuse_below: -100, mark_below: -100 },
  rates: { connections_per_minute: 0, messages_per_minute: 0, sender_messages_per_minute: 0 },
  abuse: { slow_at: 0, refuse_at: 0 },
} as const;

/** RFC 5321 §4.1.2: with quotes where the local part needs them. */
function pathOf(mailFrom: string): string {
  const at = mailFrom.lastIndexOf("@");
  const local = mailFrom.slice(0, Math.max(at, 0));
  return /^[\w.!#$%&'*+/=?^`{|}~-]*$/.test(local) ? mailFrom : `"${local}"${mailFrom.slice(at)}`;
}

const xtext = (text: string): string =>
  text.replaceAll(
    /[^!-*,-<>-~]/g,
    (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );

/** What the session finds out; undefined: the path is no mailbox, so that SMTP refuses it before SPF is asked. */
async function judged(guarded: GuardedServer, { client, helo, mailFrom }: SpfCase) {
  const stranger = { ip: client, helo, from: pathOf(mailFrom), xhelo: xtext(helo) };
  const { reply, event, arrived } = await guarded.send(stranger, "From: <a@b.example>\r\n\r\nHello\r\n");
  if (event.kind === "refused") {
    assert.match(reply, /^5\d\d 5\.1\.7/);
    assert.match(mailFrom, /^@|\.\.|[^.@]{64}/);
    return undefined;
  }
  const [, result] = /^Received-SPF: (\w+)/m.exec(arrived!) ?? [];
  const verdict = event.judged!.authentication!.spf[0]!;
  assert.equal(result, verdict.result);
  return { result, explanation: verdict.explanation };
}

describe("RFC 7208 suite through SMTP sessions", { skip, concurrency: 2 }, () => {
  for (const [scenario, ofScenario] of Map.groupBy(cases, ({ name }) => name.split(": ")[0]!))
    test(scenario, async () => {
      await using guarded = await startGuarded("", lenient);
      for (const [name, entry] of ofScenario[0]!.zone) guarded.zone.set(name, entry);
      for (const one of ofScenario) {
        const found = await judged(guarded, one);
        if (found === undefined) continue;
        const { result, explanation } = found;
        assert.ok(one.results.includes(result ?? ""), `${one.name}: ${result}, and not ${one.results.join(" or ")}`);
        if (result !== "fail" || one.explanation === undefined || one.explanation === "DEFAULT") continue;
        assert.equal(explanation?.toLowerCase(), one.explanation.toLowerCase(), one.name);
      }
    });
});
