// A connection from which no password comes back: some servers repeat what they were told.
import type { Line } from "../net/connector.ts";

/** Shorter than this it may be part of any word, and taking it out would make answers unreadable. */
const fewestChars = 4;

/** What it reads has a mark where one of the secrets stood. */
export function withoutSecrets(line: Line, secrets: readonly string[]): Line {
  const hidden = secrets.filter(({ length }) => length >= fewestChars);
  const clean = (text: string): string => hidden.reduce((rest, secret) => rest.replaceAll(secret, "[password]"), text);
  return {
    place: line.place,
    async read(timeoutMs) {
      const read = await line.read(timeoutMs);
      return read.kind === "line" ? { ...read, text: clean(read.text) } : { ...read, unread: clean(read.unread) };
    },
    write: (text) => line.write(text),
    secure: (how) => line.secure(how),
    close: () => line.close(),
  };
}
