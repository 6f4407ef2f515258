// How an attempt at one recipient ended.
import type { Instant } from "../base/world.ts";
import type { TlsFacts } from "./client.ts";
import type { Failure, RemoteHost } from "./failure.ts";
import type { Reply } from "./reply.ts";

/** One line of the story that `trace` tells: what was tried on the way to the outcome, and how it went. */
export interface Step {
  readonly host?: RemoteHost;
  /** Absent: this step went well. */
  readonly failure?: Failure;
  /** Does not name the host: "connected", "STARTTLS refused, went on in clear text", … */
  readonly text: string;
}

/** What a sender can be told about a recipient. RFC 3464 §2.3.3; Not `expanded`: of an alias, each address is told of. */
export type NoticeAction = "failed" | "delayed" | "delivered" | "relayed";

/** When a delivery that was not tried is due again. */
export interface Postponement {
  readonly until: Instant;
  /** Not all at once, but within so long after it. */
  readonly spreadMs: number;
  /** False: it waits however long it takes, as the operator wished. */
  readonly mayExpire: boolean;
}

export type Outcome =
  | {
      readonly kind: "delivered";
      readonly host: RemoteHost;
      readonly reply: Reply;
      readonly tls?: TlsFacts;
      /** The next hop took over the duty to send success notices (it offers DSN). RFC 3461 §5.2.2. */
      readonly dsnHandedOn: boolean;
      /** Final delivery (LMTP, Maildir), not a relay to another MTA. RFC 3461 §5.2.3: "delivered" or "relayed". */
      readonly final: boolean;
      readonly steps: readonly Step[];
    }
  | {
      readonly kind: "deferred";
      readonly because: Failure;
      readonly steps: readonly Step[];
      /** It was not tried: nothing can be delivered there now. */
      readonly postponed?: Postponement;
    }
  | { readonly kind: "bounced"; readonly because: Failure; readonly steps: readonly Step[] };
