// Nothing is lost: a server under load is killed again and again, and each message that got its 250 arrives.
// RFC 5321 §6.1.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlClient, controlClient } from "../../src/cli/control-client.ts";
import { type Config, schema } from "../../src/config/schema.ts";
import { startHost } from "../../src/lab/host.ts";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { fakeWorld } from "../support/fake-world.ts";
import { connectClient, transact } from "../support/smtp-client.ts";
import { answerOfB, Ledger, letterOf } from "./ledger.ts";
import { Lives } from "./lives.ts";

const kills = 50;
const clients = 8;
/** After the first 250 of a server, or after its birth. */
const longestLifeMs = 150;
/** What does not happen within this time will not. */
const patienceMs = 15_000;

/** Set it to play a run's moments again. */
const seed = Number(process.env["WAYBILL_SEED"] ?? 1 + Math.floor(Math.random() * 2 ** 30));

async function startHosts(t: TestContext, ledger: Ledger) {
  const pem = await selfSigned("sink.example", Date.now());
  const start = async (address: string, answers = {}): Promise<{ host: string; port: number }> => {
    const host = await startHost({
      name: "sink.example",
      address,
      port: 0,
      character: { answers },
      now: Date.now,
      certificate: { key: pem, cert: pem },
      onMail: (mail) => ledger.arrive(mail),
    });
    t.after(() => host.close());
    return { host: address, port: host.port };
  };
  return { a: await start("127.0.0.1"), b: await start("127.0.0.2", { rcpt: answerOfB }) };
}

async function configFor(t: TestContext, ledger: Ledger): Promise<Config> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-kill-"));
  t.after(() => rm(dir, { recursive: true }));
  const { a, b } = await startHosts(t, ledger);
  const config = schema.parse({
    hostname: "waybill.example",
    threads: 2,
    log: { level: "silent" },
    data_dir: dir,
    route: [{ to: "b.example", ...b }, a],
    retry: { schedule: ["20ms", "50ms", "200ms"], delay_notice_after: "0s" },
  });
  return { ...config, listen: [{ address: { host: "127.0.0.1", port: 0 }, tls: "none", for: "relay" }] };
}

/** Clients that send letter after letter, to whichever server is up. */
class Load {
  readonly #lives: Lives;
  readonly #ledger: Ledger;
  readonly #ended: Promise<unknown>;
  #stopped = false;
  /** Letters begun so far. */
  sent = 0;

  constructor(lives: Lives, ledger: Ledger) {
    this.#lives = lives;
    this.#ledger = ledger;
    this.#ended = Promise.all(Array.from({ length: clients }, () => this.#run()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) await this.#session(await this.#lives.port).catch(() => {}); // it was killed
  }

  async #session(port: number): Promise<void> {
    await using client = await connectClient(port);
    await client.say("EHLO client.example");
    for (let reply = "250"; reply.startsWith("250") && !this.#stopped;) {
      this.sent += 1;
      const letter = letterOf(this.sent);
      reply = await transact(client, letter);
      if (reply.startsWith("250")) this.#ledger.promise(letter);
    }
  }
}

test(`each message that got its 250 arrives, though the server is killed ${kills} times (seed ${seed})`, async (t) => {
  const ledger = new Ledger();
  const config = await configFor(t, ledger);
  await using lives = new Lives(config);
  lives.begin();
  await lives.port;
  await lives.stop(); // a life that ends well leaves its compiled code behind: the next ones start fast
  const load = new Load(lives, ledger);
  const world = fakeWorld({ seed });
  for (let life = 1; life <= kills; life += 1) {
    lives.begin();
    const isKilledAtStart = life % 10 === 0;
    if (!isKilledAtStart) await ledger.nextPromise(patienceMs);
    await sleep(world.random() * longestLifeMs);
    await lives.kill();
  }
  lives.begin();
  await lives.port;
  await load.stop();
  await ledger.complete(patienceMs);
  const control = controlClient(config.data_dir, "the test");

  const { promised, arrived, duplicates } = ledger;
  t.diagnostic(
    `${load.sent} messages begun, ${promised.size} recipients promised, ${arrived.size} reached, ${duplicates} more than once`,
  );
  const left = await control.list({ limit: 50 });
  assert.deepEqual(ledger.missing(), [], `lost; the queue holds ${JSON.stringify(left)}`);
  assert.deepEqual(ledger.damaged, []);
  for (const kind of ["plain-", "later-", "gone-"])
    assert.ok([...promised].filter((address) => address.startsWith(kind)).length >= kills / 5, `${kind} was tried`);
  await assertDrained(control);
  await lives.stop();
  const bodies = await readdir(join(config.data_dir, "bodies"), { recursive: true });
  assert.deepEqual(
    bodies.filter((name) => name.includes("/")),
    [],
    "no file is left of what is delivered or was never kept",
  );
});

/** Repeated deliveries end, too. */
async function assertDrained(control: ControlClient): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  for (let left = -1; left !== 0; await sleep(20)) {
    left = Object.values(await control.counts({})).reduce((sum, count) => sum + count);
    assert.ok(!signal.aborted, `${left} deliveries are still in the queue`);
  }
}
