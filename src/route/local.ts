// Hand-over on this machine or to a mailbox server, as a domain's `deliver` setting says: Maildir and LMTP hops.
import { splitPort } from "../config/names.ts";
import type { Address } from "../mail/address.ts";
import { domainOf, localPartOf } from "../mail/address.ts";
import type { Hop } from "../mail/hop.ts";

/** `deliver` is `maildir:PATH`, `lmtp:HOST:PORT` or `lmtp:/PATH`, checked by the config; undefined: `relay`. */
export function localHops(deliver: string): ((recipient: Address) => Hop) | undefined {
  const [, way, place = ""] = /^(maildir|lmtp):(.+)$/s.exec(deliver) ?? [];
  if (way === "maildir") return (recipient) => maildirHop(place, recipient);
  if (way === "lmtp") {
    const to = place.startsWith("/") ? { path: place } : splitPort(place)!;
    return () => ({ kind: "lmtp", site: deliver, to });
  }
  return undefined;
}

/** A site of its own for each mailbox: deliveries of one site share one hop, and so one path. */
function maildirHop(template: string, recipient: Address): Hop {
  const values = { user: pathSegment(localPartOf(recipient)), domain: domainOf(recipient) };
  const path = template.replaceAll(/\{(user|domain)\}/g, (_, name: keyof typeof values) => values[name]);
  return { kind: "maildir", site: `maildir:${path}`, path };
}

/**
 * A local part as the name of one folder: it cannot leave its parent, hide behind a dot or clash with another one's.
 * Letters, digits and `_ + = -` stay, dots except the first; all else, and `%`, is percent-encoded; `""` keeps its quotes.
 */
function pathSegment(localPart: string): string {
  const unquoted = /^".+"$/s.test(localPart) ? localPart.slice(1, -1).replaceAll(/\\(.)/g, "$1") : localPart;
  return unquoted
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/^\.|[^\p{L}\p{M}\p{N}_+=.-]/gu, (character) =>
      Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
    );
}
