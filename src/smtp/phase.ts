// Where a session stands, as a union of named states, and what it waits for there.
import type { Reply } from "../mail/reply.ts";
import type { Command } from "./command.ts";
import type { ContentReader } from "./content-reader.ts";
import type { Waiting } from "./effect.ts";
import type { Framing } from "./framing.ts";
import type { Transaction } from "./rule.ts";

/** A transaction whose content has begun. */
export type Begun = Transaction & { readonly content: ContentReader };

export interface ReadingContent {
  readonly kind: "content";
  readonly framing: Framing;
  /** The message ends with this stretch. */
  readonly last: boolean;
  /** Where the octets go; a reply is why they go nowhere. */
  readonly to: Begun | Reply;
}

export type Phase =
  /** Before the greeting, when a client must be silent. RFC 5321 §4.3.1 */
  | { readonly kind: "opening" }
  /** The same after XCLIENT; a trusted proxy may be ahead of us. */
  | { readonly kind: "reopening" }
  | { readonly kind: "command" }
  | { readonly kind: "deciding"; readonly command: Command }
  | { readonly kind: "deciding-message" }
  /** The next line is the client's response to a challenge. RFC 4954 §4 */
  | { readonly kind: "login" }
  | { readonly kind: "deciding-login" }
  | ReadingContent
  | { readonly kind: "tls" }
  | { readonly kind: "closed" };

export function waitingIn({ kind }: Phase): Waiting {
  switch (kind) {
    case "opening":
    case "reopening":
    case "deciding":
    case "deciding-message":
    case "deciding-login":
      return "answer";
    case "login":
      return "command";
    case "command":
    case "content":
    case "tls":
    case "closed":
      return kind;
  }
}
