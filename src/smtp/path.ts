// The path of MAIL and RCPT: `<@relay.example:ann@example.org>`. RFC 5321 §4.1.2.
import { type Address, asPlainAddress, isInternational, parseAddress } from "../mail/address.ts";
import { limits } from "./limits.ts";

interface Path {
  /** "" is the null reverse-path. */
  readonly address: Address | "";
  /** It came with characters beyond ASCII, in the local part or the domain. */
  readonly international: boolean;
  /** What stood behind the path, split at spaces. */
  readonly words: readonly string[];
}

// a quoted local part may hold ">", "@" and spaces
const bracketed = /^ *<((?:"(?:[^"\\]|\\.)*"|[^"<>])*)>( .*)?$/s;
// RFC 5321 §4.1.2 A-d-l; §3.6.1, Appendix C: accept and ignore
const sourceRoute = /^@(?:\[[^\]]*\]|[^@:,[\]]+)(?:,@(?:\[[^\]]*\]|[^@:,[\]]+))*:/;

/**
 * `text` is what stands behind `FROM:` or `TO:`; undefined: no path that we can read. `<Postmaster>`, where it may come,
 * is that of `ourName`. RFC 5321 §4.5.1: it is the one recipient that needs no domain.
 */
export const parsePath = (text: string, ourName?: string): Path | undefined =>
  parsePlainPath(text) ?? parseAnyPath(text, ourName);

/** `<ann@example.org>`, as most paths are. */
function parsePlainPath(text: string): Path | undefined {
  const end = text.indexOf(">");
  const address = text.startsWith("<") ? asPlainAddress(text.slice(1, end)) : undefined;
  if (address === undefined) return undefined;
  if (end === text.length - 1) return { address, international: false, words: [] };
  return text[end + 1] === " " ? { address, international: false, words: wordsOf(text.slice(end + 1)) } : undefined;
}

function parseAnyPath(text: string, ourName: string | undefined): Path | undefined {
  const [, inner, rest = ""] = bracketed.exec(text) ?? [];
  if (inner === undefined || Buffer.byteLength(inner) + 2 > limits.pathBytes) return undefined;
  const mailbox = inner.replace(sourceRoute, "");
  const address = inner === "" ? "" : parseAddress(completed(mailbox, ourName));
  if (address === undefined) return undefined;
  return { address, international: isInternational(mailbox), words: wordsOf(rest) };
}

const wordsOf = (text: string): string[] => text.split(" ").filter((word) => word !== "");

const completed = (mailbox: string, ourName: string | undefined): string =>
  ourName !== undefined && mailbox.toLowerCase() === "postmaster" ? `postmaster@${ourName}` : mailbox;
