// A thread that serves calls, from its start to its end.
import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker, type WorkerOptions } from "node:worker_threads";
import { Caller } from "./caller.ts";
import type { Calls, KnownErrors, Operations } from "./protocol.ts";

interface ThreadOptions extends Pick<WorkerOptions, "workerData" | "transferList" | "resourceLimits"> {
  /** Its module. */
  readonly url: URL;
  /** For sentences: "the storage thread". */
  readonly name: string;
  readonly errors?: KnownErrors;
  /** It ended, though nobody closed it. */
  readonly onFailure: (error: Error) => void;
}

export class Thread<Offered extends Operations> implements Calls<Offered> {
  readonly #worker: Worker;
  readonly #caller: Caller<Offered>;
  readonly #name: string;
  readonly #onFailure: (error: Error) => void;

  constructor({ url, name, errors, onFailure, ...options }: ThreadOptions) {
    this.#name = name;
    this.#onFailure = onFailure;
    this.#worker = new Worker(url, options);
    this.#caller = new Caller(this.#worker, errors);
    this.#worker.on("error", (error) => this.#end(new Error(`${name} failed: ${String(error)}`, { cause: error })));
    this.#worker.on("exit", () => this.#end(new Error(`${name} ended`)));
  }

  /** To be awaited before the first call; rejects with the reason when it cannot open what it serves. */
  open(): Promise<void> {
    return this.#caller.open();
  }

  call<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<Awaited<ReturnType<Offered[Name]>>> {
    return this.#caller.call(name, ...args);
  }

  /** For another thread: a port to call this one through. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#caller.post({ from: port1 }, [port1]);
    return port2;
  }

  async close(): Promise<void> {
    if (this.#caller.hasEnded) return;
    const exit = once(this.#worker, "exit");
    this.#caller.post("close");
    this.#caller.end(new Error(`${this.#name} was closed`));
    await exit;
  }

  /** At once, whatever it is doing; calls under way are rejected. */
  async terminate(): Promise<void> {
    this.#caller.end(new Error(`${this.#name} was ended`));
    await this.#worker.terminate();
  }

  #end(reason: Error): void {
    const isUnasked = !this.#caller.hasEnded;
    this.#caller.end(reason);
    if (isUnasked) this.#onFailure(reason);
  }
}
