// Octets in parts, as they came from a socket or are to go to one: joined only where that is cheaper than many parts.

export type Parts = readonly Uint8Array[];

export function bytesIn(parts: Parts): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}

/** One after the other. */
export async function* each(parts: Parts): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** From here on, to copy a part costs more than to pass it on by itself. */
const smallBytes = 16 * 1024;

/** The same octets: neighbours that are small are joined, large parts stay as they are. */
export function gathered(parts: Parts): Parts {
  if (parts.length <= 1) return parts;
  const gathered: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const join = (): void => {
    if (small.length > 0) gathered.push(small.length === 1 ? small[0]! : Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length < smallBytes) small.push(part);
    else {
      join();
      gathered.push(part);
    }
  }
  join();
  return gathered;
}
