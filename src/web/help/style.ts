// How the help pages look: on phones first, light and dark, and on paper.

/** Served as /help/help.css. */
export const style = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9;
  --card: #ffffff;
  --text: #1b2330;
  --quiet: #56606f;
  --line: #d7dce3;
  --edge: #7c8796;
  --accent: #0b5cad;
  --on-accent: #ffffff;
  --soft: #e7f0fa;
  --good: #136c3a;
  --good-soft: #e6f4eb;
  --bad: #a8201a;
  --bad-soft: #fcebea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c;
    --card: #1b2129;
    --text: #e8ecf1;
    --quiet: #a7b1be;
    --line: #333c48;
    --edge: #7c8796;
    --accent: #7ab8f5;
    --on-accent: #0d1a28;
    --soft: #1d2d3f;
    --good: #7fd6a2;
    --good-soft: #17301f;
    --bad: #ff9d94;
    --bad-soft: #3a1e1c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
:lang(ja) { line-height: 1.75; word-break: normal; word-break: auto-phrase; line-break: strict; }
header, main, footer { max-width: 42rem; margin: 0 auto; padding: 0 1rem; }
header {
  display: flex;
  flex-wrap: wrap;
  gap: 0.25rem 1.5rem;
  justify-content: space-between;
  align-items: baseline;
  padding-block: 1rem;
}
.home { color: inherit; font-weight: 600; text-decoration: none; }
.home:hover { text-decoration: underline; }
nav { display: flex; flex-wrap: wrap; gap: 0 0.875rem; font-size: 0.9375rem; }
nav a, nav span { padding-block: 0.25rem; }
nav [aria-current] { font-weight: 600; }
a { color: var(--accent); text-underline-offset: 0.15em; }
main { padding-bottom: 1.5rem; }
main:focus { outline: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--card); z-index: 1; }
.skip:focus { top: 0.5rem; }
.step { margin: 0.5rem 0 0; color: var(--quiet); font-size: 0.9375rem; }
h1 { margin: 0 0 0.75rem; font-size: clamp(1.5rem, 1.2rem + 1.6vw, 2rem); line-height: 1.25; text-wrap: balance; }
h2 { margin: 0 0 0.5rem; font-size: 1.25rem; line-height: 1.35; }
h3 { margin: 1.25rem 0 0.375rem; font-size: 1.0625rem; }
p { margin: 0 0 0.75rem; }
.lead { margin-bottom: 1.25rem; color: var(--quiet); }
section, form, form > fieldset, form > .field { margin: 0 0 1.25rem; }
main > section, .result, .connection {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 12px;
  padding: 1.125rem 1.125rem 0.5rem;
}
section > :last-child { margin-bottom: 0.625rem; }
ul, ol { margin: 0 0 0.75rem; padding-left: 1.375rem; }
li { margin-bottom: 0.375rem; }
fieldset { border: 0; padding: 0; min-width: 0; }
legend, .field > label { display: block; padding: 0; margin-bottom: 0.375rem; font-weight: 600; }
.choices label {
  display: flex;
  gap: 0.75rem;
  align-items: flex-start;
  margin-bottom: 0.5rem;
  padding: 0.75rem 0.875rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 10px;
  cursor: pointer;
}
.choices label:hover { border-color: var(--edge); }
.choices label:has(:checked) { border-color: var(--accent); background: var(--soft); box-shadow: inset 0 0 0 1px var(--accent); }
.choices label:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
.choices input { flex: none; width: 1.25rem; height: 1.25rem; margin: 0.1875rem 0 0; accent-color: var(--accent); outline: none; }
input[type="text"], select, textarea {
  display: block;
  width: 100%;
  min-height: 3rem;
  padding: 0.625rem 0.75rem;
  color: var(--text);
  background: var(--card);
  border: 1px solid var(--edge);
  border-radius: 8px;
  font: inherit;
}
textarea { resize: vertical; }
[aria-invalid] { border-color: var(--bad); box-shadow: inset 0 0 0 1px var(--bad); }
::placeholder { color: var(--quiet); opacity: 1; }
.hint { margin: 0.375rem 0 0.75rem; color: var(--quiet); font-size: 0.9375rem; }
.fault { padding: 0.625rem 0.75rem; color: var(--bad); background: var(--bad-soft); border-radius: 8px; }
.note { padding: 0.625rem 0.75rem; background: var(--soft); border-radius: 8px; }
.main, .button {
  display: inline-block;
  min-height: 3rem;
  padding: 0.6875rem 1.375rem;
  color: var(--on-accent);
  background: var(--accent);
  border: 1px solid transparent;
  border-radius: 8px;
  font: inherit;
  font-weight: 600;
  line-height: 1.5;
  text-decoration: none;
  cursor: pointer;
}
.main:hover, .button:hover { filter: brightness(1.08); }
blockquote {
  margin: 0 0 0.75rem;
  padding: 0.375rem 0.875rem;
  border-left: 4px solid var(--line);
  color: var(--quiet);
  white-space: pre-line;
}
dl { margin: 0 0 0.75rem; }
dl > div {
  display: grid;
  grid-template-columns: minmax(7.5rem, 2fr) 3fr;
  gap: 0 1rem;
  padding: 0.5rem 0;
  border-top: 1px solid var(--line);
  align-items: center;
}
dl > div:last-child { border-bottom: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; justify-content: space-between; align-items: center; min-height: 2.25rem; }
dd > span { font-weight: 600; }
code { font: 600 1rem/1.4 ui-monospace, "SF Mono", Consolas, "Noto Sans Mono", "DejaVu Sans Mono", monospace; user-select: all; }
.copy {
  min-height: 2.25rem;
  padding: 0.25rem 0.75rem;
  color: var(--accent);
  background: transparent;
  border: 1px solid var(--edge);
  border-radius: 8px;
  font: inherit;
  font-size: 0.9375rem;
  cursor: pointer;
}
.copy[hidden] { display: none; }
.copy:hover { background: var(--soft); }
.copy.done { color: var(--good); border-color: var(--good); }
.copy.done::after { content: " ✓"; }
details { margin: 0 0 0.75rem; }
summary { padding: 0.5rem 0; color: var(--accent); cursor: pointer; }
.left { color: var(--quiet); font-variant-numeric: tabular-nums; }
.result { border-width: 2px; margin-bottom: 1.25rem; }
.result.good { border-color: var(--good); background: var(--good-soft); }
.result.bad { border-color: var(--bad); background: var(--bad-soft); }
.connection h3 { margin-top: 0; }
.connection ul { list-style: none; padding: 0; }
.connection li { position: relative; padding-left: 1.75rem; }
.sign { font-weight: 700; margin-right: 0.375rem; }
.connection .sign { position: absolute; left: 0.125rem; }
.good > .sign, .result.good .sign { color: var(--good); }
.bad > .sign, .result.bad .sign { color: var(--bad); }
.at { display: block; color: var(--quiet); font-size: 0.875rem; }
.aloud { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
footer { padding-block: 1rem 2rem; color: var(--quiet); font-size: 0.9375rem; }
@media (max-width: 26rem) {
  dl > div { grid-template-columns: 1fr; gap: 0; }
}
@media (forced-colors: active) {
  .choices label:has(:checked) { outline: 2px solid Highlight; }
}
@media print {
  :root { --ground: #fff; --card: #fff; --text: #000; --quiet: #333; }
  header nav, .skip, .copy, .main, .button, .test { display: none; }
  main > section { border: 0; padding: 0; break-inside: avoid; }
}
`;
