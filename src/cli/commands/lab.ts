// `waybill lab`: a pretend internet to try things in.
import type { Command } from "commander";
import { CommandError } from "../exit-codes.ts";
import { example, parseCount } from "./options.ts";

export function addLab(program: Command): void {
  const command = program
    .command("lab")
    .summary("try Waybill in a small pretend internet on this machine")
    .description("Run a Waybill among pretend mail hosts on loopback: deliveries, deferrals and bounces, safely.")
    .option("--speed <times>", "how much faster time passes: at 60, an hour takes a minute", parseCount, 60)
    .option("--port <port>", "where the lab takes mail", parseCount, 2525)
    .option("--data-dir <folder>", "keep the lab's mail here; without it, it is thrown away")
    .action(async (options: { speed: number; port: number; dataDir?: string }) => {
      const { runLab } = await import("../../lab/lab.ts");
      const exitCode = await runLab(options);
      if (exitCode !== 0) throw new CommandError(exitCode);
    });
  example(command, "waybill lab --speed 3600");
}
