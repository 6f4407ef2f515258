// Text inside ESMTP parameters. xtext: RFC 3461 §4; utf-8-addr-xtext: RFC 6533 §3.

const xtext = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;
const utf8Xtext = /^(?:[!-*,-<>-[\]-~\u0080-\u{10ffff}]|\\x\{[0-9A-F]{2,6}\})*$/u;
/** Control characters would write lines of their own into a DSN. */
const printable = /^[ -~]*$/;
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** Undefined: not xtext, or it hides something unprintable. */
export function decodeXtext(text: string): string | undefined {
  if (!xtext.test(text)) return undefined;
  const plain = text.replaceAll(/\+(..)/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return printable.test(plain) ? plain : undefined;
}

/** The same for addresses of type `utf-8`, where `\x{E9}` stands for é. */
export function decodeUtf8Xtext(text: string): string | undefined {
  if (!utf8Xtext.test(text)) return undefined;
  const codePoints = [...text.matchAll(/\\x\{(\w+)\}/g)].map(([, hex]) => Number.parseInt(hex!, 16));
  if (codePoints.some((point) => point > 0x10_ffff || (point >= 0xd800 && point < 0xe000))) return undefined;
  const plain = text.replaceAll(/\\x\{(\w+)\}/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return control.test(plain) ? undefined : plain;
}
