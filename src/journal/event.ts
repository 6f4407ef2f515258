// Everything that can happen to a message, one typed value each. The log, `trace` and the metrics derive from these.
import type { Instant } from "../base/world.ts";
import type { Address, ReversePath } from "../mail/address.ts";
import type { Client, TlsFacts } from "../mail/client.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import type { QueueId } from "../mail/message.ts";
import type { NoticeAction, Step } from "../mail/outcome.ts";
import type { Reply } from "../mail/reply.ts";

interface About {
  readonly at: Instant;
  readonly queueId: QueueId;
}

export type Event =
  | (About & {
      readonly kind: "received";
      readonly from: ReversePath;
      readonly to: readonly Address[];
      readonly client: Client;
      readonly sizeBytes: number;
      readonly messageId?: string;
    })
  /** A client was told no: at a command, or after the content. No message was kept. */
  | {
      readonly kind: "refused";
      readonly at: Instant;
      readonly client: Client;
      readonly stage: "connect" | "mail" | "rcpt" | "data" | "content";
      readonly from?: ReversePath;
      readonly to?: Address;
      readonly reply: Reply;
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
      readonly attempt: number;
      readonly steps: readonly Step[];
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
