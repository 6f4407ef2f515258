// Which language a reader has, by what is known of the message.
import type { Language } from "../explanation.ts";

/** Those that Waybill speaks; each is a file beside this one. */
export const languages = ["en", "de", "fr", "es", "ja"] as const satisfies readonly Language[];

/** What is known of a message's reader or writer; any of it may be absent or anything at all. */
export interface LanguageSigns {
  /** The field's value. RFC 3282 §2. */
  readonly contentLanguage?: string;
  /** Texts in which names of character sets stand: the fields Content-Type and Subject. */
  readonly charsets?: string;
  /** Whose language it is. */
  readonly address?: string;
}

const languageOfCharset = /\b(?:iso-2022-jp|shift[_-]jis|windows-31j|cp932|euc-jp)\b/i;

/** Top-level domains whose people speak, nearly all, one of our languages. */
const topLevelDomains: Record<Language, string> = {
  en: "uk us au nz ie",
  de: "de at ch li",
  fr: "fr mc re nc pf",
  es: "es mx ar cl pe ve ec gt cu bo do hn py sv ni cr pa uy pr",
  ja: "jp",
};

/** The reader's language by the surest sign there is; without one, `otherwise`. */
export const languageOf = (signs: LanguageSigns, otherwise: Language): Language =>
  languageOfTags(signs.contentLanguage ?? "") ??
  (languageOfCharset.test((signs.charsets ?? "").slice(0, 2_000)) ? "ja" : undefined) ??
  languageOfDomain(signs.address ?? "") ??
  otherwise;

/** The first one that we speak. RFC 5646 §2.1: case does not matter, the first subtag is the language. */
const languageOfTags = (tags: string): Language | undefined =>
  tags
    .slice(0, 200)
    .split(",")
    .map((tag) => tag.trim().split("-", 1)[0]!.toLowerCase())
    .map((subtag) => languages.find((language) => language === subtag))
    .find((language) => language !== undefined);

const languageOfDomain = (address: string): Language | undefined => {
  const top = address.slice(address.lastIndexOf(".") + 1).toLowerCase();
  return languages.find((language) => topLevelDomains[language].split(" ").includes(top));
};
