// An SMTP reply as a value, written and read. RFC 5321 §4.2, RFC 2034, RFC 3463.

/** class.subject.detail, RFC 3463 §2. */
export type EnhancedCode = `${2 | 4 | 5}.${number}.${number}`;

/** Of the text of a line: with codes and line end it has 512 octets at most. RFC 5321 §4.5.3.1.5 */
export const replyLineChars = 450;

export interface Reply {
  /** 200–599 */
  readonly code: number;
  readonly enhanced?: EnhancedCode;
  /** At least one line, without codes and without line ends. */
  readonly lines: readonly string[];
}

export function reply(code: number, enhanced: EnhancedCode | undefined, ...texts: string[]): Reply {
  const lines = texts.length === 0 ? [""] : texts;
  return enhanced === undefined ? { code, lines } : { code, enhanced, lines };
}

export const isPositive = ({ code }: Reply): boolean => code < 400;
export const isTransient = ({ code }: Reply): boolean => code >= 400 && code < 500;

/** The reply in octets, CRLF included; the enhanced code stands on every line. RFC 2034 §4. */
export function formatReply({ code, enhanced, lines }: Reply): string {
  const prefix = enhanced === undefined ? "" : `${enhanced} `;
  let text = "";
  lines.forEach((line, i) => (text += `${code}${i < lines.length - 1 ? "-" : " "}${prefix}${line}\r\n`));
  return text;
}

/** One line of text, as people read it: `550 5.1.1 no such user; try another`. */
export const replyText = ({ code, enhanced, lines }: Reply): string =>
  [code, enhanced, lines.join(" ")].filter((part) => part !== undefined && part !== "").join(" ");

const replyLine = /^([2-5]\d\d)(?:([ -])(.*))?$/s;
const enhancedPrefix = /^([245]\.\d{1,3}\.\d{1,3})(?:[ ]+|$)/;

/** One line of a reply, without its line end; undefined: this is not SMTP. */
export function parseReplyLine(line: string): { code: number; last: boolean; text: string } | undefined {
  const [, code, mark, text = ""] = replyLine.exec(line) ?? [];
  return code === undefined ? undefined : { code: Number(code), last: mark !== "-", text };
}

/** Lines of one reply, as `parseReplyLine` gave them, put together; the enhanced code of the first line counts. */
export function assembleReply(code: number, texts: readonly string[]): Reply {
  const [first = "", ...others] = texts;
  const [prefix, enhanced] = enhancedPrefix.exec(first) ?? [];
  // an enhanced code of another class than the reply's says nothing. RFC 2034 §3
  if (prefix === undefined || Number(enhanced![0]) !== Math.floor(code / 100))
    return { code, lines: [first, ...others] };
  const lines = [first.slice(prefix.length), ...others.map((text) => text.replace(enhancedPrefix, ""))];
  return { code, enhanced: enhanced as EnhancedCode, lines };
}
