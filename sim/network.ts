// The simulated network: connections that carry bytes in order, with latency, until they end, are cut or fall silent.
import type { Clock, Process } from "./clock.ts";

/** What becomes of one connection, drawn when it is dialled. */
export interface Fate {
  readonly latencyMs: number;
  /** Instead of a connection: a refusal, or nothing at all. */
  readonly dial?: "refused" | "silent" | "no-route";
  /** After so many segments, both ways together, the next one is lost with the connection. */
  readonly cut?: { readonly afterSegments: number; readonly how: "reset" | "silence" };
}

export interface Listener {
  readonly owner?: Process;
  accept(end: End, fromAddress: string): void;
}

export interface Call {
  readonly from: Process | undefined;
  readonly fromAddress: string;
  readonly toAddress: string;
}

export type Dialled =
  | { readonly kind: "open"; readonly end: End }
  | { readonly kind: "refused" }
  | { readonly kind: "no-route" };

/** What an end tells to who holds it. */
export interface Ear {
  onBytes(bytes: Uint8Array): void;
  onEnd(how: "closed" | "reset"): void;
}

export class Network {
  readonly #clock: Clock;
  readonly #fate: (call: Call) => Fate;
  readonly #listeners = new Map<string, Listener>();
  readonly #ends = new Map<Process, Set<End>>();

  constructor(clock: Clock, fate: (call: Call) => Fate) {
    this.#clock = clock;
    this.#fate = fate;
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  hangUp(address: string): void {
    this.#listeners.delete(address);
  }

  /** Open connections of a process. */
  open(process: Process): number {
    return this.#ends.get(process)?.size ?? 0;
  }

  /** Never resolves when the other side is silent: the caller has a time limit. */
  dial(call: Call): Promise<Dialled> {
    const { promise, resolve } = Promise.withResolvers<Dialled>();
    const fate = this.#fate(call);
    if (fate.dial === "silent") return promise;
    const { dial, latencyMs } = fate;
    const answer = (dialled: Dialled): void => void this.#clock.planFor(call.from, latencyMs, () => resolve(dialled));
    // whether anybody listens is found out there; the kernel accepts for a process that is slow
    this.#clock.planFor(undefined, latencyMs, () => {
      const listener = this.#listeners.get(call.toAddress);
      if (dial !== undefined || listener === undefined) return answer({ kind: dial ?? "refused" });
      const line = new Line(this.#clock, fate, { hold: this.#hold, drop: this.#drop });
      const [ours, theirs] = line.ends(call.from, listener.owner);
      this.#clock.planFor(listener.owner, 0, () => listener.accept(theirs, call.fromAddress));
      answer({ kind: "open", end: ours });
    });
    return promise;
  }

  /** The kernel of the machine tells the other sides, or the machine itself is gone and nobody does. */
  died(process: Process, how: "reset" | "silence"): void {
    for (const end of this.#ends.get(process) ?? []) end.die(how);
    this.#ends.delete(process);
  }

  readonly #hold = (end: End): void => {
    if (end.owner === undefined) return;
    const ends = this.#ends.get(end.owner) ?? new Set();
    this.#ends.set(end.owner, ends.add(end));
  };

  readonly #drop = (end: End): void => {
    if (end.owner) this.#ends.get(end.owner)?.delete(end);
  };
}

interface Register {
  hold(end: End): void;
  drop(end: End): void;
}

/** One connection. */
class Line {
  readonly clock: Clock;
  readonly #fate: Fate;
  readonly register: Register;
  #segments = 0;
  #silent = false;

  constructor(clock: Clock, fate: Fate, register: Register) {
    this.clock = clock;
    this.#fate = fate;
    this.register = register;
  }

  ends(from: Process | undefined, to: Process | undefined): [End, End] {
    const [a, b] = [new End(this, from), new End(this, to)];
    a.peer = b;
    b.peer = a;
    this.register.hold(a);
    this.register.hold(b);
    return [a, b];
  }

  /** In order, at the other end. */
  carry(to: End, arrive: () => void): void {
    this.#segments += 1;
    const { cut, latencyMs } = this.#fate;
    if (this.#silent) return;
    if (cut && this.#segments > cut.afterSegments) {
      this.#silent = true;
      if (cut.how === "silence") return;
      for (const end of [to, to.peer]) this.clock.planFor(end.owner, latencyMs, () => end.ended("reset"));
      return;
    }
    this.clock.planFor(to.owner, latencyMs, arrive);
  }
}

/** One side of a connection. */
export class End {
  readonly owner: Process | undefined;
  readonly #line: Line;
  peer!: End;
  #ear: Ear | undefined;
  #isOpen = true;
  #early: (() => void)[] = [];

  constructor(line: Line, owner: Process | undefined) {
    this.#line = line;
    this.owner = owner;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What came before somebody listened comes now. */
  listen(ear: Ear): void {
    this.#ear = ear;
    const early = this.#early;
    this.#early = [];
    for (const tell of early) tell();
  }

  /** `onArrival`: when the other side has them. */
  send(bytes: Uint8Array, onArrival?: () => void): void {
    if (!this.#isOpen) return;
    const { peer } = this;
    this.#line.carry(peer, () => {
      if (!peer.#isOpen) return;
      onArrival?.();
      peer.#tell((ear) => ear.onBytes(bytes));
    });
  }

  /** What was sent before still arrives. */
  close(): void {
    if (!this.#isOpen) return;
    this.#shut();
    const { peer } = this;
    this.#line.carry(peer, () => peer.ended("closed"));
  }

  /** Its process is gone. */
  die(how: "reset" | "silence"): void {
    this.#isOpen = false;
    const { peer } = this;
    if (how === "reset") this.#line.carry(peer, () => peer.ended("reset"));
  }

  ended(how: "closed" | "reset"): void {
    if (!this.#isOpen) return;
    this.#shut();
    this.#tell((ear) => ear.onEnd(how));
  }

  #shut(): void {
    this.#isOpen = false;
    this.#line.register.drop(this);
  }

  #tell(about: (ear: Ear) => void): void {
    if (this.#ear) about(this.#ear);
    else this.#early.push(() => about(this.#ear!));
  }
}
