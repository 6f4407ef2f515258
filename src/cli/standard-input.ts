// A message from standard input.

/** All bytes, or those before a line with only a dot. */
export async function readMessage(input: AsyncIterable<Uint8Array>, dotEnds: boolean): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let tail = "\n"; // the last bytes, where a dot may stand; the first line begins like any other
  for await (const bytes of input) {
    const text = tail + Buffer.from(bytes).toString("latin1");
    const dot = dotEnds ? /\n\.\r?\n/.exec(text) : null;
    if (dot !== null) {
      const before = Buffer.concat(chunks);
      const end = before.length - tail.length + dot.index + 1;
      return Buffer.concat([before, bytes]).subarray(0, Math.max(end, 0));
    }
    chunks.push(bytes);
    tail = text.slice(-longestDotLine);
  }
  return Buffer.concat(chunks);
}

/** "\n.\r", without its end. */
const longestDotLine = 3;
