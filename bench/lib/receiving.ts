// A server that only receives, for benchmarks: the real listener, sessions and front door, a store that keeps at once.
import { networks } from "../../src/base/networks.ts";
import { realWorld } from "../../src/base/world.ts";
import { schema } from "../../src/config/schema.ts";
import { Journal } from "../../src/journal/journal.ts";
import { createJudge } from "../../src/judge/judge.ts";
import { loop } from "../../src/judge/loop.ts";
import { relay } from "../../src/judge/relay.ts";
import { queueIds } from "../../src/mail/queue-ids.ts";
import { admission } from "../../src/receive/admission.ts";
import { type Listener, listen } from "../../src/receive/listener.ts";
import type { ReceiveStage } from "../../src/receive/stage.ts";
import { createReception, type ReceptionParts } from "../../src/reception.ts";
import { indexDomains, resolveRecipient } from "../../src/route/aliases.ts";
import { expandRecipients } from "../../src/route/expand.ts";
import { createReturns } from "../../src/route/returns.ts";
import { createSession } from "../../src/smtp/server-session.ts";
import { BodyFiles } from "../../src/storage/sqlite/body-files.ts";
import { SpooledBody, SpoolingWriter } from "../../src/storage/sqlite/body-writer.ts";

const hostname = "bench.test";
const largeBytes = 256 * 1024;

/** The real front door, before a store that keeps at once; large bodies go to files below `dir`. */
export function receptionFor(dir: string): ReceiveStage {
  const world = realWorld();
  const files = new BodyFiles(dir);
  const trusted = networks(["127.0.0.0/8"]);
  const ours = indexDomains({ domain: [] }, hostname);
  const parts: Partial<ReceptionParts> = {
    world,
    hostname,
    newQueueId: queueIds(world),
    giveUpAfterMs: 1_000_000,
    journal: new Journal([]),
    judge: createJudge([relay, loop(50)], world),
    maxHeaderBytes: 256 * 1024,
    mend: (header) => header,
    isTrusted: ({ address }) => trusted.has(address),
    whose: (address) => (resolveRecipient(ours, address).kind === "elsewhere" ? "elsewhere" : "ours"),
    expand: (recipients) => expandRecipients(ours, recipients),
    returns: createReturns({ config: schema.parse({}), secrets: ["of the bench"], hostname, world }),
    feedback: new Set(),
    work: { lease: () => undefined, take: () => {}, wake: () => {} },
    queue: {
      compose: () => new SpoolingWriter(files, largeBytes),
      async keep({ body }) {
        if (body instanceof SpooledBody && "file" in body.stored) await files.remove([body.stored.file]);
        return [];
      },
    } as Partial<ReceptionParts["queue"]> as ReceptionParts["queue"],
  };
  return createReception(parts as ReceptionParts);
}

/** Takes mail for anyone from this machine. */
export const startServer = (dir: string): Promise<Listener> =>
  listen(
    {
      address: { host: "127.0.0.1", port: 0 },
      tls: { mode: "none" },
      proxies: networks([]),
      admission: admission({ total: 20_000, perAddress: 20_000 }),
      times: {
        commandTimeoutMs: 300_000,
        dataTimeoutMs: 300_000,
        messageTimeoutMs: 3_600_000,
        sessionTimeoutMs: 3_600_000,
        greetingDelayMs: 0,
      },
      newSession: (client) =>
        createSession(
          {
            hostname,
            maxMessageBytes: 100_000_000,
            maxRecipients: 1_000,
            maxErrors: 20,
            offersStartTls: false,
            mayXclient: false,
          },
          client,
        ),
      onEvent: (event) => console.error(event),
    },
    receptionFor(dir),
  );

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
