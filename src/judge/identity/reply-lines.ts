// A reason and a remedy as lines of a reply. RFC 5321 §4.5.3.1.5: 512 octets with code and line end.
const lineChars = 400;

export const oneReply = (because: string, remedy: string): string[] => [...wrapped(`${because};`), ...wrapped(remedy)];

/** At spaces, where there are any. */
const wrapped = (text: string): string[] =>
  text.match(new RegExp(`.{1,${lineChars}}(?= |$)|.{1,${lineChars}}`, "g"))!.map((line) => line.trim());
