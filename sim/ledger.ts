// The ledger: what was promised, kept, handed over and settled, and whether it fits together. The simulation's judge.
import type { Instant } from "../src/base/world.ts";
import type { Event } from "../src/journal/event.ts";
import type { Failure } from "../src/mail/failure.ts";
import type { QueueId } from "../src/mail/message.ts";
import type { Delivery, Lease, NewMessage, Settlement } from "../src/queue/store.ts";
import { longestSkewMs, type Process } from "./clock.ts";
import type { DomainKind } from "./internet.ts";
import { messageIdOf, type Taken } from "./host.ts";

/** A host took the message for this recipient. */
interface Handover {
  readonly by: Process | undefined;
  /** The process learnt of it. */
  replyArrived: boolean;
}

/** One recipient of one kept message. */
export interface Parcel {
  readonly deliveryId: number;
  readonly message: KeptMessage;
  readonly to: string;
  state: "queued" | "delivered" | "bounced" | "dropped";
  holder: { readonly process: Process; readonly lease: Lease } | undefined;
  /** Had a lease that ended without their doing: they may not know. */
  readonly formerHolders: Set<Process>;
  readonly handovers: Handover[];
}

export interface KeptMessage {
  readonly queueId: QueueId;
  /** Message-ID without brackets: the client's name for it. */
  readonly token: string;
  readonly reversePath: string;
  readonly expiresAt: Instant;
  readonly parcels: Map<string, Parcel>;
  /** Of a notice: whom it tells of. */
  readonly tellsOf?: { readonly original: QueueId; readonly recipients: readonly string[] };
}

export interface Mail {
  readonly token: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly notify: "unsaid" | "NEVER" | "FAILURE" | "SUCCESS,FAILURE";
  readonly body: string;
}

export interface Tally {
  promised: number;
  delivered: number;
  bounced: number;
  deferred: number;
  notices: number;
  /** Taken twice by the destination, with an excuse. */
  duplicates: number;
  /** Kept twice, because the client did not hear the 250. */
  resent: number;
}

export interface Settling {
  readonly settlements: readonly Settlement[];
  readonly events: readonly Event[];
  readonly notices: readonly NewMessage[];
}

export interface LedgerParts {
  readonly report: (violation: string) => void;
  /** For the story. */
  readonly say: (text: () => string) => void;
  readonly kindOf: (domain: string) => DomainKind | undefined;
}

export class Ledger {
  readonly tally: Tally = {
    promised: 0,
    delivered: 0,
    bounced: 0,
    deferred: 0,
    notices: 0,
    duplicates: 0,
    resent: 0,
  };
  readonly #parts: LedgerParts;
  readonly #mail = new Map<string, Mail>();
  readonly #kept = new Map<string, KeptMessage>();
  readonly #byToken = new Map<string, KeptMessage[]>();
  readonly #byDelivery = new Map<number, Parcel>();
  readonly #promised = new Set<string>();
  readonly #attempts = new Map<number, Process>();
  /** Messages that were through when it was last asked to forget. */
  #through: readonly KeptMessage[] = [];

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Parcels that are still to be settled, as far as the ledger knows. */
  get queued(): ReadonlyMap<number, Parcel> {
    return this.#byDelivery;
  }

  // what clients did

  willSend(mail: Mail): void {
    this.#mail.set(mail.token, mail);
  }

  /** The client has read the 250. */
  promised(token: string): void {
    this.#parts.say(() => `${token} got its 250`);
    this.#promised.add(token);
    this.tally.promised += 1;
    const copies = this.#byToken.get(token) ?? [];
    this.tally.resent += copies.length - 1;
    const wanted = this.#mail.get(token)!.to;
    const isWhole = (kept: KeptMessage): boolean => wanted.every((to) => kept.parcels.has(to));
    if (!copies.some(isWhole))
      this.#parts.report(`a 250 was sent for ${token}, but it was not kept for all its recipients`);
  }

  // what the store did

  kept(message: NewMessage, deliveries: readonly Delivery[], held?: { process: Process; lease: Lease }): void {
    const { queueId, messageId = "", reversePath } = message.message;
    const about = { queueId, token: messageId.slice(1, -1), reversePath, expiresAt: message.expiresAt };
    const kept: KeptMessage = { ...about, parcels: new Map() };
    this.#parts.say(() => `${queueId} (${kept.token}) is kept${held ? ` and held by ${held.process.name}` : ""}`);
    this.#keep(kept, deliveries);
    if (held) for (const { deliveryId } of deliveries) this.#byDelivery.get(deliveryId)!.holder = held;
    const copies = this.#byToken.get(kept.token) ?? [];
    this.#byToken.set(kept.token, [...copies, kept]);
    if (!this.#mail.has(kept.token)) this.#parts.report(`${queueId} was kept, but no client has sent ${kept.token}`);
  }

  claimed(deliveries: readonly Delivery[], process: Process, { lease, now }: { lease: Lease; now: Instant }): void {
    for (const { deliveryId, message } of deliveries) {
      const parcel = this.#byDelivery.get(deliveryId);
      if (parcel === undefined) {
        this.#parts.report(`delivery ${deliveryId} of ${message.queueId} was claimed after it was settled`);
        continue;
      }
      const { holder } = parcel;
      if (holder && holder.lease.until > now)
        this.#parts.report(`${nameOf(parcel)} was claimed by ${process.name} while ${holder.process.name} held it`);
      this.#parts.say(() => `${process.name} claims ${nameOf(parcel)}`);
      this.#loseHolder(parcel);
      parcel.holder = { process, lease };
    }
  }

  /** Leases ended because their holder was not heard of. */
  leasesEnded(which: (holder: Process) => boolean): void {
    for (const parcel of this.#byDelivery.values())
      if (parcel.holder && which(parcel.holder.process)) this.#loseHolder(parcel);
  }

  /** What `settle` changed, after it did. `noticeDeliveries`: those of each notice. */
  settled(
    process: Process,
    by: string,
    settling: Settling & { noticeDeliveries: readonly Delivery[][]; now: Instant },
  ) {
    for (const settlement of settling.settlements) this.#settle(process, settlement, { ...settling, by });
    for (const [i, notice] of settling.notices.entries())
      this.#keepNotice(notice, settling.noticeDeliveries[i]!, settling.events);
  }

  dropped(deliveryId: number): void {
    const parcel = this.#byDelivery.get(deliveryId);
    if (parcel) this.#finish(parcel, "dropped");
  }

  // what nodes did

  attemptBegins(deliveries: readonly Delivery[], process: Process, now: Instant): void {
    for (const { deliveryId } of deliveries) {
      const other = this.#attempts.get(deliveryId);
      const parcel = this.#byDelivery.get(deliveryId);
      this.#attempts.set(deliveryId, process);
      if (parcel === undefined || other === undefined || other === process) continue;
      if (other.isAlive && !parcel.formerHolders.has(other) && other.frozenUntil <= now)
        this.#parts.report(`${nameOf(parcel)} is attempted by ${other.name} and ${process.name} at once`);
    }
  }

  attemptEnded(deliveries: readonly Delivery[], process: Process): void {
    for (const { deliveryId } of deliveries)
      if (this.#attempts.get(deliveryId) === process) this.#attempts.delete(deliveryId);
  }

  /** Attempts that have not ended, of processes that live. */
  get attempts(): number {
    return [...this.#attempts.values()].filter(({ isAlive }) => isAlive).length;
  }

  // what destinations did

  /** Answers what to call when the reply has arrived. */
  taken({ from, to, content, reversePath, site }: Taken): () => void {
    const kept = this.#keptAs(content);
    if (kept === undefined) {
      this.#parts.report(`${site.name} took a message that nobody has kept: ${content.slice(0, 200)}`);
      return () => {};
    }
    this.#checkContent(kept, content);
    if (reversePath !== kept.reversePath)
      this.#parts.report(
        `${kept.queueId} left with the reverse-path <${reversePath}> instead of <${kept.reversePath}>`,
      );
    const handover: Handover = { by: from, replyArrived: false };
    for (const address of to) {
      const parcel = kept.parcels.get(address);
      if (parcel === undefined)
        this.#parts.report(`${kept.queueId} was delivered to ${address}, who is no recipient of it`);
      else this.#handOver(parcel, handover);
    }
    return () => (handover.replyArrived = true);
  }

  /** At the end: nothing that was promised is missing. */
  checkEnd(): void {
    for (const token of this.#promised)
      for (const { parcels } of this.#byToken.get(token) ?? [])
        for (const parcel of parcels.values())
          if (parcel.state === "queued") this.#parts.report(`${nameOf(parcel)} was never settled`);
    if (this.attempts > 0) this.#parts.report(`${this.attempts} attempts have not ended`);
  }

  /** Messages that were through at the last call already go: a day has too many to remember. */
  forgetOld(): void {
    for (const { queueId, token } of this.#through) {
      this.#kept.delete(queueId);
      const copies = this.#byToken.get(token)?.filter((kept) => kept.queueId !== queueId) ?? [];
      if (copies.length > 0) this.#byToken.set(token, copies);
      else for (const known of [this.#byToken, this.#mail, this.#promised]) known.delete(token);
    }
    this.#through = [...this.#kept.values()].filter(
      ({ parcels, tellsOf, token }) =>
        (tellsOf !== undefined || this.#promised.has(token)) &&
        parcels.values().every(({ state }) => state !== "queued"),
    );
  }

  #keep(kept: KeptMessage, deliveries: readonly Delivery[]): void {
    this.#kept.set(kept.queueId, kept);
    for (const { deliveryId, recipient } of deliveries) {
      const to = recipient.address;
      const parcel: Parcel = {
        deliveryId,
        message: kept,
        to,
        state: "queued",
        holder: undefined,
        formerHolders: new Set(),
        handovers: [],
      };
      kept.parcels.set(to, parcel);
      this.#byDelivery.set(deliveryId, parcel);
    }
  }

  #keepNotice({ message, expiresAt }: NewMessage, deliveries: readonly Delivery[], events: readonly Event[]): void {
    if (deliveries.length === 0) return; // all that it tells of was settled before
    const { queueId, reversePath, messageId = "" } = message;
    const told = events.flatMap((event) => (event.kind === "notice" && event.noticeId === queueId ? [event] : []));
    const original = told[0] && this.#kept.get(told[0].queueId);
    if (original === undefined) return this.#parts.report(`notice ${queueId} tells of nothing`);
    if (original.reversePath === "") this.#parts.report(`notice ${queueId} is about a notice, ${original.queueId}`);
    if (reversePath !== "") this.#parts.report(`notice ${queueId} has a reverse-path, <${reversePath}>`);
    const [to] = deliveries;
    if (deliveries.length !== 1 || to?.recipient.address !== original.reversePath)
      this.#parts.report(`notice ${queueId} does not go to the sender, ${original.reversePath}`);
    this.tally.notices += 1;
    const recipients = told.map(({ to }) => to);
    const about = { queueId, token: messageId.slice(1, -1), reversePath, expiresAt };
    this.#keep({ ...about, parcels: new Map(), tellsOf: { original: original.queueId, recipients } }, deliveries);
  }

  #settle(process: Process, { deliveryId, next }: Settlement, how: Settling & { by: string; now: Instant }): void {
    const parcel = this.#byDelivery.get(deliveryId);
    if (parcel === undefined) return; // settled before: another try of the same, or a former holder's
    if (this.#attempts.get(deliveryId) === process) this.#attempts.delete(deliveryId); // others of the message may go on
    const { events, by, now } = how;
    if (next.kind === "deferred") {
      if (parcel.holder?.lease.by !== by)
        return this.#parts.say(() => `${nameOf(parcel)}: a late deferral by ${by} is ignored`);
      this.#parts.say(() => `${nameOf(parcel)} is deferred by ${by}: ${JSON.stringify(next.because)}`);
      parcel.holder = undefined;
      if (next.attempted) this.tally.deferred += 1;
      if (next.because.kind === "internal" && !isExplained(next.because.text))
        this.#parts.report(`${nameOf(parcel)} met a bug: ${next.because.text}`);
      if (this.#isFinal(next.because, parcel.to))
        this.#parts.report(`${nameOf(parcel)} is to be tried again in vain: ${JSON.stringify(next.because)}`);
      if (this.#knowsOfHandover(parcel, process))
        this.#parts.report(`${nameOf(parcel)} is to be tried again, although its host took it and said so`);
      if (next.dueAt > parcel.message.expiresAt + 1 && next.dueAt > now + longestSkewMs + 1)
        this.#parts.report(`${nameOf(parcel)} is to be tried after its time to be given up`);
      return;
    }
    const { queueId } = parcel.message;
    const event = events.find(
      (event) =>
        (event.kind === "delivered" || event.kind === "bounced") && event.queueId === queueId && event.to === parcel.to,
    );
    if (event?.kind === "delivered") this.#deliver(parcel, process);
    else if (event?.kind === "bounced") this.#bounce(parcel, event, { ...how, process });
    else this.#parts.report(`${nameOf(parcel)} was settled as done, and no event says how`);
  }

  #deliver(parcel: Parcel, process: Process): void {
    if (!this.#knowsOfHandover(parcel, process))
      this.#parts.report(`${nameOf(parcel)} was settled as delivered, but no host took it from ${process.name}`);
    this.tally.delivered += 1;
    if (parcel.holder?.process === process) parcel.holder = undefined;
    this.#finish(parcel, "delivered");
  }

  #bounce(
    parcel: Parcel,
    { because, at }: Event & { kind: "bounced" },
    { process, events }: Settling & { process: Process },
  ): void {
    const { message, to } = parcel;
    if (because.kind === "expired" && at < message.expiresAt)
      this.#parts.report(`${nameOf(parcel)} was given up too early`);
    if (!this.#isFinal(because, parcel.to))
      this.#parts.report(`${nameOf(parcel)} was bounced for a reason that may pass: ${JSON.stringify(because)}`);
    if (parcel.handovers.some((handover) => !isExcused(parcel, handover)))
      this.#parts.report(`${nameOf(parcel)} was bounced after its host had taken it`);
    const about = events.filter((event) => "queueId" in event && event.queueId === message.queueId && event.to === to);
    const notice = about.find((event) => event.kind === "notice" && event.action === "failed");
    const silence = about.find((event) => event.kind === "notice-suppressed");
    if (notice === undefined && silence === undefined)
      this.#parts.report(`${nameOf(parcel)} was bounced, and its sender is not told`);
    const isWanted = message.reversePath !== "" && this.#mail.get(message.token)?.notify !== "NEVER";
    if (isWanted && notice === undefined)
      this.#parts.report(`${nameOf(parcel)} was bounced, and its sender is not told: ${JSON.stringify(silence)}`);
    if (!isWanted && notice) this.#parts.report(`${nameOf(parcel)} was bounced with a notice that must not be`);
    this.tally.bounced += 1;
    if (parcel.holder?.process === process) parcel.holder = undefined;
    this.#finish(parcel, "bounced");
  }

  /** By what the simulation knows of the domain, and by the reply's class, not by what the product makes of it. */
  #isFinal(because: Failure, to: string): boolean {
    if (because.kind === "expired" || because.kind === "operator") return true;
    if (because.kind === "refused") return because.reply.code >= 500;
    const answer = because.kind === "dns" ? because.problem : because.kind;
    const isAnswer = answer === "no-such-domain" || answer === "null-mx";
    return isAnswer && answer === this.#parts.kindOf(to.slice(to.indexOf("@") + 1));
  }

  #finish(parcel: Parcel, state: Parcel["state"]): void {
    this.#parts.say(() => `${nameOf(parcel)} is ${state}`);
    this.#loseHolder(parcel); // another may have it in hand by now, and not know
    parcel.state = state;
    this.#byDelivery.delete(parcel.deliveryId);
  }

  #loseHolder(parcel: Parcel): void {
    if (parcel.holder === undefined) return;
    this.#parts.say(() => `${parcel.holder?.process.name} loses the lease on ${nameOf(parcel)}`);
    parcel.formerHolders.add(parcel.holder.process);
    parcel.holder = undefined;
  }

  #handOver(parcel: Parcel, handover: Handover): void {
    const { by } = handover;
    const isHolder = by !== undefined && parcel.holder?.process === by;
    if (!isHolder && !(by && (parcel.formerHolders.has(by) || !by.isAlive)))
      this.#parts.report(`${nameOf(parcel)} was handed over by ${by?.name ?? "nobody"}, who has no lease on it`);
    if (parcel.handovers.length > 0) {
      this.tally.duplicates += 1;
      if (isHolder && parcel.handovers.some((earlier) => !isExcused(parcel, earlier)))
        this.#parts.report(`${nameOf(parcel)} was handed over twice without a reason`);
    }
    parcel.handovers.push(handover);
  }

  #knowsOfHandover = ({ handovers }: Parcel, process: Process): boolean =>
    handovers.some(({ by, replyArrived }) => replyArrived && by === process);

  /** Our Received field names it; a notice has none, and its Message-ID is made of the queue id. */
  #keptAs(content: string): KeptMessage | undefined {
    const id = /^Received: [^;]*?\bid ([0-9a-z]+)/.exec(content)?.[1] ?? messageIdOf(content).split("@")[0]!;
    return this.#kept.get(id);
  }

  #checkContent(kept: KeptMessage, content: string): void {
    const mail = this.#mail.get(kept.token);
    if (mail && !content.endsWith(mail.body))
      this.#parts.report(`the content of ${kept.queueId} has changed on its way`);
    for (const to of kept.tellsOf?.recipients ?? [])
      if (!content.includes(`Final-Recipient: rfc822;${to}`))
        this.#parts.report(`notice ${kept.queueId} does not name ${to}`);
  }
}

/** Why a host may be given the same again: who gave it does not know that it was taken, or could not write it down. */
const isExcused = ({ formerHolders }: Parcel, { by, replyArrived }: Handover): boolean =>
  !replyArrived || by === undefined || !by.isAlive || formerHolders.has(by);

const nameOf = ({ message, to }: Parcel): string => `${message.queueId} (${message.token}) for ${to}`;

/** A fault of ours that the simulation made itself. */
const isExplained = (text: string): boolean => /\bthe store\b|^the attempt was interrupted/.test(text);
