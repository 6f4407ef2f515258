// A node: `waybill start` in a process of its own, with a data folder of its own and the database of all.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const program = join(import.meta.dirname, "../../bin/waybill");

export interface NodeOptions {
  readonly databaseUrl: string;
  /** Where all mail goes. */
  readonly sinkPort: number;
  readonly nodeTimeout: string;
  /** More lines of waybill.toml. */
  readonly more?: string;
}

export class NodeProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #dir: string;

  private constructor(child: ChildProcess, { port, dir }: { port: number; dir: string }) {
    this.#child = child;
    this.port = port;
    this.#dir = dir;
  }

  /** Resolves when it takes mail. */
  static async start(options: NodeOptions): Promise<NodeProcess> {
    const dir = await mkdtemp(join(tmpdir(), "waybill-node-"));
    const config = join(dir, "waybill.toml");
    await writeFile(config, configOf(dir, options));
    const child = spawn(process.execPath, [program, "start", "--config", config], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      const [, port] = /takes mail for .* on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (port === undefined) continue;
      child.stderr.resume();
      return new NodeProcess(child, { port: Number(port), dir });
    }
    await rm(dir, { recursive: true, force: true });
    throw new Error(`a node did not start: ${said.join(" ")}`);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** No signal handler, no goodbye. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end("SIGKILL");
    await rm(this.#dir, { recursive: true, force: true });
  }
}

const configOf = (dir: string, { databaseUrl, sinkPort, nodeTimeout, more = "" }: NodeOptions): string => `
hostname = "node.test"
data_dir = "${join(dir, "data")}"
[[listen]]
address = "127.0.0.1:0"
tls = "none"
[[route]]
host = "127.0.0.1"
port = ${sinkPort}
tls = "never"
[storage]
driver = "postgres"
url = "${databaseUrl}"
node_timeout = "${nodeTimeout}"
[retry]
schedule = ["1s"]
[log]
level = "silent"
${more}
`;
