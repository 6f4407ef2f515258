// A Waybill in a process of its own, for tests that kill it. It loads everything, waits for its configuration, starts,
// and tells where it listens; the message "stop" ends it in good order.
import { flushCompileCache } from "node:module";
import { realWorld } from "../../src/base/world.ts";
import type { Config } from "../../src/config/schema.ts";
import { openLog } from "../../src/journal/log.ts";
import { startServer } from "../../src/main.ts";

flushCompileCache();
process.once("message", (config: Config) => void live(config));

async function live(config: Config): Promise<void> {
  const log = openLog({ level: "silent", format: "json" });
  const server = await startServer({ config, world: realWorld(), log, threads: config.threads ?? 1 });
  process.once("message", () => void server.close().then(() => process.disconnect()));
  process.send!(Number(server.listening[0]!.split(":").at(-1)));
}
