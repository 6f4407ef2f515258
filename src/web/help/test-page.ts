// Step 3: what arrives here while the visitor's app tries to send.
import { html } from "hono/html";
import type { AppSettings } from "../../autoconfig/settings.ts";
import type { Instant } from "../../base/world.ts";
import { type RecentVisits, type SeenSession, visitLimits } from "../../receive/visits.ts";
import { appOf } from "./apps.ts";
import { fill, texts } from "./languages/texts.ts";
import { type Html, list, page } from "./layout.ts";
import type { Looked } from "./look.ts";
import { queryOf, type Question, type Whose } from "./question.ts";
import { testButton } from "./settings-page.ts";
import { type Line, type Story, tell } from "./story.ts";

interface TestParts {
  readonly question: Question;
  readonly whose: Whose;
  readonly settings: AppSettings;
  readonly visits: Pick<RecentVisits, "isName">;
  /** Of the visitor's network; undefined: it is not watched, or not for this visitor. */
  readonly sessions: readonly SeenSession[] | undefined;
  /** Of the visitor. */
  readonly address: string;
  readonly since: Instant;
  /** Of the start, as it stands in the page's address. */
  readonly ticket: string;
  readonly now: Instant;
  /** The servers for incoming mail, as they look from here. */
  readonly looked: readonly Looked[];
}

/** How often the page looks again. */
const refreshSeconds = 4;

export function testPage(parts: TestParts): Html {
  const { question, sessions, since, now } = parts;
  const { test: words, back } = texts[question.language];
  const leftMs = since + visitLimits.watchMs - now;
  const isRunning = leftMs > 0 && sessions !== undefined;
  const stories = storiesOf(parts);
  const body = html`
    ${appOf(question.app).cloud ? html`<p class="note">${words.cloud}</p>` : ""}
    <div id="run" ${isRunning ? html`data-running="${refreshSeconds}"` : ""}>
      <p class="state">
        ${
          isRunning
            ? html`<strong>${words.running}</strong> ${words.now}
                <span class="left">${fill(words.left, { seconds: String(Math.ceil(leftMs / 1_000)) })}</span>`
            : html`<strong>${words.over}</strong>`
        }
      </p>
      <div class="live" aria-live="polite">
        ${result(stories, question, isRunning)} ${stories.map((story, i) => connection(story, i + 1, parts))}
      </div>
    </div>
    ${isRunning ? html`<noscript><p class="hint">${words.refresh}</p></noscript>` : testButton(question, words.again)}
    ${receiving(parts)}
    <p class="hint">${fill(words.network, { address: parts.address })} ${words.shared}</p>
    <p><a href="/help?${queryOf(question)}">${back}</a></p>
  `;
  const linkIn = (language: Question["language"]): string =>
    `/help/test?${queryOf({ ...question, language }, { since: parts.ticket })}`;
  const shared = { language: question.language, heading: words.heading, step: 3, linkIn };
  return page({ ...shared, body, ...(isRunning && { refreshSeconds }) });
}

/** Connections that began before the start are left out, and those of which nothing can be told. */
function storiesOf({ question, whose, settings, visits, sessions = [], since, now }: TestParts): Story[] {
  const { language } = question;
  return sessions
    .filter(({ happenings }) => (happenings[0]?.at ?? 0) >= since)
    .map((session) => tell(session, { language, whose, outgoing: settings.outgoing, visits, now }));
}

/** The whole in one sentence. */
function result(stories: readonly Story[], { language }: Question, isRunning: boolean): Html {
  const { test: words } = texts[language];
  const banner = (level: Line["level"], text: string, more: Html | "" = ""): Html =>
    html`<div class="result ${level}">
      <h2>${words.result}</h2>
      <p>${mark(level, language)}${text}</p>
      ${more}
    </div>`;
  if (stories.some(({ reached }) => reached === "accepted")) return banner("good", words.works);
  const faults = stories.map(({ lines }) => lines.filter(({ level }) => level === "bad"));
  const last = faults.findLast((some) => some.length > 0);
  if (last !== undefined) {
    const sentences = last.map(({ text }) => html`<p>${text}</p>`);
    return banner("bad", words.found, html`${sentences}`);
  }
  if (stories.some(({ reached }) => reached === "login")) return banner("good", words.worksLogin);
  if (stories.length > 0) return html``;
  return isRunning ? html`<p>${words.nothingYet}</p>` : banner("bad", words.nothing, list(words.nothingWhy));
}

function connection({ lines }: Story, n: number, { question: { language }, since }: TestParts): Html {
  const { test: words } = texts[language];
  const when = (at: Instant): Html => {
    const seconds = String(Math.max(0, Math.round((at - since) / 1_000)));
    return html`<span class="at">${fill(words.after, { seconds })}</span>`;
  };
  return html`<section class="connection">
    <h3>${fill(words.connection, { n: String(n) })}</h3>
    <ul>
      ${lines.map(
        ({ level, text, at }, i) =>
          html`<li class="${level}">${mark(level, language)}${text} ${at === lines[i - 1]?.at ? "" : when(at)}</li>`,
      )}
    </ul>
  </section>`;
}

const signs = { good: "✓", bad: "✗", info: "·" } as const;

/** Neither colour nor sign alone says it. */
const mark = (level: Line["level"], language: Question["language"]): Html =>
  html`<span class="sign" aria-hidden="true">${signs[level]}</span
    ><span class="aloud">${texts[language].test[level]} </span>`;

function receiving({ looked, question: { language } }: TestParts): Html | "" {
  if (looked.length === 0) return "";
  const { test: words } = texts[language];
  const sentences = { answers: words.answers, "no-answer": words.noAnswer, "not-seen": words.notSeen } as const;
  const lines = looked.map(({ server, seen }) =>
    fill(sentences[seen], { server: server.host, port: String(server.port) }),
  );
  return html`<section>
    <h2>${words.receiving}</h2>
    <p>${words.receivingNote}</p>
    ${list(lines)}
    <p class="hint">${words.accountCheck}</p>
  </section>`;
}
