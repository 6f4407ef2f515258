// Content-Transfer-Encoding, read tolerantly: what cannot be decoded stays as it is. RFC 2045 §6

/** `octets` as they were before the encoding; unknown encodings change nothing. */
export function decodeTransfer(octets: string, encoding: string): string {
  const name = encoding.trim().toLowerCase();
  if (name.startsWith("quoted")) return decodeQuotedPrintable(octets);
  if (name.startsWith("base64")) return decodeBase64(octets);
  return octets;
}

/** RFC 2045 §6.7 */
export function decodeQuotedPrintable(octets: string): string {
  if (!octets.includes("=")) return octets;
  return octets.replaceAll(/=(?:\n|[ \t]{1,20}\n|([\dA-Fa-f]{2}))/g, (_, hex: string | undefined) =>
    hex === undefined ? "" : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const base64Text = /^[A-Za-z0-9+/=\s]*$/;

/** RFC 2045 §6.8; stops at what is not base64 (a footer that was added behind it), which is kept as text. */
export function decodeBase64(octets: string): string {
  const end = base64Text.test(octets) ? octets.length : lastBase64Line(octets);
  const clean = octets.slice(0, end).replaceAll(/[=\s]/g, "");
  const whole = clean.slice(0, clean.length % 4 === 1 ? -1 : undefined);
  const rest = octets.slice(end);
  try {
    return `${atob(whole).replaceAll(/\r\n?/g, "\n")}${rest === "" ? "" : `\n${rest}`}`;
  } catch {
    return octets;
  }
}

/** Where the lines of base64 end. */
function lastBase64Line(octets: string): number {
  let at = 0;
  while (at < octets.length) {
    const end = octets.indexOf("\n", at);
    const line = octets.slice(at, end === -1 ? undefined : end);
    if (!base64Text.test(line) || (line.includes(" ") && line.trim().includes(" "))) return at;
    if (end === -1) break;
    at = end + 1;
  }
  return octets.length;
}

/** A text that is nothing but base64, several lines of it: a message or part that was encoded and does not say so. */
export const looksLikeBase64 = (octets: string): boolean =>
  octets.length >= 64 && /^[A-Za-z0-9+/]{40,100}\n[A-Za-z0-9+/=\n]*$/.test(octets.slice(0, 4_096).trimEnd());
