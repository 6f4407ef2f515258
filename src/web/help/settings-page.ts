// Step 2: what the message means, the right settings for this domain and this app, and the way to the test.
import { html } from "hono/html";
import { type AppSettings, isWhole, type ServerSettings } from "../../autoconfig/settings.ts";
import { profileLink } from "../paths.ts";
import { appOf } from "./apps.ts";
import { serverFields } from "./fields.ts";
import { fill, texts } from "./languages/texts.ts";
import { hidden, type Html, list, page } from "./layout.ts";
import { queryOf, type Question, type Whose } from "./question.ts";
import { meaningOf } from "./said.ts";

interface SettingsParts {
  readonly question: Question;
  readonly whose: Whose;
  readonly settings: AppSettings;
  /** Why no test was begun. */
  readonly notice?: string;
}

export function settingsPage(parts: SettingsParts): Html {
  const { question, whose, settings, notice } = parts;
  const { language, app } = question;
  const { settings: words, where } = texts[language];
  const body = html`
    ${notice === undefined ? "" : html`<p class="fault" role="alert">${notice}</p>`} ${meaning(question)}
    ${shortWay(parts)}
    <section>
      <h2>${fill(words.table, { domain: whose.domain })}</h2>
      <h3>${words.whereHeading}</h3>
      <p>${where[app]}</p>
      ${servers(settings.incoming, words.noIncoming, parts)} ${servers(settings.outgoing, words.noOutgoing, parts)}
      <p class="hint">${words.loginToo}</p>
    </section>
    ${causes(question)} ${testOffer(question, whose)}
    <p><a href="/help?${queryOf(question)}">${texts[language].back}</a></p>
  `;
  const linkIn = (other: Question["language"]): string => `/help/settings?${queryOf({ ...question, language: other })}`;
  return page({ language, heading: words.heading, body, step: 2, linkIn });
}

function meaning({ said, language }: Question): Html | "" {
  const found = meaningOf(said, language);
  if (found === undefined) return "";
  const { said: words, meanings } = texts[language];
  const quote = html`<blockquote>${said}</blockquote>`;
  const body =
    found.explained !== undefined
      ? html`<p>${words.server} ${found.explained.summary}</p>
          ${list(found.explained.steps, "ol")}`
      : found.meaning === undefined
        ? html`<p>${words.unknown}</p>`
        : html`<p>${meanings[found.meaning].text}</p>
            ${list(meanings[found.meaning].steps, "ol")}`;
  return html`<section class="meaning">
    <h2>${words.heading}</h2>
    ${quote} ${body}
  </section>`;
}

/** A profile, or a set-up by the app itself: nothing is typed, so nothing is mistyped. */
function shortWay({ question, whose, settings }: SettingsParts): Html | "" {
  const { settings: words } = texts[question.language];
  const { apple, auto } = appOf(question.app);
  if (!isWhole(settings) || !(apple || auto)) return "";
  const address = whose.localPart === undefined ? undefined : `${whose.localPart}@${whose.domain}`;
  const profile =
    address === undefined
      ? html`<p>${words.profileAddress}</p>`
      : html`<p><a class="button" href="${profileLink(address)}">${words.profileButton}</a></p>
          <p class="hint">${words.profileNext}</p>`;
  return html`<section>
    <h2>${words.autoHeading}</h2>
    ${
      apple
        ? html`<p>${words.profile}</p>
            ${profile}`
        : html`<p>${words.auto}</p>`
    }
  </section>`;
}

/** The best one; the others for who asks. */
function servers(all: readonly ServerSettings[], none: string, parts: SettingsParts): Html {
  const [best, ...others] = all;
  if (best === undefined) return html`<p class="fault">${none}</p>`;
  const { settings: words } = texts[parts.question.language];
  const alike = others.filter(({ protocol }) => protocol === best.protocol);
  const unlike = others.filter(({ protocol }) => protocol !== best.protocol);
  const [first] = unlike;
  const names = { best: best.protocol.toUpperCase(), protocol: first?.protocol.toUpperCase() };
  return html`${serverFields(best, parts.question, parts.whose)} ${folded(words.another, alike, parts)}
  ${folded(fill(words.otherProtocol, names), unlike, parts)}`;
}

function folded(summary: string, some: readonly ServerSettings[], { question, whose }: SettingsParts): Html | "" {
  if (some.length === 0) return "";
  return html`<details>
    <summary>${summary}</summary>
    ${some.map((server) => serverFields(server, question, whose))}
  </details>`;
}

function causes({ problem, language }: Question): Html {
  const { causes: words } = texts[language];
  return html`<section>
    <h2>${words.heading}</h2>
    ${list(words[problem])}
  </section>`;
}

function testOffer(question: Question, { localPart }: Whose): Html {
  const { language, app } = question;
  const { test: words } = texts[language];
  return html`<section class="test">
    <h2>${words.heading}</h2>
    <p>${words.offer}</p>
    ${appOf(app).cloud ? html`<p class="note">${words.cloud}</p>` : ""}
    ${localPart === undefined ? html`<p class="note">${words.full}</p>` : ""} ${testButton(question, words.button)}
  </section>`;
}

export const testButton = ({ language, problem, app, address, said }: Question, label: string): Html =>
  html`<form method="post" action="/help/test">
    ${hidden({ lang: language, problem, app, address, said })}<button class="main">${label}</button>
  </form>`;
