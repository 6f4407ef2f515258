// One server after the other on the same data directory; each may be killed at any moment.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Config } from "../../src/config/schema.ts";

const program = join(import.meta.dirname, "server-process.ts");

/** A process with all its modules loaded, so that a start takes a moment only. */
const prepare = (compiledDir: string): ChildProcess =>
  fork(program, {
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiledDir },
  });

export class Lives implements AsyncDisposable {
  readonly #config: Config;
  /** What the first process compiled, the next ones need not. */
  readonly #compiledDir: string;
  #present: ChildProcess | undefined;
  #next: ChildProcess;
  #up = Promise.withResolvers<number>();
  #isUp = false;

  constructor(config: Config) {
    this.#config = config;
    this.#compiledDir = join(config.data_dir, "compiled");
    this.#next = prepare(this.#compiledDir);
  }

  /** The port where the server listens, as soon as one does. */
  get port(): Promise<number> {
    return this.#up.promise;
  }

  /** The next server begins to start. */
  begin(): void {
    const child = this.#next;
    this.#present = child;
    this.#next = prepare(this.#compiledDir);
    child.once("message", (port: number) => {
      if (this.#present !== child) return;
      this.#isUp = true;
      this.#up.resolve(port);
    });
    child.send(this.#config);
  }

  /** No signal handler, no goodbye. */
  async kill(): Promise<void> {
    await this.#end((child) => child.kill("SIGKILL"));
  }

  /** What is in flight may end. */
  async stop(): Promise<void> {
    await this.#end((child) => child.send("stop"));
  }

  async #end(how: (child: ChildProcess) => unknown): Promise<void> {
    const child = this.#present;
    if (child === undefined) return;
    this.#present = undefined;
    if (this.#isUp) this.#up = Promise.withResolvers(); // else those who wait, wait for the next
    this.#isUp = false;
    const gone = once(child, "exit");
    how(child);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    const gone = once(this.#next, "exit");
    this.#next.kill("SIGKILL");
    await gone;
  }
}
