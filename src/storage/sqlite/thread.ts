// The calling side of a worker thread: posts the calls of one turn together, and matches answers to promises.
import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { type Answer, type Call, type Letter, openingId, type Operations, revive } from "./protocol.ts";

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class Thread<Offered extends Operations> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = openingId;
  #outbox: Call[] = [];
  readonly #onFailure: (error: Error) => void;
  #ended: Error | undefined;

  /** Starts `name`, a file beside this one. `onFailure`: it ended, though nobody closed it. */
  constructor(name: string, workerData: unknown, onFailure: (error: Error) => void) {
    this.#onFailure = onFailure;
    this.#worker = new Worker(new URL(name + extname(import.meta.url), import.meta.url), { workerData });
    this.#worker.on("message", (answers: readonly Answer[]) => this.#settle(answers));
    this.#worker.on("error", (error) =>
      this.#end(new Error(`the storage thread failed: ${String(error)}`, { cause: error })),
    );
    this.#worker.on("exit", () => this.#end(new Error("the storage thread ended")));
  }

  /** To be awaited before the first call; rejects with the reason when it cannot open the store. */
  open(): Promise<void> {
    const opened = new Promise<void>((resolve, reject) => this.#pending.set(openingId, { resolve, reject }));
    this.#send("open");
    return opened;
  }

  call<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<ReturnType<Offered[Name]>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#outbox.length === 0) process.nextTick(() => this.#post());
    const id = ++this.#lastId;
    this.#outbox.push({ id, name, args });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  /** After all calls made before. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exit = once(this.#worker, "exit");
    this.#post();
    this.#send("close");
    this.#ended = new Error("the store is closed");
    await exit;
  }

  #post(): void {
    if (this.#outbox.length === 0) return;
    this.#send(this.#outbox);
    this.#outbox = [];
  }

  #send(letter: Letter): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(letter);
  }

  #settle(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if (answer.ok) pending?.resolve(answer.value as never);
      else pending?.reject(revive(answer.error));
    }
  }

  #end(reason: Error): void {
    const unasked = this.#ended === undefined;
    this.#ended ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
    if (unasked) this.#onFailure(reason);
  }
}
