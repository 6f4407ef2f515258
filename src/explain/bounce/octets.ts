// A message's bytes as a string of one character for each octet, with LF line ends. Of a huge message the head and the tail
// are looked at: the report stands in front of the message that it returns, seldom behind it.

/** What is read of a message, in octets: a report of hundreds of recipients fits in, a returned film does not. */
export const readLimits = { headBytes: 768 * 1_024, tailBytes: 128 * 1_024 } as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function readOctets(bytes: Uint8Array): string {
  const { headBytes, tailBytes } = readLimits;
  const text =
    bytes.length <= headBytes + tailBytes
      ? octetString(bytes)
      : `${octetString(bytes.subarray(0, headBytes))}\n${octetString(bytes.subarray(-tailBytes))}`;
  return text.includes("\r") ? text.replaceAll("\r\r\n", "\n").replaceAll(/\r\n?/g, "\n") : text;
}

function octetString(bytes: Uint8Array): string {
  // most mail is ASCII, and is decoded at once; nothing is gained by a look first
  try {
    const text = utf8.decode(bytes);
    if (text.length === bytes.length) return text;
  } catch {
    // 8-bit text in another charset: octet by octet
  }
  return octetsOf(bytes);
}

/** What `apply` takes is any array-like; its type asks for more. */
const charCodes = (bytes: Uint8Array): number[] => bytes as unknown as number[];

const chunk = 8_192; // arguments of one call

/** One character for each octet. */
export function octetsOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += chunk)
    text += String.fromCharCode.apply(null, charCodes(bytes.subarray(at, at + chunk)));
  return text;
}

/** Back to bytes. */
export function bytesOf(octets: string): Uint8Array {
  const bytes = new Uint8Array(octets.length);
  for (let at = 0; at < octets.length; at += 1) bytes[at] = octets.charCodeAt(at);
  return bytes;
}

/** The messages of a mailbox file, where `octets` are one: each begins with a "From " line. RFC 4155 */
export function messagesOf(octets: string): readonly string[] {
  if (!octets.startsWith("From ")) return [octets];
  const starts = [
    0,
    ...[...octets.matchAll(/\n\nFrom \S{1,300} {1,5}(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) /g)]
      .slice(0, maxMessages - 1)
      .map(({ index }) => index + 2),
  ];
  return starts.map((start, i) => octets.slice(start, starts[i + 1]));
}

const maxMessages = 100;
