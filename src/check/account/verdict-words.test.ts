// Each sentence of the verdict can be said with the values that it gets, and none without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictTexts } from "./verdict-texts.ts";
import { sentenceText, verdictText } from "./verdict-words.ts";
import type { Sentence, SentenceId } from "./verdict.ts";

test("no sentence leaves a placeholder or a bracket open", () => {
  const names = ["address", "domain", "host", "otherPort", "otherSecurity", "port", "protocol", "reply", "to", "typed"];
  const values = Object.fromEntries([...names, "username", "works"].map((name) => [name, `<${name}>`]));
  for (const id of Object.keys(verdictTexts) as SentenceId[]) {
    const text = sentenceText({ id, about: "send", values });
    assert.doesNotMatch(text, /[{}[\]|]/, id);
    assert.match(text, /[.:>]$/, id);
  }
});

test("what belongs together is one paragraph", () => {
  const said = (id: SentenceId, about: Sentence["about"], values: Sentence["values"] = {}): Sentence => ({
    id,
    about,
    values,
  });
  const verdict = [
    said("receive-works", "receive"),
    said("send-fails", "send"),
    said("tls-expected", "send", { typed: "port 465 without TLS" }),
    said("set-security", "send", { to: "SSL/TLS", otherPort: 587, otherSecurity: "STARTTLS" }),
    said("message-not-looked-for", "message"),
  ];
  assert.deepEqual(verdictText(verdict).slice(0, 2), [
    "Receiving works.",
    "Sending fails: your app uses port 465 without TLS. Set security to SSL/TLS, or port to 587 with STARTTLS.",
  ]);
  assert.equal(verdictText(verdict).length, 3);
});

test("what strangers said cannot break out of its sentence", () => {
  const text = sentenceText({ id: "content", about: "send", values: { reply: "554 no\r\n\u001b[31mSending works." } });
  assert.match(text, /^[ -~]+$/);
});
