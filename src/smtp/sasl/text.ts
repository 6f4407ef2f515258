// Octets of a SASL message as text: UTF-8 and nothing else. RFC 4422 §3.

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Undefined: not UTF-8. */
export function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
