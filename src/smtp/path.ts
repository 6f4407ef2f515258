// The path of MAIL and RCPT: `<@relay.example:ann@example.org>`. RFC 5321 §4.1.2.
import { type Address, isInternational, parseAddress } from "../mail/address.ts";
import { limits } from "./limits.ts";

export interface Path {
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
 * `text` is what stands behind `FROM:` or `TO:`; undefined: no path that we can read. `postmaster` is what `<Postmaster>`
 * stands for, where it may come. RFC 5321 §4.5.1: it is the one recipient that needs no domain.
 */
export function parsePath(text: string, postmaster?: Address): Path | undefined {
  const [, inner, rest = ""] = bracketed.exec(text) ?? [];
  if (inner === undefined || Buffer.byteLength(inner) + 2 > limits.pathBytes) return undefined;
  const mailbox = inner.replace(sourceRoute, "");
  const address = inner === "" ? "" : isPostmaster(mailbox) ? postmaster : parseAddress(mailbox);
  if (address === undefined) return undefined;
  return { address, international: isInternational(mailbox), words: rest.split(" ").filter((word) => word !== "") };
}

const isPostmaster = (mailbox: string): boolean => mailbox.toLowerCase() === "postmaster";
