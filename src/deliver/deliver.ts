// The deliver stage: hands a message over to the next hop, and says for each recipient how it ended.
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/failure.ts";
import type { Hop } from "../mail/hop.ts";
import type { Message } from "../mail/message.ts";
import type { Outcome, Step } from "../mail/outcome.ts";
import { failureOf } from "../smtp/client-session.ts";
import { interrupted } from "./dial.ts";
import { lmtpDestination } from "./lmtp.ts";
import { deliverToMaildir } from "./maildir.ts";
import { SessionDelivery } from "./session-delivery.ts";
import type { DeliverSettings } from "./settings.ts";
import { smtpDestination } from "./smtp.ts";

export type { DeliverSettings } from "./settings.ts";

export interface Task {
  readonly hop: Hop;
  readonly message: Message;
  readonly recipients: readonly Recipient[];
  /** Opens the stored content from its start; called once per transaction, or per file. */
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
}

export interface Deliverer extends AsyncDisposable {
  /** One outcome per recipient, in order. Never rejects: an unforeseen error is a temporary `internal` failure. */
  deliver(task: Task, signal: AbortSignal): Promise<Outcome[]>;
  /** The operator wants everything tried: destinations that did not answer a moment ago, too. */
  tryAll(): void;
}

/** Disposing of it closes the connections that wait for a next message; `signal` ends those in use. */
export function createDeliverer(settings: DeliverSettings): Deliverer {
  const sessions = new SessionDelivery(settings);

  const deliverBy = async ({ hop, ...consignment }: Task, signal: AbortSignal, steps: Step[]): Promise<Outcome[]> => {
    signal.throwIfAborted();
    const { site } = hop;
    switch (hop.kind) {
      case "smtp":
        return sessions.deliver({ site, destination: smtpDestination(hop), consignment }, { signal, steps });
      case "lmtp":
        return sessions.deliver({ site, destination: lmtpDestination(hop), consignment }, { signal, steps });
      case "maildir":
        return deliverToMaildir({ ...settings, path: hop.path }, consignment);
    }
  };

  return {
    tryAll: () => sessions.tryAll(),
    async deliver(task, signal) {
      const steps: Step[] = [];
      try {
        return await deliverBy(task, signal, steps);
      } catch (error) {
        const because: Failure = signal.aborted ? interrupted : failureOf(error);
        return task.recipients.map(() => ({ kind: "deferred", because, steps }));
      }
    },
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}
