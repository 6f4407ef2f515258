// The thread that finds out who senders are: mailauth runs here, and nowhere else, as hostile input can block it. Each turn of
// the event loop is of one piece of work, whose number stands in shared memory, beside the count of turns: whoever watches knows
// whether something blocks, and what.
import { parentPort, workerData } from "node:worker_threads";
import { answer, servePort } from "../../base/calls/serve.ts";
import { type Answer, openingId } from "../../base/calls/protocol.ts";
import { inTime } from "../../base/in-time.ts";
import { realWorld } from "../../base/world.ts";
import { cachedResolver } from "../../dns/cached-resolver.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { createResolver } from "../../dns/system-resolver.ts";
import type { SpfVerdict } from "../../mail/verdict.ts";
import { evaluateParts } from "./content.ts";
import { networkOf } from "./identity.ts";
import { Inflow } from "./inflow.ts";
import { evaluateIprev } from "./iprev.ts";
import { Memory } from "./memory.ts";
import { evaluateSpf } from "./spf.ts";
import { lateIprev, lateSpf, lateWords } from "./unknown.ts";
import { ReadingLine } from "./reading-line.ts";
import type { KeyRead, Keys } from "./verifier.ts";
import type { IdentityThreadData, IdentityWork } from "./work.ts";

const { hostname, dns, timeoutMs, running } = workerData as IdentityThreadData;
const port = parentPort!;
const world = realWorld();
const keyMemory = new Memory<KeyRead>(world, (read) => "key" in read);
const resolver = cachedResolver(createResolver(dns), world);

interface Content {
  readonly body: Inflow;
  readonly told: (spf: readonly SpfVerdict[]) => void;
}
const contents = new Map<number, Content>();

function begin(work: number): void {
  Atomics.store(running, 0, work);
  Atomics.add(running, 1, 1);
}

/** The next turn is of this work. */
const turn = (work: number): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(() => {
      begin(work);
      resolve();
    });
  });

/** One piece for each round of the event loop: whatever asks for less than a body does not wait for all of them. */
const line = new ReadingLine({ now: () => performance.now(), soon: (then) => void setImmediate(then) });

const bodyTurn = (work: number, network: string): Promise<void> => line.turn(network).then(() => begin(work));

const keysFor =
  (work: number): Keys =>
  async (name, read) => {
    const found = await keyMemory.get(name, read);
    await turn(work);
    return found;
  };

/** Answers come back in a turn of the work that asked. */
function asking(work: number): Resolver {
  const inTurn = async <T>(answered: Promise<T>): Promise<T> => {
    const found = await answered;
    await turn(work);
    return found;
  };
  return {
    mx: (name) => inTurn(resolver.mx(name)),
    a: (name) => inTurn(resolver.a(name)),
    aaaa: (name) => inTurn(resolver.aaaa(name)),
    txt: (name) => inTurn(resolver.txt(name)),
    ptr: (address) => inTurn(resolver.ptr(address)),
  };
}

async function* noBody(): AsyncGenerator<Uint8Array> {}

const operations: IdentityWork = {
  async sender(work, about) {
    await turn(work);
    const because = lateWords(timeoutMs);
    const limit = { limitMs: timeoutMs, world };
    const [iprev, spf] = await Promise.all([
      inTime(evaluateIprev(about.client, asking(work)), { ...limit, late: () => lateIprev(because) }),
      inTime(evaluateSpf({ ...about, hostname }, asking(work)), { ...limit, late: () => lateSpf(about, because) }),
    ]);
    return { iprev, spf };
  },
  async header(work, { header, spf, client, now }) {
    await turn(work);
    return evaluateParts(
      { header, body: noBody(), spf: Promise.resolve(spf), client, now, keys: keysFor(work) },
      asking(work),
    );
  },
  async content(work, { client, now }, header) {
    const network = networkOf(client);
    const body = new Inflow(() => bodyTurn(work, network));
    const spf = new Promise<readonly SpfVerdict[]>((told) => contents.set(work, { body, told }));
    line.enter(network);
    try {
      await turn(work);
      return await evaluateParts({ header, body, spf, client, now, keys: keysFor(work) }, asking(work));
    } finally {
      contents.delete(work);
      body.leave();
      line.leave(network);
    }
  },
  body: (work, bytes) => contents.get(work)?.body.push(bytes) ?? Promise.resolve(),
  end(work, spf) {
    contents.get(work)?.told(spf);
    contents.get(work)?.body.end();
  },
  drop(work) {
    contents.get(work)?.told([]);
    contents.get(work)?.body.fail(new Error("the message was given up"));
  },
  ping() {},
};

/** Answers of one turn go together, and none waits for another. */
let outbox: Answer[] = [];
function reply(answered: Answer): void {
  if (outbox.length === 0)
    setImmediate(() => {
      port.postMessage(outbox); // eslint-disable-line unicorn/require-post-message-target-origin -- a thread, not a window
      outbox = [];
    });
  outbox.push(answered);
}

servePort(
  port,
  (calls) => {
    for (const call of calls) void answer(operations, call).then(reply);
    return [];
  },
  {
    open: async () => reply({ id: openingId, ok: true, value: undefined }),
    close: async () => port.close(),
  },
);
