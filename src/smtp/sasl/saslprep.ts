// User names and passwords in the one form in which they are compared. RFC 4013 (SASLprep), as a query: characters newer
// than its tables are taken. RFC 8265 §4.2 gave up its rule about directions, which forbids "שלום1".

/** RFC 3454 C.1.2 */
const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
/** RFC 3454 B.1: soft hyphen, joiners, variation selectors. */
const ignored = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** RFC 3454 C.2–C.9: controls, private use, no characters, what is not plain text or changes how it is shown. */
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2060-\u206f\u2ff0-\u2ffb\ufff9-\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]|\u0340|\u0341/u;

const asciiOnly = /^[ -~]+$/;

/** Undefined: empty, or with characters that no name and no password may have. */
export function saslPrep(text: string): string | undefined {
  if (asciiOnly.test(text)) return text;
  const prepared = text.replaceAll(spaces, " ").replaceAll(ignored, "").normalize("NFKC");
  return prepared === "" || prohibited.test(prepared) ? undefined : prepared;
}
