// What a visitor has told of his trouble; it travels in the address of each page, so that nothing is kept here.
import type { ServerSettings } from "../../autoconfig/settings.ts";
import type { Language } from "../../explain/explanation.ts";
import { asPlainAddress, domainOf, localPartOf, parseDomain } from "../../mail/address.ts";
import { type AppId, appIds } from "./apps.ts";
import { languageFor } from "./languages/texts.ts";
import { saidChars } from "./said.ts";

export const problems = ["connect", "receive", "send", "setup"] as const;
export type Problem = (typeof problems)[number];

export interface Question {
  readonly language: Language;
  readonly problem: Problem;
  readonly app: AppId;
  /** As it was typed. */
  readonly address: string;
  readonly said: string;
}

/** Whose settings are asked for. */
export interface Whose {
  readonly domain: string;
  /** Absent: only the domain was told. */
  readonly localPart?: string;
}

const addressChars = 320;

/** `fields`: of the page's address or of a form; anything may stand there. */
export function readQuestion(
  fields: Readonly<Record<string, string | undefined>>,
  acceptLanguage: string | undefined,
): Question {
  const { lang, problem, app, address = "", said = "" } = fields;
  return {
    language: languageFor(lang, acceptLanguage),
    problem: problems.find((known) => known === problem) ?? "connect",
    app: appIds.find((known) => known === app) ?? "other",
    address: address.slice(0, addressChars).trim(),
    said: said.slice(0, saidChars),
  };
}

/** "ann@example.org", "@example.org", "example.org"; undefined: none of them. */
export function whoseIn(address: string): Whose | undefined {
  const full = asPlainAddress(address);
  if (full !== undefined) return { domain: domainOf(full), localPart: localPartOf(full) };
  const domain = parseDomain(address.replace(/^@/, ""));
  return domain?.includes(".") ? { domain } : undefined;
}

/** For a link: all that was told. */
export function queryOf(question: Question, more: Readonly<Record<string, string>> = {}): string {
  const { language, problem, app, address, said } = question;
  return new URLSearchParams({
    lang: language,
    problem,
    app,
    address,
    ...(said !== "" && { said }),
    ...more,
  }).toString();
}

/** Stands for a local part that nobody told: settings need one. */
const nobody = "you";

export const forAddress = ({ domain, localPart = nobody }: Whose): { localPart: string; domain: string } => ({
  localPart,
  domain,
});

/** Undefined: it depends on the address, of which only the domain was told. */
export const usernameOf = ({ username }: ServerSettings, { localPart }: Whose): string | undefined =>
  localPart === undefined ? undefined : username;

export const isWholeAddress = ({ username = "" }: ServerSettings): boolean => username.includes("@");
