// Three nodes, real processes, on one PostgreSQL: what happens to mail when one dies, one is cut off, or the database
// restarts. In all: what got its 250 arrives, and no delivery is in the hands of two nodes at once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { inspect } from "node:util";
import { sendLetter, simpleContent } from "../support/smtp-client.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { query, startPostgres, type TestPostgres } from "../contract/postgres-server.ts";
import { NodeProcess, type NodeOptions } from "./node-process.ts";
import { startWatchingSink, type WatchingSink } from "./watching-sink.ts";

const server = await startPostgres();
if ("skip" in server) test("nodes", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  nodes(server);
}

/** What has not come about within this time will not. */
const patienceMs = 60_000;

let loads = 0;

/** Letters with a recipient each, to some of the nodes in turn; resolves when each was answered. */
class Load {
  /** Recipients whose mail is the nodes' duty. */
  readonly promised = new Set<string>();
  /** Other answers than 250. */
  readonly refusals: string[] = [];
  readonly #name = `load${++loads}`;
  #serial = 0;

  async send(ports: readonly number[], letters: number, atOnce = 10): Promise<void> {
    const until = this.#serial + letters;
    const sender = async (): Promise<void> => {
      while (this.#serial < until) await this.#sendOne(ports);
    };
    await Promise.all(Array.from({ length: atOnce }, sender));
  }

  async #sendOne(ports: readonly number[]): Promise<void> {
    const serial = ++this.#serial;
    const to = `${this.#name}-${serial}@d${serial % 7}.example`;
    const letter = { from: `s${serial}@sender.example`, to: [to], content: simpleContent() };
    const reply = await sendLetter(ports[serial % ports.length]!, letter).catch(
      (error: unknown) => `closed: ${String(error)}`,
    );
    if (reply.startsWith("250")) this.promised.add(to);
    else this.refusals.push(reply);
  }
}

/** What a host says at once to whoever connects. */
async function greeting(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  const [line] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return line.toString();
}

function nodes(server: TestPostgres): void {
  const nodeTimeout = "3s";

  async function startThree(options: Pick<NodeOptions, "sinkPort" | "more">, urls: readonly string[]) {
    const all = await Promise.all(
      urls.map((databaseUrl, i) =>
        NodeProcess.start({ nodeTimeout, ...options, databaseUrl, threads: i === 0 ? 2 : 1 }),
      ),
    );
    const stack = new AsyncDisposableStack();
    for (const node of all) stack.use(node);
    return { all, ports: all.map(({ port }) => port), [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  /** All that was promised arrives, nothing was attempted by two at once, and nothing is left in the database. */
  async function assertArrived(sink: WatchingSink, { promised }: Load, url: string): Promise<void> {
    const deadline = AbortSignal.timeout(patienceMs);
    const missing = (): string[] => [...promised].filter((to) => !sink.taken.has(to));
    const left = () => query(url, "SELECT * FROM waybill.delivery ORDER BY delivery_id");
    while (missing().length > 0 || (await left()).length > 0) {
      if (deadline.aborted) {
        const nodes = await query(url, "SELECT *, clock_timestamp() FROM waybill.node");
        assert.fail(inspect({ missing: missing(), left: await left(), nodes }, { depth: 5 }));
      }
      await pause(50);
    }
    assert.deepEqual(await query(url, "SELECT queue_id FROM waybill.message"), []);
    assert.deepEqual(sink.overlaps, []);
  }

  describe("three nodes on one PostgreSQL", () => {
    test("together hold no more connections to a destination than it may have", async () => {
      const url = await server.newDatabase();
      await using sink = await startWatchingSink(50);
      const more = "[deliver]\nmax_connections_per_site = 4";
      await using three = await startThree({ sinkPort: sink.port, more }, [url, url, url]);
      const load = new Load();
      await load.send(three.ports, 120, 30);
      await assertArrived(sink, load, url);
      assert.ok(sink.mostConnections <= 4, `${sink.mostConnections} connections`);
      assert.ok(sink.mostConnections > 1, "and not one at a time");
    });

    test("together let in no more connections of a network than it may make", async () => {
      const url = await server.newDatabase();
      const more = "[relay]\nnetworks = []\n[rates]\nconnections_per_minute = 40";
      await using three = await startThree({ sinkPort: 1, more }, [url, url]);
      const [one, two] = three.ports;
      const greetings = await Promise.all(Array.from({ length: 40 }, () => greeting(one!)));
      for (const line of greetings) assert.match(line, /^220 /);
      let tries = 0;
      for (let line = "220 "; line.startsWith("220 "); tries += 1) {
        await pause(tries > 0 ? 250 : 0);
        line = await greeting(two!);
        if (!line.startsWith("220 ")) assert.match(line, /^421 more than 40 connections in a minute/);
      }
      assert.ok(tries < 30, `it alone would have let in 40, and let in ${tries}`);
    });

    test("one is killed under load, and the others take over its work", async () => {
      const url = await server.newDatabase();
      await using sink = await startWatchingSink(100);
      await using three = await startThree({ sinkPort: sink.port }, [url, url, url]);
      const load = new Load();
      const loading = load.send(three.ports, 300);
      await sink.recipients(60);
      await three.all[0]!.kill();
      await loading;
      await assertArrived(sink, load, url);
      assert.ok(load.promised.size > 60, `${load.promised.size} promised`);
    });

    test("one is cut off from the database: it answers 451, and goes on when it is back", async () => {
      const url = await server.newDatabase();
      await using proxy = await startProxy(Number(new URL(url).port));
      const through = new URL(url);
      Object.assign(through, { hostname: "127.0.0.1", port: String(proxy.port) });
      await using sink = await startWatchingSink(20);
      await using three = await startThree({ sinkPort: sink.port }, [through.href, url, url]);
      const load = new Load();
      await load.send(three.ports, 60);
      const loading = load.send(three.ports, 60);
      proxy.swallow();
      await loading;
      assert.ok(load.refusals.length > 0, "the node that is cut off takes no mail");
      for (const reply of load.refusals) assert.match(reply, /^451 4\.3\.0 /);
      const whileCut = new Load();
      await whileCut.send([three.ports[0]!], 3, 3);
      assert.equal(whileCut.promised.size, 0);
      proxy.heal();
      for (const again = new Load(); again.promised.size === 0;) await again.send([three.ports[0]!], 1, 1);
      await assertArrived(sink, load, url);
    });

    test(
      "PostgreSQL restarts under load",
      { skip: server.restart === undefined && "it is not ours to restart" },
      async () => {
        const url = await server.newDatabase();
        await using sink = await startWatchingSink(20);
        await using three = await startThree({ sinkPort: sink.port }, [url, url, url]);
        const load = new Load();
        const loading = load.send(three.ports, 300);
        await sink.recipients(40);
        await server.restart!();
        await loading;
        await load.send(three.ports, 30);
        await assertArrived(sink, load, url);
        assert.ok(load.promised.size > 40, `${load.promised.size} promised`);
      },
    );
  });
}
