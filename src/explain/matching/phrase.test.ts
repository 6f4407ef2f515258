import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { normalText } from "./normal-text.ts";
import { findPhrase, groundOf, keyListsOf, parsePhrase } from "./phrase.ts";
import { PhraseIndex } from "./phrase-index.ts";

const found = (phrase: string, text: string): boolean =>
  findPhrase(parsePhrase(phrase), groundOf(normalText(text).text)) !== undefined;

test("normal form: what does not matter is gone", () => {
  const cases: [string, string][] = [
    ["User  Unknown\r\n\tin table", "user unknown in table"],
    ["The user doesn’t exist", "the user dosnt exist"],
    ["L'adresse n’existe d'ici qu'à", "l adresse n existe d ici qu a"],
    ["メール ボックス\n満杯 full", "メールボックス満杯 full"],
    ["Empfaenger, Empfänger: cœur", "empfanger, empfanger: cour"],
    ["Boîte aux lettres pleine — désolé", "boite aux lettres pleine - desole"],
    ["Größe überschritten", "grosse uberschritten"],
    ["Over-quota e-mail over_quota", "over quota email over quota"],
    ["<Some.One+tag@mail.example.org>: no such user", "@: no such user"],
    ["user bob@example.org, gone", "user @, gone"],
    ["to bob@example.org.", "to @."],
    ["mailbox ****@icloud.com is full", "mailbox @ is full"],
    ["@ alone", "@ alone"],
    ["550-5.7.1 not allowed to 550-5.7.1 send 550 at all", "550-5.7.1 not allowed to send 550 at all"],
    ["ｕｓｅｒ　ｕｎｋｎｏｗｎ", "user unknown"],
    ["メールボックスがいっぱいです", "メールボックスがいっぱいです"],
    ["почтовый ящик переполнен", "почтовыи ящик переполнен"],
  ];
  for (const [text, normal] of cases) assert.equal(normalText(text).text, normal);
});

test("normal form: origins lead back, web addresses are known", () => {
  const original = "  See  http://spam.example/x?y for the Größe";
  const { text, origins, urls } = normalText(original);
  assert.equal(text.slice(urls[0], urls[1]), "http://spam.example/x?y");
  assert.equal(original[origins[text.indexOf("grosse")]!], "G");
  assert.equal(text.length, origins.length);
});

test("phrases: found", () => {
  const cases: [string, string][] = [
    ["user unknown", "550 5.1.1 User unknown; rejecting"],
    ["doesn't exist", "that account does not or doesn't exist"],
    ["disabl*", "mailbox disabled for this recipient"],
    ["greylist*", "Greylisting in action"],
    ["mailbox (is|) full", "Mailbox full"],
    ["mailbox (is|) full", "Mailbox is full"],
    ["gr(a|e)y(-| |)list*", "you are gray-listed"],
    ["exceeds limit of # bytes", "size exceeds limit of 10485760 bytes"],
    ["# hops", "Message exceeded 50 hops"],
    ["@: recipient address rejected", "<x@example.org>: Recipient address rejected"],
    ["host ... blocked using", "Client host [192.0.2.1] blocked using zen.spamhaus.org"],
    ["いっぱい", "メールボックスがいっぱいです"],
    ["переполнен*", "Почтовый ящик переполнен"],
    ["boîte pleine", "BOITE PLEINE"],
    ["(s1|s2)", "see s2"],
    ["(the|) user (@|) unknown (here|)", "user unknown."],
    ["(the|) user (@|) unknown (here|)", "for the user <a@example.org> unknown"],
    ["aa (b (c|d)|) e", "aa b d e"],
    ["aa (b (c|d)|) e", "aa e"],
    ["not (a|) (list of (known|valid)|) users", "not a list of valid users"],
  ];
  for (const [phrase, text] of cases) assert.ok(found(phrase, text), `${phrase} in ${text}`);
});

test("phrases: not found", () => {
  const cases: [string, string][] = [
    ["rbl", "verbl or rblx"],
    ["user unknown", "superuser unknown"],
    ["user unknown", "user unknowns"],
    ["full", "fully"],
    ["50 hops", "exceeded 150 hops"],
    ["# bytes", "many bytes"],
    ["host ... blocked", `host ${"x ".repeat(60)}blocked`],
    ["blocked ... host", "host is blocked"],
  ];
  for (const [phrase, text] of cases) assert.ok(!found(phrase, text), `${phrase} in ${text}`);
});

test("of several wordings the one that says most counts", () => {
  const { text } = normalText("user is full. the mailbox of the user is full now");
  assert.equal(findPhrase(parsePhrase("(mailbox of the user|user) is full"), groundOf(text))?.weight, 26);
});

test("phrases that make no sense are refused with the reason", () => {
  const cases: [string, RegExp][] = [
    ["", /without words/],
    ["* full", /begins with \*/],
    ["mailbox ... (|ab)", /without words/],
    ["a) b", /parenthesis/],
    ["open (a|b", /parenthesis/],
    ["x", /too short/],
    ["(((((((aa)))))))", /inside one another/],
  ];
  for (const [phrase, why] of cases) assert.throws(() => parsePhrase(phrase), why, phrase);
});

test("the index never hides a phrase that stands in the text", () => {
  const words = fc.stringMatching(/^[a-e満いд]{2,5}$/u);
  const phrase = fc
    .array(words, { minLength: 1, maxLength: 3 })
    .map((all) => all.join(" "))
    .filter((one) => /\S\S/u.test(normalText(one).text)); // "ae" is a single letter
  fc.assert(
    fc.property(fc.array(phrase, { minLength: 1, maxLength: 20 }), fc.array(words, { maxLength: 30 }), (some, text) => {
      const parsed = some.map((one) => parsePhrase(one));
      const index = new PhraseIndex(parsed.map(keyListsOf));
      const { text: normal } = normalText(text.join(" "));
      const candidates = new Set(index.candidates(normal));
      parsed.forEach((one, id) => {
        if (findPhrase(one, groundOf(normal))) assert.ok(candidates.has(id), one.source);
      });
    }),
  );
});
