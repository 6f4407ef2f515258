// What an app's message means: by the words of apps, and by what servers say, which explain knows.
import { explain } from "../../explain/explain.ts";
import type { Explanation, Language } from "../../explain/explanation.ts";
import messages from "./app-messages.json" with { type: "json" };
import type { Texts } from "./languages/texts.ts";

export type Meaning = keyof Texts["meanings"];

interface Said {
  /** Of the app's own words. */
  readonly meaning?: Meaning;
  /** Of a server's words in it. */
  readonly explained?: Explanation;
}

/** More of a pasted text is not read. */
export const saidChars = 1_000;

/** An asterisk stands for a few words, such as the name of a server. */
const patternOf = (phrase: string): RegExp =>
  new RegExp(
    phrase
      .split("*")
      .map(escaped)
      .join(String.raw`[^\n]{0,80}?`),
    "u",
  );

const escaped = (text: string): string => RegExp.escape(text);

const known = messages.map(({ meaning, phrases }) => ({
  meaning: meaning as Meaning,
  patterns: phrases.map(patternOf),
}));

/** Apps write typographic marks, people do not. */
const plain = (text: string): string =>
  ` ${text.slice(0, saidChars).normalize("NFKC").toLowerCase().replaceAll(/[‘’]/g, "'").replaceAll(/\s+/g, " ")} `;

/** Undefined: nothing was said. */
export function meaningOf(text: string, language: Language): Said | undefined {
  const read = plain(text);
  if (read.trim() === "") return undefined;
  const meaning = known.find(({ patterns }) => patterns.some((pattern) => pattern.test(read)))?.meaning;
  const explained = explain(text.slice(0, saidChars), { language });
  const isKnown = explained.cause !== "unknown" && explained.cause !== "unclear" && explained.confidence !== "guess";
  // an app's own words say what the app saw; a reply code shows that a server spoke
  const isServer = /\b[45]\d\d[ -]|\b[45]\.\d{1,3}\.\d{1,3}\b/.test(read);
  return {
    ...(meaning !== undefined && !(isKnown && isServer) && { meaning }),
    ...(isKnown && isServer && { explained }),
  };
}
