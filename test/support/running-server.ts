// A whole Waybill in this process, as `waybill start` runs it: real sockets, a data folder of its own, nothing logged.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { z } from "zod";
import { realWorld, type World } from "../../src/base/world.ts";
import { schema } from "../../src/config/schema.ts";
import type { Event } from "../../src/journal/event.ts";
import { startServer } from "../../src/main.ts";
import { Observed } from "./observed.ts";

/** As in waybill.toml. `data_dir` is filled in; so is `listen`: one listener on a free port of 127.0.0.1. */
export type Settings = Omit<z.input<typeof schema>, "data_dir">;

export interface RunningServer extends AsyncDisposable {
  /** Of the first listener. */
  readonly port: number;
  /** Of all listeners, in order. */
  readonly ports: readonly number[];
  readonly dataDir: string;
  readonly events: Observed<Event>;
}

export async function runServer(settings: Settings = {}, world: World = realWorld()): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), "waybill-"));
  const removeData = (): Promise<void> => rm(dataDir, { recursive: true });
  const events = new Observed<Event>();
  const log = {
    logger: pino({ level: "silent" }),
    listener: (event: Event) => events.add(event),
    close: async () => {},
  };
  try {
    const listen = [{ address: "127.0.0.1:0" }];
    const config = schema.parse({ hostname: "waybill.test", listen, ...settings, data_dir: dataDir });
    const server = await startServer({ config, world, log });
    const ports = server.listening.map((place) => Number(place.slice(place.lastIndexOf(":") + 1)));
    return {
      port: ports[0]!,
      ports,
      dataDir,
      events,
      async [Symbol.asyncDispose]() {
        await server.close();
        await removeData();
      },
    };
  } catch (error) {
    await removeData();
    throw error;
  }
}

/** A `[[route]]` to a host on this machine. Without `to`, all mail goes there. */
export const routeTo = (port: number, more: Partial<NonNullable<Settings["route"]>[number]> = {}) => ({
  host: "127.0.0.1",
  port,
  ...more,
});
