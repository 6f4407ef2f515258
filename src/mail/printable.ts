// Text of strangers on its way to people: what acts on a terminal, a log, a reply or a header field is taken out of it.

/** Line ends and other controls, and the marks that turn the direction of writing round: they can make a text look like another. */
const unfit = String.raw`\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const eachUnfit = new RegExp(`[${unfit}]`, "gu");
const unfitRuns = new RegExp(`[${unfit}\\s]+`, "gu");

/** As nearly all words are: nothing in them has to be replaced. */
const harmless = /^[!-~]+(?: [!-~]+)*$/;

/** One line for a terminal or the log; a reply of many lines must not fill a screen. */
export const oneLine = (text: string): string => shortLine(text, 500, "…");

/** One line of at most `maxChars`, each run of spaces and of what is unfit one space; `mark` stands where the rest is missing. */
export function shortLine(text: string, maxChars: number, mark: string): string {
  // what is longer is cut anyway, so that work is bounded too
  const line = harmless.test(text)
    ? text
    : text
        .slice(0, maxChars * 4)
        .toWellFormed()
        .replaceAll(unfitRuns, " ")
        .trim();
  if (line.length <= maxChars) return line;
  const head = line.slice(0, maxChars - mark.length).replace(/[\ud800-\udbff]$/, "");
  return `${head.trimEnd()}${mark}`;
}

/** For addresses and lines of a letter, in which spaces count: each unfit character is a question mark, the others stay in place. */
export const inPlace = (text: string): string => text.toWellFormed().replaceAll(eachUnfit, "?");

/** For a reply or a header field: printable ASCII, at most `maxChars` of it, and a question mark for each other character. */
export function asciiLine(text: string, maxChars: number): string {
  const line = text.slice(0, maxChars).replaceAll(/[^ -~]/g, "?");
  return text.length > maxChars ? `${line.slice(0, maxChars - 3)}...` : line;
}
