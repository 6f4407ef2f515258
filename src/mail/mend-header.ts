// The header section of a message as a mail app should have written it: what RFC 6409 §8 lets a submission server add and
// correct. What a DKIM signature covers stays as it is.
import type { Instant } from "../base/world.ts";
import { type Address, isInternational } from "./address.ts";
import { formatDate, latin1, splitHeader } from "./header.ts";
import { listed, readTagList } from "./tag-list.ts";

interface MendingFacts {
  readonly now: Instant;
  /** With its angle brackets: `<0192f3@mail.example.org>`. */
  readonly newMessageId: () => string;
  /** For a message without From: its reverse-path, or its account's address. */
  readonly author?: Address | undefined;
}

/**
 * `header`: from the first octet of the message to the empty line that ends the section, that line included. It comes back
 * as it is, the same object, when there is nothing to mend.
 */
export function mendHeader(header: Uint8Array, facts: MendingFacts): Uint8Array {
  const text = latin1(header);
  const { fields, end } = splitFields(withoutMailboxLine(text));
  const signed = signedNames(fields);
  const kept = fields.filter(({ name, text }) => signed.has(name) || !isUnwanted(name, valueOf(text)));
  const missing = (name: string): boolean => !signed.has(name) && kept.every((field) => field.name !== name);
  const { now, newMessageId, author } = facts;
  const added = [
    ...(missing("date") ? [`Date: ${formatDate(now)}\r\n`] : []),
    ...(missing("message-id") ? [`Message-ID: ${newMessageId()}\r\n`] : []),
    ...(author !== undefined && missing("from") ? [`From: ${octets(author)}\r\n`] : []),
  ];
  const mended = `${added.join("")}${kept.map((field) => field.text).join("")}${end}`;
  return mended === text ? header : Buffer.from(mended, "latin1");
}

interface WholeField {
  /** In lower case. */
  readonly name: string;
  /** With name and line ends, one character for each octet. */
  readonly text: string;
}

/**
 * A line that is no field ends the section for us. Programs that look for fields behind it would read another message than
 * we have judged, so that an empty line is put in front of it.
 */
function splitFields(text: string): { readonly fields: readonly WholeField[]; readonly end: string } {
  const places = splitHeader(text, "end");
  const rest = text.slice(places.at(-1)?.end ?? 0);
  return {
    fields: places.map(({ name, start, end }) => ({ name, text: text.slice(start, end) })),
    end: /^(?:\r?\n|$)/.test(rest) ? rest : `\r\n${rest}`,
  };
}

/** The line that begins a message in an mbox file is none of it. */
const withoutMailboxLine = (text: string): string => text.replace(/^>?From [^\n]*\n(?=[!-9;-~]+[ \t]*:)/, "");

/** Names in `h=` of all signatures, be they there or not: one that is added would break a signature, too. RFC 6376 §5.4.2 */
const signedNames = (fields: readonly WholeField[]): ReadonlySet<string> =>
  new Set(
    fields
      .filter(({ name }) => name === "dkim-signature")
      .flatMap(({ text }) => listed(readTagList(valueOf(text)).tags.get("h"))),
  );

function isUnwanted(name: string, value: string): boolean {
  switch (name) {
    case "bcc":
    case "resent-bcc":
      return true; // RFC 5322 §3.6.3: not for all to see
    case "return-path":
      return true; // RFC 5321 §4.4: the last server writes it
    case "date":
      return !dateTime.test(value); // RFC 6409 §8.2
    case "message-id":
      return !/^<[^<>\s]+>$/.test(value); // RFC 6409 §8.3
    default:
      return false;
  }
}

/** RFC 5322 §3.3, with the obsolete forms of §4.3, and comments behind it. */
const dateTime =
  /^(?:[a-z]{3}\s*,\s*)?\d{1,2}\s+[a-z]{3}\s+\d{2,4}\s+\d{1,2}:\d{2}(?::\d{2})?\s+(?:[+-]\d{4}|[a-z]{1,5})(?:\s*\(.*\))?$/i;

const valueOf = (text: string): string =>
  text
    .slice(text.indexOf(":") + 1)
    .replaceAll(/\s+/g, " ")
    .trim();

const octets = (address: Address): string =>
  isInternational(address) ? Buffer.from(address).toString("latin1") : address;
