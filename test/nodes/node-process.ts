// `waybill start` in a process of its own, with a data folder of its own and, as a node, the database of all.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type ControlClient, controlClient } from "../../src/cli/control-client.ts";

const program = join(import.meta.dirname, "../../bin/waybill");

export interface NodeOptions {
  /** Without it, its mail is in its own folder. */
  readonly databaseUrl?: string;
  /** Where all mail goes. */
  readonly sinkPort: number;
  readonly nodeTimeout?: string;
  /** Without it, the system chooses. */
  readonly port?: number;
  readonly threads?: number;
  /** Where its data is; without it, in a folder of its own, which goes with it. */
  readonly dir?: string;
  /** Without it, nothing is logged. */
  readonly logFile?: string;
  /** More lines of waybill.toml. */
  readonly more?: string;
}

export class NodeProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #dir: string;
  /** The folder was made for it. */
  readonly #isOwn: boolean;
  readonly control: ControlClient;

  private constructor(child: ChildProcess, { port, dir, isOwn }: { port: number; dir: string; isOwn: boolean }) {
    this.#isOwn = isOwn;
    this.#child = child;
    this.port = port;
    this.#dir = dir;
    this.control = controlClient(join(dir, "data"), "the test");
  }

  /** Resolves when it takes mail. */
  static async start(options: NodeOptions): Promise<NodeProcess> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "waybill-node-")));
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
      return new NodeProcess(child, { port: Number(port), dir, isOwn: options.dir === undefined });
    }
    await rm(dir, { recursive: true, force: true });
    throw new Error(`a node did not start: ${said.join(" ")}`);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** In good order. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
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
    if (this.#isOwn) await rm(this.#dir, { recursive: true, force: true });
  }
}

const configOf = (
  dir: string,
  { databaseUrl, sinkPort, nodeTimeout, port = 0, threads = 1, logFile, more = "" }: NodeOptions,
) => `
hostname = "node.test"
data_dir = "${join(dir, "data")}"
threads = ${threads}
[[listen]]
address = "127.0.0.1:${port}"
tls = "none"
[[route]]
host = "127.0.0.1"
port = ${sinkPort}
tls = "never"
[storage]
${databaseUrl === undefined ? "" : `driver = "postgres"\nurl = "${databaseUrl}"`}
${nodeTimeout === undefined ? "" : `node_timeout = "${nodeTimeout}"`}
[retry]
schedule = ["1s"]
[log]
${logFile === undefined ? 'level = "silent"' : `file = "${logFile}"`}
${more}
`;
