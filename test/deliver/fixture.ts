// What the deliver tests share: a message, recipients, settings with short limits, and outcomes in one line each.
import type { Address } from "../../src/mail/address.ts";
import type { Recipient } from "../../src/mail/envelope.ts";
import type { Failure } from "../../src/mail/failure.ts";
import type { Hop } from "../../src/mail/hop.ts";
import type { Message, QueueId } from "../../src/mail/message.ts";
import type { Outcome } from "../../src/mail/outcome.ts";
import type { Deliverer, DeliverSettings, Task } from "../../src/deliver/deliver.ts";
import { createDeliverer } from "../../src/deliver/deliver.ts";
import { fakeWorld } from "../support/fake-world.ts";
import type { ScriptServer } from "../support/script-server.ts";

/** Silence ends so soon. */
export const shortMs = 40;

export const newDeliverer = (changes: Partial<DeliverSettings> = {}): Deliverer =>
  createDeliverer({
    hostname: "us.test",
    maxConnections: 10,
    maxConnectionsPerSite: 5,
    maxMessagesPerConnection: 100,
    idleTimeoutMs: 10_000,
    connectTimeoutMs: 5_000,
    world: fakeWorld({ now: 1_700_000_000_123 }),
    ...changes,
  });

export const recipient = (name: string): Recipient => ({ address: `${name}@b.test` as Address });
export const [bob, eve] = [recipient("bob"), recipient("eve")];

export const message: Message = {
  queueId: "q" as QueueId,
  receivedAt: 0,
  reversePath: "ann@a.test" as Address,
  bodyType: "7bit",
  smtpUtf8: false,
  sizeBytes: 24,
  eightBit: false,
};

export const content = "Subject: x\r\n\r\nhello\r\n";

export async function* chunksOf(...texts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text as string);
}

type SmtpHop = Hop & { kind: "smtp" };

export const smtpHop = (servers: readonly ScriptServer[], changes: Partial<SmtpHop> = {}): SmtpHop => ({
  kind: "smtp",
  site: "site",
  hosts: servers.map(({ address, port }, i) => ({ name: `mx${i + 1}.test`, addresses: [address], port })),
  tls: "opportunistic",
  implicitTls: false,
  ...changes,
});

export const task = (hop: Hop, changes: Partial<Task> = {}): Task => ({
  hop,
  message,
  recipients: [bob, eve],
  open: async () => chunksOf(content),
  ...changes,
});

export const never = new AbortController().signal;

/** "delivered 250", "bounced refused rcpt 550", "deferred silent mail", "deferred unreachable refused" */
export function summary(outcome: Outcome): string {
  return outcome.kind === "delivered"
    ? `delivered ${outcome.reply.code}`
    : `${outcome.kind} ${failureSummary(outcome.because)}`;
}

export function failureSummary(failure: Failure): string {
  if (failure.kind === "refused") return `refused ${failure.stage} ${failure.reply.code}`;
  if ("stage" in failure) return `${failure.kind} ${failure.stage}`;
  if ("problem" in failure) return `${failure.kind} ${failure.problem}`;
  return failure.kind === "unsupported" ? `unsupported ${failure.extension}` : failure.kind;
}

export const summaries = async (outcomes: Promise<readonly Outcome[]>): Promise<string[]> =>
  (await outcomes).map(summary);
