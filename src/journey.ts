// The journey of a message on one page: accept() takes responsibility for it, attempt() tries to pass it on.
import type { Deliverer } from "./deliver/deliver.ts";
import type { Judge } from "./judge/judge.ts";
import { fieldsOnTop, type Judgeable, judgeContent } from "./content-judgement.ts";
import type { Client } from "./mail/client.ts";
import { type Failure, isPermanent } from "./mail/failure.ts";
import type { Event } from "./journal/event.ts";
import type { Suppressions } from "./judge/suppression/suppression.ts";
import { suppressedFailure } from "./judge/suppression/words.ts";
import type { Address, ReversePath } from "./mail/address.ts";
import { fieldValue, formatReceived, type HeaderField } from "./mail/header.ts";
import type { Routing } from "./mail/hop.ts";
import { parseMailboxes } from "./mail/mailboxes.ts";
import type { QueueId } from "./mail/message.ts";
import type { Outcome } from "./mail/outcome.ts";
import { type Reply, reply } from "./mail/reply.ts";
import { type Delivery, type NewMessage, StoreFull } from "./queue/store.ts";
import type { Ending, Worker } from "./queue/worker.ts";
import { arrivalOf, type ReturningParts } from "./returning/returning.ts";
import type { Returns } from "./route/returns.ts";
import type { Router } from "./route/route.ts";
import { settle, type SettlingParts } from "./settling.ts";

export interface Stages extends SettlingParts, ReturningParts {
  readonly judge: Judge;
  readonly router: Router;
  readonly returns: Returns;
  /** Absent: every address is tried. */
  readonly suppressions?: Pick<Suppressions, "find">;
  readonly deliverer: Deliverer;
  readonly isTrusted: (client: Client) => boolean;
  readonly work: Pick<Worker, "lease" | "take" | "wake">;
}

interface Arrival extends Judgeable {
  readonly queueId: QueueId;
}

/** The last step of a mail transaction: judges the content, keeps it, and answers the final dot. */
export async function accept(stages: Stages, arrival: Arrival): Promise<Reply> {
  const { client, trusted, envelope, queueId, content } = arrival;
  content.end();
  const { no, judged } = await judgeContent(stages.judge, arrival);
  const receivedAt = stages.world.now();
  if (no !== undefined) {
    const about = refusedAbout(arrival);
    await content.discard();
    const { check, ...reply } = no;
    stages.journal.note([{ kind: "refused", at: receivedAt, client, ...about, reply, check, judged }]);
    return reply;
  }

  const { hostname } = stages;
  const received = formatReceived({ ...envelope, client, hostname, queueId, at: receivedAt });
  const taken = await content.finish(fieldsOnTop(hostname, arrival, judged) + (await content.signatures()) + received);
  if (taken.kind === "fault") return sorry(stages, queueId, taken.error);
  const { header } = content;
  try {
    const { message, letters } = await arrivalOf(stages, {
      queueId,
      client,
      envelope,
      body: taken.body,
      start: content.start,
      header,
      ...authorIn(header, envelope.reversePath),
      receivedAt,
      expiresAt: receivedAt + stages.giveUpAfterMs,
      ...(!trusted && { judged }),
    });
    if (message.body !== taken.body) await content.discard();
    await keep(stages, message);
    for (const letter of letters) void keep(stages, letter).catch((error: unknown) => stages.onBug(error, queueId));
  } catch (error) {
    await content.discard();
    return sorry(stages, queueId, error);
  }
  // from here the message is ours. RFC 5321 §6.1
  return reply(250, "2.0.0", `kept, and on its way as ${queueId}`);
}

/** And on its way, with the next attempt or at once. */
async function keep({ queue, journal, work }: Stages, message: NewMessage): Promise<void> {
  const lease = work.lease(message.recipients);
  const deliveries = await queue.keep(message, lease);
  journal.note(message.events);
  if (lease === undefined) work.wake();
  else work.take(deliveries);
}

/** Strangers cause refusals, and each name is room in the history. */
const refusedNames = { recipients: 20, messageIdChars: 998 } as const;

/** What a message that was not kept is found by. */
function refusedAbout({ envelope, content: { header } }: Arrival) {
  const { reversePath: from, recipients } = envelope;
  const messageId = fieldValue(header, "Message-ID");
  return {
    stage: "content",
    from,
    recipients: recipients.slice(0, refusedNames.recipients).map(({ address }) => address),
    ...(messageId && messageId.length <= refusedNames.messageIdChars && { messageId }),
    ...authorIn(header, from),
  } satisfies Partial<Extract<Event, { kind: "refused" }>>;
}

/** Whom people see as the sender, unless the reverse-path says the same. */
function authorIn(header: readonly HeaderField[], reversePath: ReversePath): { readonly author?: Address } {
  const from = fieldValue(header, "From") ?? "";
  if (reversePath !== "" && (from === reversePath || from.endsWith(`<${reversePath}>`))) return {}; // as mostly
  const [author] = parseMailboxes(from) ?? [];
  return author === undefined || author.toLowerCase() === reversePath.toLowerCase() ? {} : { author };
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
  const groups = Map.groupBy(routed, ({ routing, delivery: { recipient } }) =>
    routing.kind === "hop" ? `${routing.hop.site} from ${recipient.reversePath ?? ""}` : undefined,
  );
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

async function route(stages: Stages, { recipient, message, bounceOrdered }: Delivery): Promise<Routing> {
  const { router, suppressions, hostname, onBug } = stages;
  if (bounceOrdered)
    return {
      kind: "failed",
      because: { kind: "operator", text: "the operator of this mail server ended the delivery" },
    };
  try {
    const found = suppressions?.find(recipient.address, message.reversePath);
    const suppression = found && (await found);
    if (suppression !== undefined) return { kind: "failed", because: suppressedFailure(suppression, hostname) };
    return await router.route(recipient.address, recipient.reversePath ?? message.reversePath);
  } catch (error) {
    onBug(error, message.queueId);
    return { kind: "failed", because: { kind: "internal", text: "routing failed" } }; // unknown failures are temporary
  }
}

/** One outcome for each of the group, which share a next hop, or the lack of one. */
async function handOver(
  { deliverer, queue, returns }: Stages,
  group: readonly Routed[],
  signal: AbortSignal,
): Promise<readonly Outcome[]> {
  const { routing, delivery } = group[0]!;
  if (routing.kind === "failed") return group.map(({ routing }) => undelivered(routing));
  const recipients = group.map(({ delivery }) => delivery.recipient);
  const { message } = delivery;
  const { hop } = routing;
  // a mailbox here gets it from its sender
  const returnTo = hop.kind === "smtp" ? returns.forSender(message.reversePath, message.queueId) : undefined;
  const open = (): ReturnType<typeof queue.read> => queue.read(message.queueId);
  return deliverer.deliver({ hop, message, recipients, ...(returnTo && { returnTo }), open }, signal);
}

function undelivered(routing: Routing): Outcome {
  const because: Failure = routing.kind === "failed" ? routing.because : { kind: "internal", text: "no next hop" };
  return { kind: isPermanent(because) ? "bounced" : "deferred", because, steps: [] };
}
