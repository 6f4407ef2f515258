// The words that an HTML text shows, in lines as a reader sees them. One pass; nothing is interpreted.

/** Elements that begin a line of their own. */
const lineElements = new Set(
  "p br div tr li ul ol table h1 h2 h3 h4 h5 h6 hr blockquote pre title body center section article dt dd".split(" "),
);

/** Elements whose content is shown to nobody. */
const hiddenElements = new Set(["style", "script", "title"]);

export function htmlText(html: string): string {
  let text = "";
  let at = 0;
  let inPre = false;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    const piece = html.slice(at, open === -1 ? undefined : open);
    text += entitiesDecoded(inPre ? piece : piece.replaceAll(/\s+/g, " "));
    if (open === -1) break;
    const address = addressInBrackets(html, open);
    if (address !== "") {
      text += address;
      at = open + address.length;
      continue;
    }
    const isComment = html.startsWith("<!--", open);
    const close = html.indexOf(isComment ? "-->" : ">", open);
    if (close === -1) break;
    const name = isComment
      ? ""
      : (/^<\/?([a-z][a-z\d]{0,15})/i.exec(html.slice(open, open + 20))?.[1] ?? "").toLowerCase();
    at = close + (isComment ? 3 : 1);
    if (hiddenElements.has(name) && html[open + 1] !== "/") at = endOfElement(html, at, name);
    if (name === "pre") inPre = html[open + 1] !== "/";
    if (lineElements.has(name)) text += "\n";
    else if (name === "td" || name === "th") text += " ";
  }
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/** `<user@example.org>` is no element, though programs forget to write it as HTML wants. */
function addressInBrackets(html: string, open: number): string {
  return /^<[^\s<>"=]{1,100}@[^\s<>"=]{1,200}>/.exec(html.slice(open, open + 310))?.[0] ?? "";
}

/** One that is never closed hides all that follows, as in a browser. */
function endOfElement(html: string, from: number, name: string): number {
  const close = new RegExp(`</${name}`, "gi");
  close.lastIndex = from;
  return close.exec(html)?.index ?? html.length;
}

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  auml: "ä",
  ouml: "ö",
  uuml: "ü",
  Auml: "Ä",
  Ouml: "Ö",
  Uuml: "Ü",
  szlig: "ß",
  eacute: "é",
  egrave: "è",
  agrave: "à",
  aacute: "á",
  oacute: "ó",
  iacute: "í",
  uacute: "ú",
  ntilde: "ñ",
  ccedil: "ç",
  ecirc: "ê",
  atilde: "ã",
  otilde: "õ",
  rsquo: "’",
  lsquo: "‘",
  ldquo: "“",
  rdquo: "”",
  ndash: "–",
  mdash: "—",
  hellip: "…",
};

const entity = /&(?:#(\d{1,7}|[xX][\dA-Fa-f]{1,6})|([A-Za-z]{2,8}));/g;

function entitiesDecoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(entity, (whole, number?: string, name?: string) => {
    if (number === undefined) return named[name!] ?? whole;
    const code = Number(/^x/i.test(number) ? `0${number}` : number);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : whole;
  });
}
