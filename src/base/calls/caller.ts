// The calling side: posts the calls of one turn together, and matches answers to promises.
import type { MessagePort, Worker } from "node:worker_threads";
import {
  type Answer,
  type Call,
  type Calls,
  type KnownErrors,
  type Letter,
  openingId,
  type Operations,
  revive,
} from "./protocol.ts";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Caller<Offered extends Operations> implements Calls<Offered> {
  readonly #port: Worker | MessagePort;
  readonly #errors: KnownErrors;
  readonly #pending = new Map<number, Pending>();
  #lastId = openingId;
  #outbox: Call[] = [];
  #ended: Error | undefined;
  /** No call is under way. */
  #onQuiet: () => void = () => {};

  /** `errors`: their classes come back as they were; others are plain. */
  constructor(port: Worker | MessagePort, errors: KnownErrors = {}) {
    this.#port = port;
    this.#errors = errors;
    port.on("message", (answers: readonly Answer[]) => this.#settle(answers));
    port.on("close", () => this.end(new Error("the thread that was called has ended")));
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** To be awaited before the first call, where whoever serves has something to open; rejects when it cannot. */
  open(): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => this.#pending.set(openingId, { resolve, reject }));
    this.post("open");
    return opened;
  }

  call<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<Awaited<ReturnType<Offered[Name]>>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#outbox.length === 0) process.nextTick(() => this.#send());
    const id = ++this.#lastId;
    this.#outbox.push({ id, name, args });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  post(letter: Letter, transfer: readonly MessagePort[] = []): void {
    this.#send();
    this.#port.postMessage(letter, transfer); // eslint-disable-line unicorn/require-post-message-target-origin -- a thread, not a window
  }

  /** Calls under way are rejected, and so are all that follow. */
  end(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
    this.#onQuiet();
  }

  /** Calls made before are answered first. */
  async close(): Promise<void> {
    this.#send();
    if (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
    this.end(new Error("it was closed"));
    if ("close" in this.#port) this.#port.close();
  }

  #send(): void {
    if (this.#outbox.length === 0) return;
    const calls = this.#outbox;
    this.#outbox = [];
    this.#port.postMessage(calls); // eslint-disable-line unicorn/require-post-message-target-origin
  }

  #settle(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.ok) pending?.resolve(answer.value as never);
      else pending?.reject(revive(answer.error, this.#errors));
    }
    if (this.#pending.size === 0) this.#onQuiet();
  }
}
