// What all help pages have in common. They work without scripts; nothing comes from elsewhere.
import { html } from "hono/html";
import type { Language } from "../../explain/explanation.ts";
import { languages } from "../../explain/languages/reader.ts";
import { texts } from "./languages/texts.ts";

export type Html = ReturnType<typeof html>;

interface PageParts {
  readonly language: Language;
  readonly heading: string;
  readonly body: Html;
  /** 1 to 3 */
  readonly step: number;
  /** Of this page in a language. */
  readonly linkIn: (language: Language) => string;
  /** Without scripts, it loads itself again so often. */
  readonly refreshSeconds?: number;
}

/** For all pages of the help. */
export const helpHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  vary: "accept-language",
} as const;

export function page({ language, heading, body, step, linkIn, refreshSeconds }: PageParts): Html {
  const words = texts[language];
  const refresh =
    refreshSeconds === undefined
      ? ""
      : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}" /></noscript>`;
  return html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${heading} – ${words.title}</title>
        <link rel="stylesheet" href="/help/help.css" />
        <script src="/help/help.js" defer></script>
        ${refresh}
      </head>
      <body>
        <a class="skip" href="#content">${words.skip}</a>
        <header>
          <a class="home" href="/help?lang=${language}">${words.title}</a>
          <nav aria-label="${words.language}">
            ${languages.map((other) => languageLink(other, language, linkIn(other)))}
          </nav>
        </header>
        <main id="content" tabindex="-1">
          <p class="step">${words.step.replace("{n}", String(step))}</p>
          <h1>${heading}</h1>
          ${body}
        </main>
        <footer><p>${words.privacy}</p></footer>
      </body>
    </html>`;
}

function languageLink(language: Language, current: Language, href: string): Html {
  const { name } = texts[language];
  return language === current
    ? html`<span lang="${language}" aria-current="true">${name}</span>`
    : html`<a lang="${language}" hreflang="${language}" href="${href}">${name}</a>`;
}

/** For forms: what was told before. */
export const hidden = (fields: Readonly<Record<string, string>>): Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);

export const list = (items: readonly string[], kind: "ol" | "ul" = "ul"): Html => {
  const lines = items.map((item) => html`<li>${item}</li>`);
  return kind === "ol"
    ? html`<ol>
        ${lines}
      </ol>`
    : html`<ul>
        ${lines}
      </ul>`;
};
