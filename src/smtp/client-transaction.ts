// One message handed over in an open session: MAIL, RCPT, DATA or BDAT, as a script. RFC 5321 §3.3, RFC 2920, RFC 2033.
import type { Recipient } from "../mail/envelope.ts";
import type { Failure, Stage } from "../mail/failure.ts";
import { isTooManyRecipients } from "../mail/failure.ts";
import type { Message } from "../mail/message.ts";
import type { Reply } from "../mail/reply.ts";
import { mailCommand, obstacle, rcptCommand } from "./client-commands.ts";
import { sendChunked, sendDotted } from "./client-content.ts";
import { clientLimits } from "./client-limits.ts";
import type { ClientSession } from "./client-session.ts";
import { failureOf } from "./client-session.ts";

export interface Consignment {
  readonly message: Message;
  readonly recipients: readonly Recipient[];
  /** Opens the stored content from its start; once per transaction. */
  readonly open: () => Promise<AsyncIterable<Uint8Array>>;
}

/** What the server said about one recipient. */
export type Settled =
  | { readonly kind: "accepted"; readonly reply: Reply }
  | { readonly kind: "failed"; readonly because: Failure };

const failed = (because: Failure): Settled => ({ kind: "failed", because });

/**
 * Hands a message over in as many transactions as the server's limits ask for. One entry per recipient, in order.
 * Never rejects: when the session breaks, it has `ended`, and the recipients not yet settled have that failure.
 */
export async function sendMessage(session: ClientSession, consignment: Consignment): Promise<Settled[]> {
  const { message, recipients } = consignment;
  const peer = { host: session.wire.host, offered: session.offered };
  const settled = recipients.map((recipient) => {
    const because = obstacle(message, recipient, peer);
    return because && failed(because);
  });
  const maxRecipients = session.offered.maxRecipients ?? clientLimits.recipients;
  let waiting = [...settled.keys()].filter((i) => settled[i] === undefined);
  while (waiting.length > 0 && !session.ended) {
    const batch = waiting.slice(0, maxRecipients);
    await session.reset();
    const results = await transact(session, { ...consignment, recipients: batch.map((i) => recipients[i]!) });
    batch.forEach((i, at) => (settled[i] = results[at]));
    // the rest goes at once while the server takes some each time. RFC 5321 §4.5.3.1.10
    const again = results.some(({ kind }) => kind === "accepted") ? batch.filter((i) => isCrowdedOut(settled[i]!)) : [];
    waiting = [...again, ...waiting.slice(batch.length)];
  }
  return settled.map((result) => result ?? failed(session.ended!));
}

const isCrowdedOut = (result: Settled): boolean => result.kind === "failed" && isTooManyRecipients(result.because);

/** One transaction; recipients that it leaves open share the failure that ended the session. */
async function transact(session: ClientSession, consignment: Consignment): Promise<Settled[]> {
  const settled = new Settlements(consignment.recipients.length);
  session.begin();
  try {
    await converse(session, consignment, settled);
  } catch (error) {
    session.end(failureOf(error));
  }
  return settled.close(session.ended);
}

/** Each recipient is settled once; the first word counts. */
class Settlements {
  readonly #settled: (Settled | undefined)[];

  constructor(recipients: number) {
    this.#settled = Array.from({ length: recipients });
  }

  /** Indexes of recipients that nothing was said against. */
  get open(): number[] {
    return [...this.#settled.keys()].filter((i) => this.#settled[i] === undefined);
  }

  settle(i: number, result: Settled): void {
    this.#settled[i] ??= result;
  }

  settleOpen(result: Settled): void {
    for (const i of this.open) this.settle(i, result);
  }

  close(because: Failure | undefined): Settled[] {
    return this.#settled.map((result) => result ?? failed(because ?? { kind: "internal", text: "left unsettled" }));
  }
}

/** The dialogue. Throws SessionFailure when it cannot go on. */
async function converse(session: ClientSession, consignment: Consignment, settled: Settlements): Promise<void> {
  const { message, recipients, open } = consignment;
  const { pipelining } = session.offered;
  const isBinary = message.bodyType === "binarymime";
  const mail = mailCommand(message, recipients, session.offered);
  const rcpts = recipients.map((recipient) => rcptCommand(recipient, session.offered));
  // RFC 2920 §3.1: all of it in one write, the replies read in order
  if (pipelining) await session.send(mail + rcpts.join("") + (isBinary ? "" : "DATA\r\n"), "mail");
  const ask = (command: string, stage: Stage): Promise<Reply> =>
    pipelining ? session.reply(stage) : session.ask(command, stage);

  const unwanted = session.refusal("mail", await ask(mail, "mail"));
  if (unwanted) settled.settleOpen(failed(unwanted));
  if (unwanted && !pipelining) return;
  for (const [i, rcpt] of rcpts.entries()) {
    const refused = session.refusal("rcpt", await ask(rcpt, "rcpt"));
    if (refused) settled.settle(i, failed(refused));
  }
  const accepted = settled.open;
  if (isBinary) {
    if (accepted.length === 0) return;
    const last = await sendChunked(session, await open());
    if (last === undefined) return settleCut(session, settled);
    const { reply, isLast } = last;
    if (isLast) return settleAccepted(session, settled, reply);
    return settled.settleOpen(failed(session.refusal("content", reply)!));
  }
  if (accepted.length === 0 && !pipelining) return;
  const noData = session.refusal("data", await ask("DATA\r\n", "data"), 3);
  if (noData) return settled.settleOpen(failed(noData));
  if (accepted.length === 0) return withdraw(session);
  if (!(await sendDotted(session, await open()))) return settleCut(session, settled);
  await settleAccepted(session, settled, await session.reply("content"));
}

/** RFC 2920 §3.1: no recipient was accepted, yet the server asked for content: it gets none, whatever it says. */
async function withdraw(session: ClientSession): Promise<void> {
  await session.ask(".\r\n", "content");
  session.finish();
}

/** The server spoke, or hung up, in the middle of the content: the session is of no more use. */
async function settleCut(session: ClientSession, settled: Settlements): Promise<void> {
  for (let { open } = settled; open.length > 0; { open } = settled) {
    const refused = failed(session.earlyRefusal(await session.reply("content")));
    if (session.protocol === "smtp") settled.settleOpen(refused);
    else settled.settle(open[0]!, refused); // RFC 2033 §4.2: one reply each
  }
  const text = "we ended it: the server spoke before it had the whole message";
  session.end({ kind: "lost", host: session.wire.host, stage: "content", text });
}

/** The reply to the content: one for all; in LMTP one for each accepted recipient, in order (RFC 2033 §4.2). */
async function settleAccepted(session: ClientSession, settled: Settlements, first: Reply): Promise<void> {
  let reply = first;
  const resultOf = (): Settled => {
    const refused = session.refusal("content", reply);
    return refused ? failed(refused) : { kind: "accepted", reply };
  };
  if (session.protocol === "smtp") {
    settled.settleOpen(resultOf());
  } else {
    const [firstOpen, ...others] = settled.open;
    settled.settle(firstOpen!, resultOf());
    for (const i of others) {
      reply = await session.reply("content");
      settled.settle(i, resultOf());
    }
  }
  session.finish();
}
