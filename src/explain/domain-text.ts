// A domain as people write it: in U-labels, and on one line. RFC 5890 §2.3.2.1.
import { toASCII, toUnicode } from "punycode.js/punycode.es6.js";
import { clean } from "../mail/foreign-text.ts";

/** Of a domain. RFC 5321 §4.5.3.1.2 */
const longest = 255;

/** A name may be anything: where it does not mean what it would show, it stays as it is. */
export function domainText(name: string): string {
  const ascii = name.slice(0, longest).toLowerCase();
  return (ascii.includes("xn--") && inUnicode(ascii)) || clean(name, longest);
}

function inUnicode(ascii: string): string | undefined {
  try {
    const text = toUnicode(ascii);
    return toASCII(text) === ascii && clean(text, longest) === text ? text : undefined;
  } catch {
    return undefined; // not Punycode
  }
}
