// The letter of a notice as HTML: headings and lists for screen readers, no colours of its own, nothing from elsewhere.
import type { Language } from "../explain/explanation.ts";
import type { Block } from "./letter.ts";

const page = "max-width:40em;margin:0 auto;padding:1em;font-family:sans-serif;font-size:1em;line-height:1.5";
const quoted = "margin:0;padding:.2em 1em;border-left:3px solid;font-family:monospace;overflow-wrap:anywhere";

/** With CRLF at each line's end. */
export function htmlText(letter: readonly Block[], style: { language: Language; colon: string }): string {
  const title = letter.find(({ kind }) => kind === "title");
  return [
    "<!DOCTYPE html>",
    `<html lang="${style.language}" dir="ltr">`,
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(title?.kind === "title" ? title.text.replace(/\s*[:：]$/u, "") : "")}</title>`,
    "</head>",
    '<body style="margin:0">',
    // again here, because mail programs keep the body only
    `<div lang="${style.language}" dir="ltr" style="${page}">`,
    ...letter.flatMap((block) => linesOf(block, style.colon)),
    "</div>",
    "</body>",
    "</html>",
    "",
  ].join("\r\n");
}

function linesOf(block: Block, colon: string): string[] {
  switch (block.kind) {
    case "title":
      return [`<h1 style="font-size:1.3em">${escape(block.text)}</h1>`];
    case "heading":
      return [`<h2 style="font-size:1.1em;margin:1.5em 0 .3em">${escape(block.text)}</h2>`];
    case "text":
      return [`<p style="margin:.5em 0">${escape(block.text)}</p>`];
    case "labelled":
      return [`<p style="margin:.5em 0">${escape(block.label + colon)}<strong>${escape(block.text)}</strong></p>`];
    case "addresses":
      return list("ul", [
        ...block.addresses.map((address) => `<bdi style="overflow-wrap:anywhere">${escape(address)}</bdi>`),
        ...(block.more === undefined ? [] : [escape(block.more)]),
      ]);
    case "rule":
      return ['<hr style="margin:1.5em 0;border:0;border-top:1px solid">'];
    case "steps":
      return list("ol", block.steps.map(escape));
    case "table":
      return [
        '<table style="border-spacing:0;text-align:left">',
        ...block.rows.map(
          ([name, value]) =>
            `<tr><th scope="row" style="padding-right:1em;vertical-align:top;font-weight:normal">${escape(name)}</th><td dir="auto" style="overflow-wrap:anywhere">${escape(value)}</td></tr>`,
        ),
        "</table>",
      ];
    case "quote":
      return [
        `<p style="margin:.5em 0">${escape((block.title + colon).trimEnd())}</p>`,
        `<blockquote lang="" dir="auto" style="${quoted}">${escape(block.text)}</blockquote>`,
      ];
    case "technical":
      return list("ul", block.lines.map(escape), "en");
  }
}

const list = (tag: "ul" | "ol", items: readonly string[], language?: Language): string[] => [
  `<${tag}${language === undefined ? "" : ` lang="${language}"`} style="margin:.5em 0;padding-left:1.5em">`,
  ...items.map((item) => `<li>${item}</li>`),
  `</${tag}>`,
];

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** For what stands between tags; no stranger's text goes into one. */
const escape = (text: string): string => text.replaceAll(/[&<>]/g, (character) => entities[character]!);
