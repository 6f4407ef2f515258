// A finding in words for people, in their language: for a terminal, paper, a page.
import type { Language } from "../explain/explanation.ts";
import { oneLine } from "../mail/printable.ts";
import { zoneLine } from "./dns-record.ts";
import type { Change, Finding } from "./finding.ts";
import { checkTexts, filled, findingText } from "./languages/language.ts";

export interface Words {
  /** Without a final full stop. */
  readonly found: string;
  readonly why?: string;
  /** Who can fix it; absent where nothing has to be. */
  readonly who?: string;
  /** What to change, in order. */
  readonly todo: readonly string[];
}

export function wordsOf(finding: Finding, language: Language = "en"): Words {
  const { id, about, level, whoActs, changes } = finding;
  const values = { about, ...finding.values };
  const { found, why, who = checkTexts(language).who[whoActs] } = findingText(language, id);
  const isDone = level === "good" || whoActs === "nobody";
  return {
    found: filled(found, values),
    ...(why !== undefined && { why: filled(why, values) }),
    ...(!isDone && { who: filled(who, values) }),
    todo: changes.map((change) => changeText(change, values, language)),
  };
}

function changeText(change: Change, values: Finding["values"], language: Language): string {
  const { changes, actions } = checkTexts(language);
  switch (change.kind) {
    case "publish": {
      const { record, instead = [] } = change;
      const line = zoneLine(record);
      if (instead.length === 0) return changes.publish.replace("{record}", () => line);
      const old = instead.map((value) => `"${oneLine(value)}"`).join(" and ");
      return changes.replace.replace("{record}", () => line).replace("{instead}", () => old);
    }
    case "remove":
      return changes.remove.replace("{record}", () => zoneLine(change.record));
    case "set":
      return filled(changes.set, { ...change, kind: undefined });
    case "act":
      return filled(actions[change.action], { ...values, ...change.values });
  }
}
