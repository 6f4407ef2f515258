// A whole Waybill to which mail apps log in: the account ann@home.lab with the password "pencil", a provider whose one good
// token, "good-token", is hers, and a sink as the next hop. Real sockets, real TLS.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pino } from "pino";
import type { World } from "../../src/base/world.ts";
import { schema } from "../../src/config/schema.ts";
import type { Event } from "../../src/journal/event.ts";
import { startServer } from "../../src/main.ts";
import { formatAccounts } from "../../src/receive/accounts/account.ts";
import { pencilSecret } from "./accounts.ts";
import { fakeWorld } from "./fake-world.ts";
import { Observed } from "./observed.ts";
import { routeTo, type Settings } from "./running-server.ts";
import { type Sink, startSink } from "./sink.ts";

export interface LoginServer extends AsyncDisposable {
  /** Submission with STARTTLS, submission in TLS, submission in clear text, relay. */
  readonly ports: readonly number[];
  /** "https://127.0.0.1:8443": of [web], if `settings` have it. */
  readonly web: readonly string[];
  readonly sink: Sink;
  readonly events: Observed<Event>;
  /** Log lines. */
  readonly log: Observed<string>;
}

const listen: NonNullable<Settings["listen"]> = [
  { address: "127.0.0.1:0", for: "submission" },
  { address: "127.0.0.1:0", for: "submission", tls: "implicit" },
  { address: "127.0.0.1:0", for: "submission", tls: "none" },
  { address: "127.0.0.1:0" },
];

/** Nobody may relay by his address. */
export async function startLoginServer(world: World = fakeWorld(), settings: Settings = {}): Promise<LoginServer> {
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "waybill-"));
  opened.defer(() => rm(dataDir, { recursive: true }));
  const secretFile = join(dataDir, "provider.secret");
  await writeFile(secretFile, "secret of ours\n");
  const ann = { name: "ann@home.lab", secret: pencilSecret(), maySendAs: [], limits: {} };
  await writeFile(join(dataDir, "accounts.json"), formatAccounts([ann]));
  const sink = opened.use(await startSink());
  const provider = opened.use(await startProvider());
  const events = new Observed<Event>();
  const log = new Observed<string>();
  const server = await startServer({
    config: schema.parse({
      hostname: "waybill.test",
      listen,
      storage: { driver: "memory" },
      route: [routeTo(sink.port)],
      relay: { networks: [] },
      oauth: {
        introspection_url: `http://127.0.0.1:${provider.port}/introspect`,
        client_id: "waybill",
        client_secret_file: secretFile,
        timeout: "1m", // of a world that may be a fast one
      },
      ...settings,
      data_dir: dataDir,
    }),
    world,
    log: {
      logger: pino({ level: "debug" }, { write: (line: string) => log.add(line) }),
      listener: (event) => events.add(event),
      close: async () => {},
    },
  });
  opened.defer(() => server.close());
  const ports = server.listening.map((place) => Number(place.slice(place.lastIndexOf(":") + 1)));
  const running = opened.move();
  return { ports, web: server.web, sink, events, log, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** RFC 7662 §2 */
async function startProvider() {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const answer = (isGood: boolean): string => JSON.stringify({ active: isGood, email: "ann@home.lab" });
    void text(request).then((body) => response.end(answer(new URLSearchParams(body).get("token") === "good-token")));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
