// The words of the help pages, in the languages of the explanations. One shape: what a language lacks does not compile.
import { parseAccept } from "hono/utils/accept";
import { languageOf } from "../../../explain/languages/reader.ts";
import type { Language } from "../../../explain/explanation.ts";
import { fillIn, type Values } from "../../../explain/languages/language.ts";
import de from "./de.json" with { type: "json" };
import en from "./en.json" with { type: "json" };
import es from "./es.json" with { type: "json" };
import fr from "./fr.json" with { type: "json" };
import ja from "./ja.json" with { type: "json" };

export type Texts = typeof en;

export const texts: Readonly<Record<Language, Texts>> = { en, de, fr, es, ja };

/** `{name}` becomes its value; `[…{name}…]` is left out where it has none. */
export const fill = (template: string, values: Values): string => fillIn(template, values);

/** `asked`: from the address of the page; else what the browser prefers. RFC 9110 §12.5.4 */
export function languageFor(asked: string | undefined, acceptLanguage = ""): Language {
  const tags = parseAccept(acceptLanguage.slice(0, 200)).map(({ type }) => type);
  return languageOf({ contentLanguage: [asked?.slice(0, 20) ?? "", ...tags].join(",") }, "en");
}
