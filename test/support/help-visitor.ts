// A server with the help page, and a visitor of it whose mail app is on the same network, loopback.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { realWorld, type World } from "../../src/base/world.ts";
import { schema } from "../../src/config/schema.ts";
import { startServer } from "../../src/main.ts";
import { startLoginServer } from "./login-server.ts";
import type { Settings } from "./running-server.ts";
import { ask } from "./web-request.ts";

/** STARTTLS, TLS, clear text, relay: as `ports` of the login server. */
export const portOf = { starttls: 0, tls: 1, clear: 2, relay: 3 } as const;

const helpSettings = {
  hostname: "mail.localhost", // browsers trust it as if it had HTTPS, and find it on loopback
  domain: [{ name: "home.lab", deliver: "lmtp:127.0.0.1:1" }],
  mail_apps: { smtp: ["mail.home.lab:465", "mail.home.lab:587"] },
  web: { listen: ["127.0.0.1:0"], tls: "none" },
} satisfies Settings;

export async function startHelpServer(world?: World) {
  const server = await startLoginServer(world, helpSettings);
  return { ...server, webPort: portIn(server.web) };
}

/** Three threads; the port is for TLS from the first byte. Further threads live in real time. */
export async function startThreads() {
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "waybill-"));
  opened.defer(() => rm(dataDir, { recursive: true }));
  const listen = [{ address: "127.0.0.1:0", for: "submission", tls: "implicit" }] as const;
  const config = schema.parse({ ...helpSettings, listen, log: { level: "silent" }, data_dir: dataDir });
  const log = { logger: pino({ level: "silent" }), listener: () => {}, close: async () => {} };
  const server = await startServer({ config, world: realWorld(), log, threads: 3 });
  opened.defer(() => server.close());
  const running = opened.move();
  return {
    port: portIn(server.listening),
    webPort: portIn(server.web),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const portIn = ([place = ""]: readonly string[]): number => Number(place.slice(place.lastIndexOf(":") + 1));

/** Presses start; answers how to look at the page, as text without tags. */
export async function startTest(port: number, address = "ann@home.lab"): Promise<() => Promise<string>> {
  const started = await ask({
    port,
    host: "home.lab",
    path: "/help/test",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ lang: "en", address, app: "thunderbird", problem: "send" }).toString(),
  });
  assert.equal(started.status, 303);
  const path = started.headers.location!;
  return async () => {
    const { body } = await ask({ port, host: "home.lab", path });
    return body.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
  };
}
