// The words of the findings, by id: templates in one file for each check and language, filled in here.
import type { Language } from "../../explain/explanation.ts";
import { fillIn } from "../../explain/languages/language.ts";
import { oneLine } from "../../mail/printable.ts";
import type { FindingId } from "../catalogue/catalogue.ts";
import account from "./en/account.json" with { type: "json" };
import delivery from "./en/delivery.json" with { type: "json" };
import domain from "./en/domain.json" with { type: "json" };
import general from "./en/general.json" with { type: "json" };
import self from "./en/self.json" with { type: "json" };
import server from "./en/server.json" with { type: "json" };

interface FindingText {
  /** One sentence without a final full stop: what was found. */
  readonly found: string;
  /** Why it matters; what is in order needs none. */
  readonly why?: string;
  /** Who can fix it, where that is said more exactly than for all of its kind. */
  readonly who?: string;
}

const english = {
  who: general.who,
  changes: general.changes,
  levels: general.levels,
  counts: general.counts,
  findings: {
    ...general.findings,
    ...domain.findings,
    ...server.findings,
    ...account.findings,
    ...delivery.findings,
    ...self.findings,
  } satisfies Record<FindingId, FindingText>,
  actions: {
    ...general.actions,
    ...domain.actions,
    ...server.actions,
    ...account.actions,
    ...delivery.actions,
    ...self.actions,
  },
  checks: {
    ...general.checks,
    ...domain.checks,
    ...server.checks,
    ...account.checks,
    ...delivery.checks,
    ...self.checks,
  },
};

export type ActionId = keyof typeof english.actions;

type CheckTexts = typeof english;

/** English, as long as there is no other. */
export const checkTexts = (_language: Language): CheckTexts => english;

export const findingText = (language: Language, id: FindingId): FindingText => checkTexts(language).findings[id];

/** What is being looked at, as a title: "SPF record". */
export function checkTitle(language: Language, name: string): string {
  const titles: Readonly<Record<string, string>> = checkTexts(language).checks;
  return (Object.hasOwn(titles, name) ? titles[name] : undefined) ?? name;
}

/** Values of strangers become one harmless line each. */
export const filled = (template: string, values: Readonly<Record<string, string | number | undefined>>): string =>
  fillIn(
    template,
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, value === undefined ? undefined : oneLine(String(value))]),
    ),
  );
