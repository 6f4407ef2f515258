// Content as programs on this machine write it, brought into the one form that mail has: lines that end in CRLF.
// RFC 5321 §2.3.8; RFC 6409 §8 lets the submission side mend a message.

/** The content is no message and was not taken; the words say why. */
export class BadContent extends Error {
  override readonly name = "BadContent";
}

/**
 * Every line end (CRLF, LF, CR) becomes CRLF, and the last line gets one, so that no bare CR or LF is ever passed on.
 * Throws BadContent at a NUL, which no mail may hold (RFC 5322 §4).
 */
export async function* crlfLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let heldCr = ""; // its LF may come with the next bytes
  let endsLine = true;
  for await (const bytes of content) {
    const text = heldCr + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    if (text.includes("\0"))
      throw new BadContent("the message holds a NUL byte: encode binary parts, for example in base64");
    heldCr = text.endsWith("\r") ? "\r" : "";
    const lines = heldCr === "" ? text : text.slice(0, -1);
    if (lines === "") continue;
    endsLine = heldCr === "" && lines.endsWith("\n");
    yield Buffer.from(lines.replaceAll(/\r\n|\r|\n/g, "\r\n"), "latin1");
  }
  if (heldCr !== "" || !endsLine) yield Buffer.from("\r\n");
}
