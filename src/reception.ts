// The journey's front door: answers the questions of a session, and takes the content that follows.
import { IncomingContent, type IncomingParts } from "./incoming-content.ts";
import { accept, type Stages } from "./journey.ts";
import type { Facts, Phase } from "./judge/check.ts";
import { identityOf } from "./judge/identity/identity.ts";
import type { Decision, Said } from "./judge/judge.ts";
import { told } from "./content-judgement.ts";
import type { Judged } from "./journal/event.ts";
import type { Address, ReversePath } from "./mail/address.ts";
import type { Client } from "./mail/client.ts";
import type { Envelope } from "./mail/envelope.ts";
import { isPositive, type Reply, reply } from "./mail/reply.ts";
import type { SenderVerdicts } from "./mail/verdict.ts";
import { beginLogin } from "./receive/login.ts";
import type { ContentSink, ReceiveStage } from "./receive/stage.ts";
import { getReadyToRead } from "./returning/report-reader.ts";
import { mayReport } from "./returning/returning.ts";
import type { Question } from "./smtp/effect.ts";
import type { Logins } from "./smtp/sasl/logins.ts";

export interface ReceptionParts extends Stages, Omit<IncomingParts, "queue" | "hostname"> {
  readonly whose: (address: Address) => NonNullable<Facts["recipientIs"]>;
  /** Absent: there are no accounts. */
  readonly logins?: Logins;
}

type Asked = Exclude<Question, { about: "message" }>;

export function createReception(stages: ReceptionParts): ReceiveStage {
  const { logins, world, journal, returns } = stages;
  if (returns.isUsed) getReadyToRead();
  return {
    ...(logins && { beginLogin: (beginning) => beginLogin({ logins, world, journal }, beginning) }),
    answer: (question) => answer(stages, question),
    begin: (client, envelope) => begin(stages, client, envelope),
  };
}

const phases = { connection: "connect", "reverse-path": "mail", recipient: "rcpt" } as const satisfies Record<
  Asked["about"],
  Phase
>;

/** What is found out in the course of a transaction, for its end. A session has one client, and one transaction at a time. */
interface Dossier {
  readonly sender?: Promise<SenderVerdicts>;
  /** The same, once it is there. */
  known?: SenderVerdicts;
  /** In the order in which they were said. */
  readonly findings: Said[];
}

const dossiers = new WeakMap<Client, Dossier>();

/** At MAIL: the checks that need no content begin. */
function openDossier({ authenticator, isTrusted }: ReceptionParts, client: Client, mailFrom: ReversePath): Dossier {
  const sender = isTrusted(client) ? undefined : authenticator?.sender({ client, mailFrom });
  const dossier: Dossier = { findings: [], ...(sender && { sender }) };
  void sender?.then((known) => (dossier.known = known));
  dossiers.set(client, dossier);
  return dossier;
}

/** A mark, once: a check may say the same of each recipient. */
function remember({ findings }: Dossier, finding: Said): void {
  if (finding.kind !== "mark") return;
  const { check, because } = finding;
  const isKnown = findings.some((one) => one.kind === "mark" && one.check === check && one.because === because);
  if (!isKnown) findings.push(finding);
}

/** 250, or the judge's refusal, which goes into the journal. */
function answer(stages: ReceptionParts, question: Asked): Reply | Promise<Reply> {
  const phase = phases[question.about];
  const dossier =
    question.about === "reverse-path"
      ? openDossier(stages, question.client, question.origin.reversePath)
      : dossiers.get(question.client);
  const decided = stages.judge.judge(phase, factsOf(stages, question, dossier));
  const decide = ({ no, findings }: Decision): Reply => {
    if (dossier !== undefined) for (const finding of findings) remember(dossier, finding);
    if (no === undefined) return welcome[question.about];
    const from = question.about === "connection" ? undefined : question.origin.reversePath;
    const to = question.about === "recipient" ? question.recipient.address : undefined;
    const { check, ...reply } = no;
    stages.journal.note([
      {
        kind: "refused",
        at: stages.world.now(),
        client: question.client,
        stage: phase,
        ...(from !== undefined && { from }),
        ...(to && { to }),
        reply,
        check,
        ...(dossier?.known && { judged: refusedFor(question.client, dossier.known, findings) }),
      },
    ]);
    return reply;
  };
  return decided instanceof Promise ? decided.then(decide) : decide(decided);
}

/** Nothing is proven before the content is there: what SPF says is evidence, not an identity. */
const refusedFor = (client: Client, sender: SenderVerdicts, findings: readonly Said[]): Judged => ({
  identity: identityOf(client, undefined),
  sender,
  findings: findings.map(told),
});

const welcome: Readonly<Record<Asked["about"], Reply>> = {
  connection: reply(220, undefined),
  "reverse-path": reply(250, "2.1.0", "sender noted"),
  recipient: reply(250, "2.1.5", "recipient noted"),
};

function factsOf(stages: ReceptionParts, question: Asked, dossier: Dossier | undefined): Facts {
  const { client } = question;
  const trusted = stages.isTrusted(client);
  // mail apps connect from networks that no mail server has; they are trusted once they have logged in, and cannot send before
  if (question.about === "connection") return { client, trusted: trusted || question.submission === true };
  const known = {
    client,
    trusted,
    reversePath: question.origin.reversePath,
    ...(dossier?.sender && { sender: dossier.sender }),
  };
  if (question.about === "reverse-path") return known;
  const { recipient } = question;
  return { ...known, recipient, recipientIs: stages.whose(recipient.address) };
}

function begin(stages: ReceptionParts, client: Client, envelope: Envelope): ContentSink {
  const queueId = stages.newQueueId();
  const trusted = stages.isTrusted(client);
  const { findings = [], sender } = dossiers.get(client) ?? {};
  dossiers.delete(client);
  const at = stages.world.now();
  const content = new IncomingContent(stages, {
    client,
    envelope,
    trusted,
    at,
    mayReport: mayReport(stages, envelope),
    ...(sender && { sender }),
  });
  return {
    write: (bytes) => content.write(bytes),
    finish: (final) => accept(stages, { client, trusted, envelope: final, queueId, content, findings }),
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
