// Everything that can happen to a message, one typed value each. The log, `trace` and the metrics derive from these.
import type { Instant } from "../base/world.ts";
import type { CauseName, Confidence, Permanence } from "../explain/explanation.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import type { Client, TlsFacts } from "../mail/client.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import type { QueueId } from "../mail/message.ts";
import type { NoticeAction, Step } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";
import type { Authentication, Identity, SenderVerdicts } from "../mail/verdict.ts";

/** What was found out about a sender, and what the checks said: enough to come to the same decision again. */
export interface Judged {
  readonly identity: Identity;
  /** Absent: refused before the content came, or a trusted client. */
  readonly authentication?: Authentication;
  /** What was known when a stranger was refused before its content came. */
  readonly sender?: SenderVerdicts;
  readonly findings: readonly {
    readonly check: string;
    readonly kind: "mark" | "defer" | "refuse";
    readonly text: string;
  }[];
}

interface About {
  readonly at: Instant;
  readonly queueId: QueueId;
}

interface ReportedBack {
  readonly to: Address;
  /** The system that tells of it. */
  readonly reportedBy?: string;
  /** The message that told of it. */
  readonly reportId: QueueId;
  /** Further recipients got the same message, and could have written the report. */
  readonly isShared?: true;
}

export type Event =
  | (About & {
      readonly kind: "received";
      readonly from: ReversePath;
      readonly to: readonly Address[];
      /** Recipients as the client named them, where none of `to` is the same: aliases, subaddresses, SRS addresses. */
      readonly asked?: readonly Address[];
      /** Of the From field, where it is not `from`. */
      readonly author?: Address;
      readonly client: Client;
      readonly sizeBytes: number;
      readonly messageId?: string;
      readonly judged?: Judged;
    })
  /** A client was told no: at a command, or after the content. No message was kept. */
  | {
      readonly kind: "refused";
      readonly at: Instant;
      readonly client: Client;
      readonly stage: "connect" | "login" | "mail" | "rcpt" | "data" | "content";
      readonly from?: ReversePath;
      readonly to?: Address;
      /** Of a refused content: whom it was for; the first ones. */
      readonly recipients?: readonly Address[];
      /** Of a refused content. */
      readonly messageId?: string;
      /** Of a refused content: as above. */
      readonly author?: Address;
      /** Of a failed login: whose it would have been; only accounts that exist, never what was typed. */
      readonly account?: string;
      readonly reply: Reply;
      /** The check that said no; absent: the protocol did. */
      readonly check?: string;
      readonly judged?: Judged;
    }
  | (About & {
      readonly kind: "delivered";
      readonly to: Address;
      readonly host: RemoteHost;
      readonly reply: Reply;
      readonly tls?: TlsFacts;
      readonly attempt: number;
      readonly steps: readonly Step[];
    })
  | (About & {
      readonly kind: "deferred";
      readonly to: Address;
      readonly because: Failure;
      /** What `because` means; absent in history that is older than causes. */
      readonly cause?: CauseName;
      /** No attempt was made: nothing can be delivered there now. `attempt` is the last one that was. */
      readonly untried?: true;
      readonly attempt: number;
      readonly retryAt: Instant;
      readonly steps: readonly Step[];
    })
  | (About & {
      readonly kind: "bounced";
      readonly to: Address;
      readonly because: Failure;
      /** As above. */
      readonly cause?: CauseName;
      readonly attempt: number;
      readonly steps: readonly Step[];
    })
  /** It had been handed over, and then a report came back: it did not arrive after all. */
  | (About &
      ReportedBack & {
        readonly kind: "bounced-later";
        readonly cause: CauseName;
        readonly permanence: Permanence;
        readonly confidence: Confidence;
        /** One sentence. */
        readonly summary: string;
        /** The words of the report. */
        readonly text: string;
        /** Where `to` led to, as the report names it; absent: `to` itself. */
        readonly final?: string;
      })
  /** The recipient, or a mail provider for it, calls the message unwanted. RFC 5965 */
  | (About &
      ReportedBack & {
        readonly kind: "complained";
        readonly from: ReversePath;
        /** abuse, fraud, opt-out, … */
        readonly feedbackType: string;
        /** Of a stranger's message: who is proven to have sent it. */
        readonly sender?: { readonly identity: Identity; readonly client: Client };
      })
  /** A DSN about `queueId` was queued as `noticeId`. */
  | (About & {
      readonly kind: "notice";
      readonly action: NoticeAction;
      readonly to: Address;
      readonly noticeId: QueueId;
    })
  /** A notice was due but must not be sent: RFC 3464 §2, NOTIFY=NEVER. */
  | (About & { readonly kind: "notice-suppressed"; readonly to: Address; readonly text: string })
  | (About & {
      readonly kind: "operator";
      readonly to: Address;
      readonly action: "retry" | "hold" | "release" | "drop" | "bounce";
    });
