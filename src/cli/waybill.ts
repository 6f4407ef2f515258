// The command `waybill`: its subcommands, its help, and how it ends.
import { Command, CommanderError } from "commander";
import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import { realWorld } from "../base/world.ts";
import { addAccount } from "./commands/account.ts";
import { addArc } from "./commands/authentication/arc.ts";
import { dkimCommand } from "./commands/authentication/dkim.ts";
import { addExplain } from "./commands/explain.ts";
import { addDmarc } from "./commands/authentication/dmarc.ts";
import { addSpf } from "./commands/authentication/spf.ts";
import { addCheck } from "./commands/check.ts";
import { addConfig } from "./commands/config.ts";
import { addDestinations } from "./commands/destinations.ts";
import { addDkimKeys } from "./commands/dkim-keys.ts";
import { addGreylist } from "./commands/greylist.ts";
import { addLab } from "./commands/lab.ts";
import { addQueue } from "./commands/queue.ts";
import { addSend } from "./commands/send.ts";
import { addSenders } from "./commands/senders.ts";
import { sendmail, sendmailHelp } from "./commands/sendmail.ts";
import { addStart } from "./commands/start.ts";
import { addStore } from "./commands/store.ts";
import { addSuppression } from "./commands/suppression.ts";
import { addTrace } from "./commands/trace.ts";
import type { Context } from "./context.ts";
import { CommandError, exitCodes, exitCodesHelp } from "./exit-codes.ts";

/** `argv` as in process.argv: runtime, program, arguments. Resolves with the exit code; never rejects. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const [, program = "waybill", ...rest] = argv;
  try {
    await run(basename(program), rest, context);
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof CommandError)) {
      context.stderr.write(
        `A fault in Waybill: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      return exitCodes.bug;
    }
    if (error.message !== "") context.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}

/** Programs call sendmail and mailq by these names. */
async function run(name: string, rest: readonly string[], context: Context): Promise<void> {
  if (name === "mailq") return sendmail(["-bp", ...rest], context);
  if (name === "sendmail") return sendmail(rest, context);
  if (rest[0] === "sendmail") return sendmail(rest.slice(1), context); // its options are not commander's kind
  await createProgram(context).parseAsync(rest, { from: "user" });
}

function createProgram(context: Context): Command {
  const program = new Command("waybill")
    .description("A mail server that keeps every message it accepts, delivers it or says why not.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
    .showHelpAfterError("See --help for what is possible.");
  addStart(program);
  addSend(program, context);
  const listed = program.command("sendmail").summary("take a message as sendmail does");
  listed.helpInformation = () => sendmailHelp;
  addQueue(program, context);
  addTrace(program, context);
  addDestinations(program, context);
  addExplain(program, context);
  addCheck(program, context);
  addSpf(program, context);
  addDkimKeys(dkimCommand(program, context), context);
  addDmarc(program, context);
  addArc(program, context);
  addSenders(program, context);
  addGreylist(program, context);
  addSuppression(program, context);
  addAccount(program, context);
  addConfig(program, context);
  addStore(program, context);
  addLab(program);
  return program.addHelpText("after", `${exitCodesHelp}\n\nExample:\n  $ waybill start --config waybill.toml`);
}

/** Runs as a program of its own. */
export async function runProgram(): Promise<void> {
  // `waybill queue list | head` ends the pipe early: no fault
  process.stdout.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? 0 : exitCodes.bug),
  );
  const { stdin, stdout, stderr, env } = process;
  const context = {
    stdin,
    stdout,
    stderr,
    environment: env,
    world: realWorld(),
    machine: hostname(),
    user: loginName(),
  };
  process.exitCode = await main(process.argv, context);
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env["USER"] ?? String(process.getuid?.() ?? "nobody"); // a uid without an account, as in containers
  }
}
