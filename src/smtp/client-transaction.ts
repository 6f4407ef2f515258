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
 * `written` is called when the last of it is written, if another message may be written behind it at once; that one
 * reads its replies when ours have come. RFC 2920 §3.1: commands may follow the content in one group.
 */
export async function sendMessage(
  session: ClientSession,
  consignment: Consignment,
  written = (): void => {},
): Promise<Settled[]> {
  const { message, recipients } = consignment;
  const { offered } = session;
  const peer = { host: session.wire.host, offered };
  const settled: (Settled | undefined)[] = recipients.map((recipient) => {
    const because = obstacle(message, recipient, peer);
    return because && failed(because);
  });
  const maxRecipients = offered.maxRecipients ?? clientLimits.recipients;
  let waiting = unsettled(settled);
  let broken: Failure | undefined;
  while (waiting.length > 0 && broken === undefined) {
    const batch = waiting.slice(0, maxRecipients);
    const isLast = batch.length === waiting.length;
    const transaction = { consignment, recipients: batch.map((i) => recipients[i]!), written: isLast && written };
    const results = new Settlements(transaction.recipients);
    broken = await transact(session, transaction, results);
    batch.forEach((i, at) => (settled[i] = results.all[at]));
    // the rest goes at once while the server takes some each time. RFC 5321 §4.5.3.1.10
    const again = results.isCrowded && results.isTaken ? batch.filter((i) => isCrowdedOut(settled[i])) : [];
    waiting = [...again, ...waiting.slice(batch.length)];
    if (waiting.length > 0 && !broken) {
      await session.reset();
      broken = session.ended;
    }
  }
  return settled.map((result) => result ?? failed(broken ?? { kind: "internal", text: "left unsettled" }));
}

const isCrowdedOut = (result: Settled | undefined): boolean =>
  result?.kind === "failed" && isTooManyRecipients(result.because);

/** Indexes of recipients that nothing was said against. */
const unsettled = (settled: readonly (Settled | undefined)[]): number[] =>
  settled.flatMap((result, i) => (result === undefined ? i : []));

interface Transaction {
  readonly consignment: Consignment;
  readonly recipients: readonly Recipient[];
  readonly written: false | (() => void);
}

/** One transaction; recipients that it leaves open share the failure that ended the session, which is returned. */
async function transact(
  session: ClientSession,
  transaction: Transaction,
  settled: Settlements,
): Promise<Failure | undefined> {
  try {
    await converse(session, transaction, settled);
    return session.ended;
  } catch (error) {
    const because = failureOf(error);
    session.end(because);
    settled.settleOpen(failed(because));
    return because;
  }
}

/** Each recipient is settled once; the first word counts. */
class Settlements {
  readonly all: (Settled | undefined)[];

  constructor(recipients: readonly Recipient[]) {
    this.all = recipients.map(() => undefined);
  }

  get open(): number[] {
    return unsettled(this.all);
  }

  /** There was no room for some, who may go in a further transaction. */
  get isCrowded(): boolean {
    return this.all.some(isCrowdedOut);
  }

  get isTaken(): boolean {
    return this.all.some((result) => result?.kind === "accepted");
  }

  settle(i: number, result: Settled): void {
    this.all[i] ??= result;
  }

  settleOpen(result: Settled): void {
    for (let i = 0; i < this.all.length; i += 1) this.settle(i, result);
  }
}

/** The dialogue. Throws SessionFailure when it cannot go on. */
async function converse(session: ClientSession, transaction: Transaction, settled: Settlements): Promise<void> {
  const { consignment, recipients, written } = transaction;
  const { message, open } = consignment;
  const { pipelining } = session.offered;
  const isBinary = message.bodyType === "binarymime";
  const mail = mailCommand(message, recipients, session.offered);
  const rcpts = recipients.map((recipient) => rcptCommand(recipient, session.offered));
  const turn = session.begin();
  // RFC 2920 §3.1: all of it in one write, the replies read in order
  if (pipelining) await session.send(mail + rcpts.join("") + (isBinary ? "" : "DATA\r\n"), "mail");
  if (turn) {
    await turn;
    session.ensureOpen();
  }
  const ask = (command: string, stage: Stage): Reply | Promise<Reply> =>
    pipelining ? session.reply(stage) : session.ask(command, stage);

  const unwanted = session.refusal("mail", await ask(mail, "mail"));
  if (unwanted) settled.settleOpen(failed(unwanted));
  if (unwanted && !pipelining) return;
  for (let i = 0; i < rcpts.length; i += 1) {
    const refused = session.refusal("rcpt", await ask(rcpts[i]!, "rcpt"));
    if (refused) settled.settle(i, failed(refused));
  }
  const isAnyOpen = settled.all.includes(undefined);
  if (isBinary) return isAnyOpen ? sendBinary(session, await open(), settled) : undefined;
  if (!isAnyOpen && !pipelining) return;
  const noData = session.refusal("data", await ask("DATA\r\n", "data"), 3);
  if (noData) return settled.settleOpen(failed(noData));
  if (!isAnyOpen) return withdraw(session);
  if (!(await sendDotted(session, await open()))) return settleCut(session, settled);
  if (pipelining && written && !settled.isCrowded) written();
  await settleAccepted(session, settled, await session.reply("content"));
}

/** RFC 3030 §2, §3. */
async function sendBinary(session: ClientSession, content: AsyncIterable<Uint8Array>, settled: Settlements) {
  const last = await sendChunked(session, content);
  if (last === undefined) return settleCut(session, settled);
  const { reply, isLast } = last;
  if (isLast) return settleAccepted(session, settled, reply);
  settled.settleOpen(failed(session.refusal("content", reply)!));
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
