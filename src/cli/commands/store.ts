// `waybill store migrate`: from SQLite to PostgreSQL.
import { type Command, Option } from "commander";
import { parsePostgresUrl } from "../../config/postgres-url.ts";
import { type Context, printLines } from "../context.ts";
import { readConfig } from "../control-client.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import { counted } from "../human-units.ts";
import { configOption, example } from "./options.ts";

interface MigrateOptions {
  readonly config?: string;
  readonly to?: string;
  readonly toConfig?: string;
}

export function addStore(program: Command, context: Context): void {
  const store = program
    .command("store")
    .summary("move the queue to another store")
    .description("About the store: where mail is kept until it is delivered.");
  const migrate = store
    .command("migrate")
    .summary("move mail and history from SQLite to PostgreSQL")
    .description(
      "Move the queue and the history of a stopped server from SQLite to PostgreSQL. When it was broken off, begin it again: it goes on where it stopped. The old files stay, in a folder of their own.",
    )
    .addOption(configOption())
    .addOption(
      new Option("--to <url>", "the database: postgres://USER:PASSWORD@HOST:PORT/DATABASE").conflicts("toConfig"),
    )
    .addOption(new Option("--to-config <file>", "a configuration whose [storage] names the database"))
    .action((options: MigrateOptions) => migrateStore(options, context));
  example(migrate, "waybill store migrate --config old.toml --to-config /etc/waybill/waybill.toml");
}

async function migrateStore({ config, to, toConfig }: MigrateOptions, context: Context): Promise<void> {
  const { data_dir: dir } = await readConfig(config);
  const url = await targetUrl(to, toConfig);
  const { moveToPostgres } = await import("../../storage/moving.ts"); // lazy: the other commands start without it
  const oldFolder = `moved-${new Date(context.world.now()).toISOString().slice(0, 10)}`;
  const onProgress = ({ deliveries, events }: { deliveries: number; events: number }): void => {
    if (context.stderr.isTTY)
      context.stderr.write(`\r${counted(deliveries, "delivery", "deliveries")}, ${events} events`);
  };
  const moved = await moveToPostgres({ dir, url, oldFolder, onProgress }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(exitCodes.unavailable, `waybill: ${why}`);
  });
  if (context.stderr.isTTY) context.stderr.write("\n");
  const { messages, deliveries, events, oldFiles } = moved;
  printLines(context, [
    `Moved ${counted(messages, "message", "messages")} with ${counted(deliveries, "delivery", "deliveries")}, and ${counted(events, "event", "events")} of the history.`,
    `The old files are in ${oldFiles}; nothing reads them any more: delete them when you are content.`,
    `Now start Waybill with driver = "postgres" and this database under [storage].`,
  ]);
}

async function targetUrl(to: string | undefined, toConfig: string | undefined): Promise<string> {
  if (to !== undefined) {
    if (parsePostgresUrl(to) !== undefined) return to;
    throw new CommandError(
      exitCodes.usage,
      "waybill: what stands after --to is not the URL of a PostgreSQL database: write postgres://USER:PASSWORD@HOST:PORT/DATABASE",
    );
  }
  if (toConfig === undefined)
    throw new CommandError(exitCodes.usage, "waybill: name the database with --to, or with --to-config");
  const { storage } = await readConfig(toConfig);
  if (storage.driver !== "postgres")
    throw new CommandError(
      exitCodes.badConfig,
      `waybill: the driver under [storage] in ${toConfig} is "${storage.driver}": write driver = "postgres", and the url`,
    );
  const { databaseUrl } = await import("../../storage/open.ts");
  return databaseUrl(storage);
}
