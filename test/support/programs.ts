// Programs of the machine, run beside a server in this process.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";

/** Servers stand in sbin, which is not in everybody's PATH. */
const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin"];

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of a program; undefined: it is not installed. */
export const findProgram = (name: string): string | undefined =>
  folders.map((folder) => join(folder, name)).find(isRunnable);

/** For `test`: false, or the reason why it cannot run. */
export const absent = (name: string): string | false =>
  findProgram(name) === undefined && `${name} is not installed (.ci/run installs it on Debian)`;

export interface Ended {
  /** -1: ended by a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Given {
  readonly input?: string | Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs it to its end; a program that takes longer than 30 s is killed. */
export async function runProgram(name: string, args: readonly string[], given: Given = {}): Promise<Ended> {
  const child = spawn(findProgram(name) ?? name, args, {
    env: { ...process.env, ...given.environment },
    timeout: 30_000,
  });
  child.stdin.on("error", () => {}); // it need not read
  child.stdin.end(given.input);
  const ended = Promise.withResolvers<number>();
  child.on("error", ended.reject).on("close", (code) => ended.resolve(code ?? -1));
  const [code, stdout, stderr] = await Promise.all([ended.promise, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
