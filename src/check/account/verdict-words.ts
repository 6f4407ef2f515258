// The verdict and the settings in words for people.
import type { AppProtocol, ServerSettings } from "../../autoconfig/settings.ts";
import { filled } from "../languages/language.ts";
import { securityNames } from "../server/place.ts";
import { formTexts as form, verdictTexts } from "./verdict-texts.ts";
import type { Sentence } from "./verdict.ts";

export const sentenceText = ({ id, values }: Sentence): string => filled(verdictTexts[id], values);

/** What belongs together is one paragraph: whether it works, why not, what to do. */
export function verdictText(verdict: readonly Sentence[]): string[] {
  const paragraphs: string[] = [];
  for (const sentence of verdict) {
    const text = sentenceText(sentence);
    const begins =
      /-(?:works|answers|fails?)$/.test(sentence.id) || sentence.about === "message" || paragraphs.length === 0;
    if (begins) paragraphs.push(text);
    else paragraphs.push(`${paragraphs.pop()} ${text}`);
  }
  return paragraphs;
}

/** A row for each thing that a form asks for, a column for each server. */
export function formRows(servers: readonly ServerSettings[]): string[][] {
  const row = (title: string, cell: (server: ServerSettings) => string): string[] => [title, ...servers.map(cell)];
  return [
    row("", ({ protocol }) => form[protocol satisfies AppProtocol]),
    row(form.server, ({ host }) => host),
    row(form.port, ({ port }) => String(port)),
    row(form.security, ({ security }) => securityNames[security]),
    row(form.username, ({ username }) => username ?? ""),
    row(form.login, ({ logins }) => form[logins[0] ?? "password"]),
  ];
}

export const formTitle = (address: string): string => filled(form.title, { address });
