// The texts in the reader's language: found and filled in. A language is one file beside this one; what it lacks is
// said in English.
import type { CauseName, Language } from "../explanation.ts";
import { languages } from "./reader.ts";
import de from "./de.json" with { type: "json" };
import en from "./en.json" with { type: "json" };
import es from "./es.json" with { type: "json" };
import fr from "./fr.json" with { type: "json" };
import ja from "./ja.json" with { type: "json" };

/** All that is said in one language. */
export type Texts = typeof en;

export type StepName = keyof Texts["steps"];

const english: Texts = en;
const translations: Record<Language, unknown> = { en, de, fr, es, ja };

const complete = Object.fromEntries(
  languages.map((language) => [language, inPlaceOf(english, translations[language]) as Texts]),
) as Record<Language, Texts>;

/** The texts of a language, complete. */
export const textsIn = (language: Language): Texts => complete[language];

/** `text`, and what it lacks of `model` from there. */
function inPlaceOf(model: unknown, text: unknown): unknown {
  if (typeof model === "string") return typeof text === "string" ? text : model;
  const found = Object(text) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(model as object).map(([key, value]) => [key, inPlaceOf(value, found[key])] as const),
  );
}

/** What placeholders stand for; what is not known is left out or undefined. */
export type Values = Readonly<Record<string, string | undefined>>;

const choice = /\[([^[\]|]*)(?:\|([^[\]]*))?\]/g;
const placeholder = /\{(\w+)\}/g;

/** `{name}` becomes its value; of `[this|that]`, `this` stays if all in it is known, else `that` (or nothing). */
export function fillIn(template: string, values: Values): string {
  const valueOf = (name: string): string => (Object.hasOwn(values, name) && values[name]) || "";
  const isKnown = (part: string): boolean => part.matchAll(placeholder).every(([, name]) => valueOf(name!) !== "");
  return template
    .replaceAll(choice, (_, first: string, second = "") => (isKnown(first) ? first : second))
    .replaceAll(placeholder, (_, name: string) => valueOf(name));
}

interface CauseAsked {
  readonly cause: CauseName;
  /** What the cause does not have is said in general. */
  readonly variant?: string;
  readonly values?: Values;
}

/** One sentence on what happened. */
export function causeText(language: Language, { cause, variant = "", values = {} }: CauseAsked): string {
  const text: { summary: string; variants?: Readonly<Record<string, string>> } = textsIn(language).causes[cause];
  const { summary, variants = {} } = text;
  return fillIn((Object.hasOwn(variants, variant) ? variants[variant] : undefined) ?? summary, values);
}

/** What to do; `steps` are names in knowledge/causes.json. */
export const stepTexts = (
  language: Language,
  { steps, values = {} }: { readonly steps: readonly string[]; readonly values?: Values },
): string[] => steps.map((name) => fillIn(textsIn(language).steps[name as StepName], values));

const units = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** "5 days", "90 minutes": the largest unit that gives at least two. */
export function durationIn(language: Language, ms: number): string {
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= 2 * unitMs) ?? (["second", 1_000] as const);
  const format = new Intl.NumberFormat(textsIn(language).dates, { style: "unit", unit, unitDisplay: "long" });
  return format.format(Math.round(ms / unitMs));
}

/** "Friday 27 November 2026 at 10:00 GMT+1"; `zone` as in "+01:00". */
export const dateIn = (language: Language, at: number, zone = "UTC"): string =>
  new Intl.DateTimeFormat(textsIn(language).dates, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
    timeZoneName: "short",
  }).format(at);
