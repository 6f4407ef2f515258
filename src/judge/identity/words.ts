// Text of strangers that is to stand in a reason, a reply or a header field.

/** Printable ASCII on one line, at most `maxChars` of it. RFC 7208 §6.2 warns of what a domain may say. */
export const printable = (text: string, maxChars: number): string => {
  const line = text.slice(0, maxChars).replaceAll(/[^ -~]/g, "?");
  return text.length > maxChars ? `${line.slice(0, maxChars - 3)}...` : line;
};
