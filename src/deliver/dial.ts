// Opens a session with the first of several addresses that will have us. RFC 5321 §5.1.
import type { Instant } from "../base/world.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { isPermanent } from "../mail/failure.ts";
import type { TlsMode } from "../mail/hop.ts";
import type { Step } from "../mail/outcome.ts";
import type { ClientTimeLimits } from "../smtp/client-limits.ts";
import type { ClientSession } from "../smtp/client-session.ts";
import { failureOf, openSession } from "../smtp/client-session.ts";
import type { DeliverSettings } from "./settings.ts";
import { deliverLimits } from "./settings.ts";
import type { Wire } from "../smtp/client-wire.ts";
import { closeOnAbort, connectSocket } from "./smtp-socket.ts";

/** One address of a next hop. */
interface Target {
  readonly host: RemoteHost;
  /** A unix socket instead of the host's address. */
  readonly path?: string;
}

export interface Destination {
  readonly protocol: "smtp" | "lmtp";
  /** In the order to try. */
  readonly targets: readonly Target[];
  readonly tls: TlsMode;
  readonly implicitTls: boolean;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** One attempt's circumstances. */
export interface Attempt {
  readonly signal: AbortSignal;
  /** Grows as things happen. */
  readonly steps: Step[];
}

type Opened =
  | { readonly kind: "open"; readonly session: ClientSession }
  | { readonly kind: "failed"; readonly because: Failure };

type Dialled =
  | (Opened & { kind: "open" })
  | (Opened & {
      kind: "failed";
      /** Every address was tried, and each said no for good. */
      readonly final: boolean;
    });

export class Dialler {
  readonly #settings: DeliverSettings;
  readonly #timeLimitsMs: ClientTimeLimits;
  readonly #clearText = new ClearTextMemory();

  constructor(settings: DeliverSettings, timeLimitsMs: ClientTimeLimits) {
    this.#settings = settings;
    this.#timeLimitsMs = timeLimitsMs;
  }

  /** Tries one address after the other. Never rejects. */
  async dial(destination: Destination, attempt: Attempt): Promise<Dialled> {
    const failures: Failure[] = [];
    for (const target of takeInTurns(destination.targets, deliverLimits.addressesPerAttempt)) {
      const opened = await this.#try(target, destination, attempt);
      if (opened.kind === "open") return opened;
      if (attempt.signal.aborted) return { kind: "failed", because: interrupted, final: false };
      const { because } = opened;
      attempt.steps.push({ host: target.host, failure: because, text: "no session" });
      failures.push(because);
      if (stageOf(because) === "auth") break; // more wrong passwords lock accounts
    }
    // one host that may yet take it is a reason to wait. RFC 5321 §4.5.4.1
    const because = failures.findLast((failure) => !isPermanent(failure)) ??
      failures.at(-1) ?? { kind: "internal", text: "the next hop has no address" };
    const final = isPermanent(because) && failures.length === destination.targets.length;
    return { kind: "failed", because, final };
  }

  /** One address; where TLS is a matter of opportunity and fails, a second time in clear text. */
  async #try(target: Target, destination: Destination, attempt: Attempt): Promise<Opened> {
    const { tls, implicitTls, credentials } = destination;
    if (tls !== "opportunistic" || implicitTls || credentials) return this.#open(target, destination, attempt);
    const inClearText: Destination = { ...destination, tls: "never" };
    const { name, address = name, port } = target.host;
    const place = `${address} ${port}`;
    if (this.#clearText.has(place, this.#settings.world.now())) {
      attempt.steps.push({ host: target.host, text: "in clear text, because STARTTLS failed there a moment ago" });
      return this.#open(target, inClearText, attempt);
    }
    const opened = await this.#open(target, destination, attempt);
    if (opened.kind === "open" || !isAboutTls(opened.because)) return opened;
    this.#clearText.add(place, this.#settings.world.now());
    attempt.steps.push({
      host: target.host,
      failure: opened.because,
      text: "STARTTLS failed; trying again in clear text",
    });
    return this.#open(target, inClearText, attempt);
  }

  async #open(target: Target, destination: Destination, { signal, steps }: Attempt): Promise<Opened> {
    const { hostname, connectTimeoutMs: timeoutMs, sourceAddress, connect = connectSocket } = this.#settings;
    const timeLimitsMs = this.#timeLimitsMs;
    let wire: Wire | undefined;
    try {
      wire = await connect({ ...target, timeoutMs, signal, ...(sourceAddress && { sourceAddress }) });
      steps.push({ host: target.host, text: "connected" });
      using _ = closeOnAbort(wire, signal);
      if (destination.implicitTls) {
        await wire.startTls({ verify: destination.tls === "verify", timeoutMs: timeLimitsMs.tlsHandshake });
      }
      const tell = (step: Step): void => void steps.push(step);
      return { kind: "open", session: await openSession(wire, { ...destination, hostname, timeLimitsMs, tell }) };
    } catch (error) {
      const because = failureOf(error);
      if (because.kind === "refused") void wire?.send("QUIT\r\n", "quit", timeLimitsMs.quit); // RFC 5321 §4.1.1.10
      wire?.close();
      return { kind: "failed", because };
    }
  }
}

/**
 * At most `count`: the first of each host, then the second of each, …, so that a host with many addresses does not hide
 * the next one. They keep their order, which is that of preference. RFC 5321 §5.1.
 */
function takeInTurns(targets: readonly Target[], count: number): readonly Target[] {
  if (targets.length <= count) return targets;
  const hosts = [...Map.groupBy(targets, ({ host }) => host.name).values()];
  const turns = targets.flatMap((_, turn) => hosts.flatMap((ofHost) => ofHost[turn] ?? []));
  const taken = new Set(turns.slice(0, count));
  return targets.filter((target) => taken.has(target));
}

/** It was us who ended the attempt. */
export const interrupted: Failure = { kind: "internal", text: "the attempt was interrupted: Waybill is stopping" };

const stageOf = (failure: Failure): string | undefined => ("stage" in failure ? failure.stage : undefined);

const isAboutTls = (failure: Failure): boolean => failure.kind === "tls" || stageOf(failure) === "starttls";

/** Addresses and ports whose TLS failed lately. */
class ClearTextMemory {
  readonly #until = new Map<string, Instant>();

  has(place: string, now: Instant): boolean {
    return (this.#until.get(place) ?? 0) > now;
  }

  add(place: string, now: Instant): void {
    this.#until.delete(place);
    this.#until.set(place, now + deliverLimits.clearTextMemoryMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > deliverLimits.clearTextMemoryHosts) this.#until.delete(oldest!);
  }
}
