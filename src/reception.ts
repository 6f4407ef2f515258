// The journey's front door: answers the questions of a session, and takes the content that follows.
import { accept, type Arrival, type Stages } from "./journey.ts";
import type { Facts, Phase } from "./judge/check.ts";
import type { Address } from "./mail/address.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import { formatReceived } from "./mail/header.ts";
import { isPositive, type Reply, reply } from "./mail/reply.ts";
import { Intake } from "./queue/intake.ts";
import type { ContentSink, ReceiveStage } from "./receive/stage.ts";
import type { Question } from "./smtp/effect.ts";

export interface ReceptionParts extends Stages {
  readonly whose: (address: Address) => NonNullable<Facts["recipientIs"]>;
}

type Asked = Exclude<Question, { about: "message" }>;

export function createReception(stages: ReceptionParts): ReceiveStage {
  return {
    answer: (question) => answer(stages, question),
    begin: (client, envelope) => begin(stages, client, envelope),
  };
}

const phases = { connection: "connect", "reverse-path": "mail", recipient: "rcpt" } as const satisfies Record<
  Asked["about"],
  Phase
>;

/** 250, or the judge's refusal, which goes into the journal. */
function answer(stages: ReceptionParts, question: Asked): Reply | Promise<Reply> {
  const phase = phases[question.about];
  const refusal = stages.judge.judge(phase, factsOf(stages, question));
  if (refusal === undefined) return welcome[question.about];
  const decide = (no: Reply | undefined): Reply => {
    if (no === undefined) return welcome[question.about];
    const from = question.about === "connection" ? undefined : question.origin.reversePath;
    const to = question.about === "recipient" ? question.recipient.address : undefined;
    stages.journal.note([
      {
        kind: "refused",
        at: stages.world.now(),
        client: question.client,
        stage: phase,
        ...(from !== undefined && { from }),
        ...(to && { to }),
        reply: no,
      },
    ]);
    return no;
  };
  return refusal instanceof Promise ? refusal.then(decide) : decide(refusal);
}

const welcome: Readonly<Record<Asked["about"], Reply>> = {
  connection: reply(220, undefined),
  "reverse-path": reply(250, "2.1.0", "sender noted"),
  recipient: reply(250, "2.1.5", "recipient noted"),
};

function factsOf(stages: ReceptionParts, question: Asked): Facts {
  const { client } = question;
  const trusted = stages.isTrusted(client);
  if (question.about === "connection") return { client, trusted };
  const { reversePath } = question.origin;
  if (question.about === "reverse-path") return { client, trusted, reversePath };
  const { recipient } = question;
  return { client, trusted, reversePath, recipient, recipientIs: stages.whose(recipient.address) };
}

function begin(stages: Stages, client: Client, envelope: Envelope): ContentSink {
  const queueId = stages.newQueueId();
  const content = new Intake(stages.queue.compose());
  const { hostname, world } = stages;
  const received = formatReceived({
    client,
    hostname,
    queueId,
    at: world.now(),
    smtpUtf8: envelope.smtpUtf8,
    recipients: envelope.recipients,
  });
  void content.write(Buffer.from(received));
  return {
    write: (bytes) => content.write(bytes),
    finish: (final) => accept(stages, { client, envelope: final, queueId, content } satisfies Arrival),
    discard: () => content.discard(),
  };
}

/** Past the same judge as any other mail: `waybill send`, sendmail. Rejects, and keeps nothing, when `content` rejects. */
export async function submit(
  parts: ReceptionParts & { readonly maxMessageBytes: number; readonly maxRecipients: number },
  arrival: { envelope: Envelope; client: Client },
  content: AsyncIterable<Uint8Array>,
): Promise<Reply> {
  const { envelope, client } = arrival;
  if (envelope.recipients.length > parts.maxRecipients)
    return reply(452, "4.5.3", `a message may have ${parts.maxRecipients} recipients here; send it in several parts`);
  const about = { client, origin: envelope, accepted: [] };
  const questions: Asked[] = envelope.recipients.map((recipient) => ({ about: "recipient", recipient, ...about }));
  for (const question of [{ about: "reverse-path", ...about } as const, ...questions]) {
    const answered = await answer(parts, question);
    if (!isPositive(answered)) return answered;
  }
  const sink = begin(parts, client, envelope);
  let bytes = 0;
  try {
    for await (const chunk of content) {
      bytes += chunk.byteLength;
      if (bytes > parts.maxMessageBytes) throw new TooLarge();
      await sink.write(chunk);
    }
  } catch (error) {
    await sink.discard();
    if (error instanceof TooLarge)
      return reply(
        552,
        "5.3.4",
        `the message is larger than the ${parts.maxMessageBytes} bytes that this server takes`,
      );
    throw error;
  }
  return sink.finish(envelope);
}

class TooLarge extends Error {}
