// The settings as a person finds them in the form of the app: its words, its order.
import { html } from "hono/html";
import type { ServerSettings } from "../../autoconfig/settings.ts";
import { appOf, type Field } from "./apps.ts";
import { fill, texts } from "./languages/texts.ts";
import type { Html } from "./layout.ts";
import { isWholeAddress, type Question, usernameOf, type Whose } from "./question.ts";

/** What is typed, or what to choose. */
interface Value {
  readonly text: string;
  /** It is copied and pasted. */
  readonly isTyped: boolean;
}

/** A table for one server. */
export function serverFields(server: ServerSettings, question: Question, whose: Whose): Html {
  const { settings: words } = texts[question.language];
  const { fields } = appOf(question.app);
  const heading =
    server.protocol === "smtp" ? words.outgoing : fill(words.incoming, { protocol: server.protocol.toUpperCase() });
  return html`<section class="server">
    <h3>${heading}</h3>
    <dl>
      ${fields.map((field) => row(field, valueOf(field, { server, question, whose }), question))}
      ${fields.includes("user") ? "" : row("user", valueOf("user", { server, question, whose }), question)}
    </dl>
  </section>`;
}

function row(field: Field, { text, isTyped }: Value, { language, app }: Question): Html {
  const { settings: words } = texts[language];
  const label = appOf(app).labels[language]?.[field] ?? words[field];
  const copy = isTyped
    ? html`<button
        type="button"
        class="copy"
        hidden
        data-copy="${text}"
        data-copied="${fill(words.copied, { value: text })}"
        aria-label="${words.copy}: ${label} ${text}"
      >
        ${words.copy}
      </button>`
    : "";
  const value = isTyped ? html`<code translate="no">${text}</code>` : html`<span>${text}</span>`;
  return html`<div>
    <dt>${label}</dt>
    <dd>${value}${copy}</dd>
  </div>`;
}

interface Of {
  readonly server: ServerSettings;
  readonly question: Question;
  readonly whose: Whose;
}

function valueOf(field: Field, { server, question, whose }: Of): Value {
  const { language, app } = question;
  const { settings: words } = texts[language];
  const chosen = (text: string): Value => ({ text, isTyped: false });
  switch (field) {
    case "server":
      return { text: server.host, isTyped: true };
    case "port":
      return { text: String(server.port), isTyped: true };
    case "security":
      return chosen(appOf(app).security === "switch" ? words.on : securityName(server, question));
    case "authentication":
      return chosen(
        server.logins[0] === "oauth2" ? words.oauth : (appOf(app).password?.[language] ?? words.normalPassword),
      );
    case "password":
      return chosen(server.logins[0] === "oauth2" ? words.oauth : words.yourPassword);
    case "user": {
      const name = usernameOf(server, whose);
      if (name !== undefined) return { text: name, isTyped: true };
      return chosen(isWholeAddress(server) ? words.userUnknown : words.userUnknownLocal);
    }
  }
}

/** As the app calls it. */
function securityName({ security }: ServerSettings, { app }: Question): string {
  switch (security) {
    case "tls":
      return appOf(app).values?.tls ?? "SSL/TLS";
    case "starttls":
      return appOf(app).values?.starttls ?? "STARTTLS";
    case "none":
      return "–";
  }
}
