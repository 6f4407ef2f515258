// Step 1: what is wrong, whose mail it is, which app.
import { html } from "hono/html";
import { appIds } from "./apps.ts";
import { fill, texts } from "./languages/texts.ts";
import { type Html, page } from "./layout.ts";
import { problems, type Question } from "./question.ts";
import { saidChars } from "./said.ts";

interface StartParts {
  readonly question: Question;
  /** A domain of ours, for examples. */
  readonly domain: string;
  /** What is wrong with the address, in words. */
  readonly fault?: string;
}

export function startPage({ question, domain, fault }: StartParts): Html {
  const { language, problem, address, said } = question;
  const { start: words } = texts[language];
  const body = html`
    <p class="lead">${words.lead}</p>
    <form method="get" action="/help/settings">
      <input type="hidden" name="lang" value="${language}" />
      <fieldset class="choices">
        <legend>${words.problem}</legend>
        ${problems.map(
          (id) =>
            html`<label
              ><input type="radio" name="problem" value="${id}" ${id === problem ? "checked" : ""} />
              <span>${words.problems[id]}</span></label
            >`,
        )}
      </fieldset>
      <div class="field">
        <label for="address">${words.address}</label>
        ${fault === undefined ? "" : html`<p class="fault" id="address-fault" role="alert">${fault}</p>`}
        <input
          id="address"
          name="address"
          type="text"
          inputmode="email"
          autocomplete="email"
          autocapitalize="none"
          spellcheck="false"
          required
          maxlength="320"
          value="${address}"
          placeholder="${`you@${domain}`}"
          aria-describedby="${fault === undefined ? "address-hint" : "address-fault address-hint"}"
          ${fault === undefined ? "" : html`aria-invalid="true"`}
        />
        <p class="hint" id="address-hint">${words.addressHint}</p>
      </div>
      ${appChoice(question)}
      <div class="field">
        <label for="said">${words.said}</label>
        <textarea
          id="said"
          name="said"
          rows="3"
          maxlength="${saidChars}"
          spellcheck="false"
          aria-describedby="said-hint"
        >
${said}</textarea>
        <p class="hint" id="said-hint">${words.saidHint}</p>
      </div>
      <button class="main">${words.go}</button>
    </form>
  `;
  const linkIn = (other: string): string => `/help?lang=${other}`;
  return page({ language, heading: words.heading, body, step: 1, linkIn });
}

function appChoice({ language, app }: Question): Html {
  const { start, apps } = texts[language];
  return html`<div class="field">
    <label for="app">${start.app}</label>
    <select id="app" name="app">
      ${appIds.map((id) => html`<option value="${id}" ${id === app ? "selected" : ""}>${apps[id]}</option>`)}
    </select>
  </div>`;
}

/** In words, for an address that leads to none of our domains. */
export function faultOf(question: Question, { domain, host }: { domain?: string; host: string | undefined }): string {
  const { start } = texts[question.language];
  if (domain === undefined) return fill(start.badAddress, { domain: host ?? "example.org" });
  return host === undefined ? fill(start.foreignShort, { domain }) : fill(start.foreign, { domain, ours: host });
}
