// The deliver stage: hands a message over to the next hop, and says for each recipient how it ended.
import { type Address, domainOf } from "../mail/address.ts";
import type { Recipient } from "../mail/envelope.ts";
import type { Failure } from "../mail/failure.ts";
import type { Hop } from "../mail/hop.ts";
import type { Message } from "../mail/message.ts";
import type { Outcome, Step } from "../mail/outcome.ts";
import { failureOf } from "../smtp/client-session.ts";
import { type Attempt, type Destination, interrupted } from "./dial.ts";
import { lmtpDestination } from "./lmtp.ts";
import { deliverToMaildir } from "./maildir.ts";
import { type Caller, Pacer } from "./pacing/pacer.ts";
import type { NotNow } from "./pacing/site.ts";
import { SessionDelivery } from "./session-delivery.ts";
import type { DeliverSettings } from "./settings.ts";
import { smtpDestination } from "./smtp.ts";

export type { DeliverSettings } from "./settings.ts";

export interface Task {
  readonly hop: Hop;
  readonly message: Message;
  /** All with the same reverse-path of their own, or all without. */
  readonly recipients: readonly Recipient[];
  /** The next hop returns what fails to this address, unless the recipients have a reverse-path of their own. */
  readonly returnTo?: Address;
  /** Opens the stored content from its start; called once per transaction, or per file. */
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
}

export interface Deliverer extends AsyncDisposable {
  /** One outcome per recipient, in order. Never rejects: an unforeseen error is a temporary `internal` failure. */
  deliver(task: Task, signal: AbortSignal): Promise<Outcome[]>;
}

/**
 * Disposing of it closes the connections that wait for a next message; `signal` ends those in use. Without a pacer given,
 * it has one of its own, which forgets at the end.
 */
export function createDeliverer(settings: DeliverSettings, pacer: Pacer = ownPacer(settings)): Deliverer {
  const sessions = new SessionDelivery(settings, pacer);
  pacer.onChange(
    (site) => sessions.reconsider(site),
    (site) => sessions.openTo(site),
  );

  const deliverOver = async (destination: Destination, task: Task, attempt: Attempt): Promise<Outcome[]> => {
    const admission = await pacer.admit(callerOf(destination, task), attempt.signal);
    if (admission.kind === "away") return notTried(admission.notNow, task, attempt.steps);
    const { stay } = admission;
    try {
      const { hop, ...consignment } = task;
      const handed = await sessions.deliver({ site: hop.site, destination, consignment, stay }, attempt);
      return handed.kind === "tried" ? handed.outcomes : notTried(handed.notNow, task, attempt.steps);
    } finally {
      stay.leave();
    }
  };

  const deliverBy = async (task: Task, attempt: Attempt): Promise<Outcome[]> => {
    attempt.signal.throwIfAborted();
    const { hop, ...consignment } = task;
    switch (hop.kind) {
      case "smtp":
        return deliverOver(smtpDestination(hop), task, attempt);
      case "lmtp":
        return deliverOver(lmtpDestination(hop), task, attempt);
      case "maildir":
        return deliverToMaildir({ ...settings, path: hop.path }, consignment);
    }
  };

  return {
    async deliver(task, signal) {
      const steps: Step[] = [];
      try {
        return await deliverBy(fromItsSender(task, steps), { signal, steps });
      } catch (error) {
        const because: Failure = signal.aborted ? interrupted : failureOf(error);
        return task.recipients.map(() => ({ kind: "deferred", because, steps }));
      }
    },
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  };
}

/** An alias sends it on, or it is ours: the next hop sees an address of ours that leads back to the sender. */
function fromItsSender(task: Task, steps: Step[]): Task {
  const { message, recipients, returnTo } = task;
  const forwarded = recipients[0]?.reversePath;
  const reversePath = forwarded ?? returnTo;
  if (reversePath === undefined) return task;
  const text = forwarded
    ? `forwarded from <${forwarded}>, in place of <${message.reversePath}> (SRS)`
    : `sent from the return address <${reversePath}>, in place of <${message.reversePath}>`;
  steps.push({ text });
  return { ...task, message: { ...message, reversePath } };
}

const ownPacer = ({ world, maxConnectionsPerSite, maxMessagesPerConnection }: DeliverSettings): Pacer =>
  new Pacer({
    world,
    defaults: { maxConnections: maxConnectionsPerSite, maxMessagesPerConnection, maxMessagesPerMinute: Infinity },
  });

function callerOf({ targets }: Destination, { hop, message, recipients }: Task): Caller {
  const { reversePath } = message;
  return {
    site: hop.site,
    domain: domainOf(recipients[0]!.address),
    lane: reversePath === "" ? "" : domainOf(reversePath),
    hosts: () => targets.map(({ host }) => host.name),
    addresses: () => targets.map(({ host, path }) => path ?? `${host.address ?? host.name} ${host.port ?? ""}`),
  };
}

function notTried(notNow: NotNow, { recipients }: Task, steps: readonly Step[]): Outcome[] {
  const { because, ...postponed } = notNow;
  return recipients.map(() => ({ kind: "deferred", because, steps, postponed }));
}
