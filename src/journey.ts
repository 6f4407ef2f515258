// The journey of a message on one page: accept() takes responsibility for it, attempt() tries to pass it on.
import type { Deliverer } from "./deliver/deliver.ts";
import type { Judge } from "./judge/judge.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import { type Failure, isPermanent } from "./mail/failure.ts";
import { countReceived, readHeader } from "./mail/header.ts";
import type { Routing } from "./mail/hop.ts";
import type { QueueId } from "./mail/message.ts";
import type { Outcome } from "./mail/outcome.ts";
import { type Reply, reply } from "./mail/reply.ts";
import type { Intake } from "./queue/intake.ts";
import { newMessage } from "./queue/new-message.ts";
import { type Delivery, StoreFull } from "./queue/store.ts";
import type { Ending, Worker } from "./queue/worker.ts";
import type { Router } from "./route/route.ts";
import { settle, type SettlingParts } from "./settling.ts";

export interface Stages extends SettlingParts {
  readonly judge: Judge;
  readonly router: Router;
  readonly deliverer: Deliverer;
  readonly isTrusted: (client: Client) => boolean;
  readonly work: Pick<Worker, "lease" | "take" | "wake">;
}

export interface Arrival {
  readonly client: Client;
  readonly envelope: Envelope;
  readonly queueId: QueueId;
  readonly content: Intake;
}

/** The last step of a mail transaction: judges the content, keeps it, and answers the final dot. */
export async function accept(stages: Stages, arrival: Arrival): Promise<Reply> {
  const { client, envelope, queueId, content } = arrival;
  const taken = await content.finish();
  if (taken.kind === "fault") return sorry(stages, queueId, taken.error);
  const { body } = taken;
  const header = readHeader(body.head);

  const judged = stages.judge.judge("content", {
    client,
    trusted: stages.isTrusted(client),
    reversePath: envelope.reversePath,
    content: { sizeBytes: body.sizeBytes, hops: countReceived(header) - 1 }, // the first is ours
  });
  const refusal = judged instanceof Promise ? await judged : judged; // no turn lost where no check had to wait
  const receivedAt = stages.world.now();
  if (refusal !== undefined) {
    await content.discard();
    const from = envelope.reversePath;
    stages.journal.note([{ kind: "refused", at: receivedAt, client, stage: "content", from, reply: refusal }]);
    return refusal;
  }

  const recipients = stages.expand(envelope.recipients);
  const expiresAt = receivedAt + stages.giveUpAfterMs;
  const message = newMessage({ queueId, client, envelope, recipients, body, header, receivedAt, expiresAt });
  const lease = stages.work.lease(recipients);
  let deliveries: Delivery[];
  try {
    deliveries = await stages.queue.keep(message, lease);
  } catch (error) {
    await content.discard();
    return sorry(stages, queueId, error);
  }
  // from here the message is ours. RFC 5321 §6.1
  stages.journal.note(message.events);
  if (lease === undefined) stages.work.wake();
  else stages.work.take(deliveries);
  return reply(250, "2.0.0", `kept, and on its way as ${queueId}`);
}

/** The message was not kept, through no fault of the client's: it keeps the message and comes again. */
function sorry({ onBug }: Stages, queueId: QueueId, error: unknown): Reply {
  if (error instanceof StoreFull)
    return reply(452, "4.3.1", "our disk is full; please try again later, the message was not taken");
  onBug(error, queueId);
  return reply(451, "4.3.0", "we could not store the message because of a fault on our side; please try again later");
}

/** One attempt at deliveries of one message: each group with the same next hop goes its own way. Never rejects. */
export async function attempt(stages: Stages, deliveries: readonly Delivery[], ending: Ending): Promise<void> {
  const routed = await Promise.all(
    deliveries.map(async (delivery) => ({ delivery, routing: await route(stages, delivery) })),
  );
  const groups = Map.groupBy(routed, ({ routing }) => (routing.kind === "hop" ? routing.hop.site : undefined));
  const journeys = Array.from(groups.values(), async (group) => {
    const outcomes = await handOver(stages, group, ending.signal);
    await settle(
      stages,
      group.map(({ delivery }, i) => ({ delivery, outcome: outcomes[i]! })),
      ending,
    );
  });
  await Promise.all(journeys);
}

type Routed = { readonly delivery: Delivery; readonly routing: Routing };

async function route({ router, onBug }: Stages, { recipient, message, bounceOrdered }: Delivery): Promise<Routing> {
  if (bounceOrdered)
    return {
      kind: "failed",
      because: { kind: "operator", text: "the operator of this mail server ended the delivery" },
    };
  try {
    return await router.route(recipient.address, message.reversePath);
  } catch (error) {
    onBug(error, message.queueId);
    return { kind: "failed", because: { kind: "internal", text: "routing failed" } }; // unknown failures are temporary
  }
}

/** One outcome for each of the group, which share a next hop, or the lack of one. */
async function handOver(
  { deliverer, queue }: Stages,
  group: readonly Routed[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const { routing, delivery } = group[0]!;
  if (routing.kind === "failed") return group.map(({ routing }) => undelivered(routing));
  const recipients = group.map(({ delivery }) => delivery.recipient);
  const { message } = delivery;
  return deliverer.deliver({ hop: routing.hop, message, recipients, open: () => queue.read(message.queueId) }, signal);
}

function undelivered(routing: Routing): Outcome {
  const because: Failure = routing.kind === "failed" ? routing.because : { kind: "internal", text: "no next hop" };
  return { kind: isPermanent(because) ? "bounced" : "deferred", because, steps: [] };
}
