// `waybill start`: the server, in the foreground.
import type { Command } from "commander";
import { CommandError } from "../exit-codes.ts";
import { configOption, example } from "./options.ts";

export function addStart(program: Command): void {
  const command = program
    .command("start")
    .summary("run the mail server")
    .description("Run the mail server in the foreground, until SIGINT or SIGTERM.")
    .addOption(configOption())
    .action(async ({ config }: { config?: string }) => {
      const { run } = await import("../../main.ts"); // lazy: the other commands start without the server's code
      const exitCode = await run({ ...(config !== undefined && { configFile: config }) });
      if (exitCode !== 0) throw new CommandError(exitCode);
    });
  example(command, "waybill start --config /etc/waybill/waybill.toml");
}
