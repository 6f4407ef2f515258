import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readingGrade } from "../../../test/support/reading-grade.ts";
import type { Language } from "../explanation.ts";
import { causeFacts, causeNames } from "../knowledge/causes.ts";
import { causeText, dateIn, durationIn, fillIn, stepTexts, textsIn } from "./language.ts";
import { type LanguageSigns, languageOf, languages } from "./reader.ts";

/** Every text of a file by its path: `causes.spam.title`. */
function textsOf(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  const entries = Object.entries(value as object);
  return new Map(entries.flatMap(([key, inner]) => [...textsOf(inner, path === "" ? key : `${path}.${key}`)]));
}

const written = new Map(
  languages.map((language) => {
    const file = new URL(`${language}.json`, import.meta.url);
    return [language, textsOf(JSON.parse(readFileSync(file, "utf8")))] as const;
  }),
);
const english = written.get("en")!;

/** A text with all that can be known, and with nothing. */
const filled = (text: string): string[] => {
  const placeholders = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const all = Object.fromEntries(placeholders.map((name) => [name, "Acme"]));
  return [
    fillIn(text, all),
    fillIn(
      text.replaceAll(/\[[^\]]*\]/g, (choice) => fillIn(choice, {})),
      all,
    ),
  ];
};

test("each file is a language, and each language is a file", () => {
  const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".json"));
  assert.deepEqual(files.toSorted(), languages.map((language) => `${language}.json`).toSorted());
  for (const language of languages) assert.equal(textsIn(language).language, language);
});

test("nothing is missing, nothing is left over, and each text has the placeholders of the English one", () => {
  const placeholders = (text: string) => new Set(text.match(/\{\w+\}/g));
  for (const [language, texts] of written) {
    assert.deepEqual([...texts.keys()].toSorted(), [...english.keys()].toSorted(), language);
    for (const [path, text] of texts) {
      assert.notEqual(text, "", `${language} ${path}`);
      assert.deepEqual(placeholders(text), placeholders(english.get(path)!), `${language} ${path}`);
    }
  }
});

test("nothing is forgotten to be translated", () => {
  const same = [...english].filter(([path, text]) =>
    languages.some((language) => language !== "en" && written.get(language)!.get(path) === text),
  );
  // names, and marks between a label and what it is about
  assert.deepEqual(
    same.map(([path]) => path),
    ["colon"],
  );
});

test("every cause and each of its steps has words in every language", () => {
  for (const cause of causeNames) {
    const { steps } = causeFacts(cause);
    assert.ok(steps.length > 0, cause);
    for (const language of languages) {
      assert.notEqual(causeText(language, { cause }), "");
      for (const text of stepTexts(language, { steps })) assert.match(text, /[.。]$/, `${language} ${cause}`);
    }
  }
});

test("no step is without a use", () => {
  const used = new Set(causeNames.flatMap((cause) => causeFacts(cause).steps));
  // the rest is asked for by code: of a message that is still tried, and of failures that we saw ourselves
  const own = ["wait", "maybe-arrived", "ask-plain-address", "own-plain-address"];
  for (const step of own) used.add(step);
  assert.deepEqual(
    Object.keys(textsIn("en").steps).filter((step) => !used.has(step)),
    [],
  );
});

test("English reads at US grade 8 or below, text by text", () => {
  const sentences = [...english].filter(([, text]) => /[.:]$/.test(text));
  assert.ok(sentences.length > 150);
  const hard = sentences.flatMap(([path, text]) =>
    filled(text)
      .map((words) => ({ path, grade: readingGrade(words), words }))
      .filter(({ grade }) => grade > 8),
  );
  assert.deepEqual(hard, []);
});

test("no text names a number code; what senders read has no jargon", () => {
  const jargon = /\b(?:SMTP|MX|DSN|DNS|MTA|TLS|RCPT|NXDOMAIN|relay(?:ing)?|bounced?|host|hostname|envelope)\b/i;
  for (const [language, texts] of written) {
    for (const [path, text] of texts) {
      assert.doesNotMatch(text, /(?<!\d)[2-5]\d\d(?!\d)|\d\.\d+\.\d/, `${language} ${path}`);
      const words = filled(text).join(" ").replaceAll("Acme", "");
      if (!path.endsWith(".about")) assert.doesNotMatch(words, jargon, `${language} ${path}`);
    }
  }
});

test("summaries are whole sentences, with and without a name", () => {
  for (const [language, texts] of written) {
    for (const [path, text] of texts) {
      if (!/^causes\.[\w-]+\.(?:summary|variants\.[\w-]+)$/.test(path)) continue;
      for (const words of filled(text)) {
        assert.match(words, /^\P{Ll}.*[.。]$/u, `${language} ${path}`);
        assert.doesNotMatch(words, /[[\]{}|]| {2}| [.,。]/, `${language} ${path}`);
      }
    }
  }
});

test("placeholders are filled once; a choice goes by what is known", () => {
  const template = "There is none[ at {domain}]. [For {name}|For this one] it is {domain}";
  assert.equal(
    fillIn(template, { domain: "a.example", name: "$&{domain}" }),
    "There is none at a.example. For $&{domain} it is a.example",
  );
  assert.equal(fillIn(template, { domain: "" }), "There is none. For this one it is ");
  assert.equal(fillIn("[{constructor}|no]", {}), "no");
  assert.equal(fillIn("{toString}", {}), "");
});

test("a variant that a cause does not have is said in general", () => {
  const general = causeText("en", { cause: "spam" });
  for (const variant of ["", "timeout", "constructor", "__proto__"])
    assert.equal(causeText("en", { cause: "spam", variant }), general);
  const values = { domain: "a.example" };
  const reset = causeText("en", { cause: "server-unreachable", variant: "reset", values });
  assert.equal(reset, "The mail server for a.example hung up as soon as it was called.");
});

test("the reader's language: what the message says, then its writing, then where its sender is", () => {
  const cases: [LanguageSigns, Language][] = [
    [{}, "fr"],
    [{ contentLanguage: "de-CH" }, "de"],
    [{ contentLanguage: "pt-BR, ES , de" }, "es"],
    [{ contentLanguage: "en", charsets: "text/plain; charset=iso-2022-jp", address: "a@b.de" }, "en"],
    [{ contentLanguage: "pt", charsets: "=?ISO-2022-JP?B?GyRC?=", address: "a@b.de" }, "ja"],
    [{ charsets: 'text/plain; charset="Shift_JIS"' }, "ja"],
    [{ charsets: "text/plain; charset=utf-8", address: "a@b.co.jp" }, "ja"],
    [{ address: "a@firma.at" }, "de"],
    [{ address: "a@correo.com.MX" }, "es"],
    [{ address: "a@example.co.uk" }, "en"],
    [{ address: "a@[192.0.2.1]" }, "fr"],
    [{ address: "a@example.com" }, "fr"],
    [{ address: "" }, "fr"],
    [{ contentLanguage: "x".repeat(1e6), charsets: "\u0000", address: "…" }, "fr"],
  ];
  for (const [signs, language] of cases)
    assert.equal(languageOf(signs, "fr"), language, JSON.stringify(signs).slice(0, 200));
});

test("durations take the largest unit that gives two or more, in the plural of the language", () => {
  const hour = 3_600_000;
  const cases: [Language, number, string][] = [
    ["en", 120 * hour, "5 days"],
    ["en", 36 * hour, "36 hours"],
    ["en", 1.5 * hour, "90 minutes"],
    ["en", 60_000, "60 seconds"],
    ["en", 1_000, "1 second"],
    ["de", 120 * hour, "5 Tage"],
    ["de", 1_000, "1 Sekunde"],
    ["fr", 120 * hour, "5\u00a0jours"],
    ["es", 36 * hour, "36 horas"],
    ["ja", 120 * hour, "5 日"],
  ];
  for (const [language, ms, text] of cases) assert.equal(durationIn(language, ms), text);
});

test("dates stand in the reader's way of writing and in their zone", () => {
  const at = Date.parse("2026-11-27T09:00:00Z");
  assert.equal(dateIn("en", at), "Friday, 27 November 2026 at 09:00 UTC");
  assert.equal(dateIn("de", at, "+01:00"), "Freitag, 27. November 2026 um 10:00 GMT+1");
  assert.equal(dateIn("ja", at, "+09:00"), "2026年11月27日金曜日 18:00 GMT+9");
});
