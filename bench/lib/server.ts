// A Waybill under test: a process of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

export interface Server extends AsyncDisposable {
  readonly pid: number;
}

const program = fileURLToPath(new URL("../../bin/waybill", import.meta.url));

/** As its first line has it run. */
const [firstLine = ""] = readFileSync(program, "utf8").split("\n", 1);
const ownFlags = firstLine.match(/--\S+/g) ?? [];

/** As it is installed: built, for sources need more memory. */
let isBuilt = false;
function build(): void {
  if (isBuilt) return;
  const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], { stdio: "inherit" });
  isBuilt = true;
}

/** Starts with a config file; resolves when `port` greets. `flags`: of Node. */
export async function startServer(config: string, port: number, flags: readonly string[] = []): Promise<Server> {
  build();
  const child = spawn(process.execPath, [...ownFlags, ...flags, program, "start", "--config", config], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exit = once(child, "exit");
  while (!(await greets(port))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode} at its start`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exit;
    },
  };
}

const greets = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("data", () => {
      socket.end("QUIT\r\n");
      resolve(true);
    });
  });

/** Of a Linux process, in MB. */
export async function memoryOf(pid: number): Promise<{ residentMb: number; peakMb: number; anonymousMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const mb = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  return { residentMb: mb("VmRSS"), peakMb: mb("VmHWM"), anonymousMb: mb("RssAnon") };
}

const ticksPerSecond = 100; // sysconf(_SC_CLK_TCK) of all Linux systems in use

/** CPU time of a Linux process so far, in seconds. */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
