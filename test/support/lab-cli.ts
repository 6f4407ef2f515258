// The command `waybill`, as a process of its own, for the server of a lab.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./lab-server.ts";

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const program = join(import.meta.dirname, "../../bin/waybill");

/** Runs `waybill` with these arguments and the configuration of the lab's server. */
export async function waybill(lab: Lab, ...words: readonly string[]): Promise<Ran> {
  const config = join(lab.dir, "waybill.toml");
  await writeFile(config, `data_dir = "${lab.dir}"\n`);
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const child = execFile(process.execPath, [program, ...words, "--config", config], (error, stdout, stderr) =>
    resolve({ exitCode: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
  );
  child.stdin?.end();
  return promise;
}

/** The same with `--json`: the objects that it prints. */
export async function waybillJson<T>(lab: Lab, ...words: readonly string[]): Promise<T[]> {
  const { exitCode, stdout, stderr } = await waybill(lab, ...words, "--json");
  if (exitCode !== 0) throw new Error(`waybill ${words.join(" ")} ended with ${exitCode}: ${stderr}`);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
