// A message to oneself: sent as the app would, looked for with patience, and taken away again.
import { replyText } from "../../mail/reply.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { visit, type AppTalk, type Visit } from "../server/visit.ts";
import { lookFor, takeAway, type WhereFound } from "./inbox-search.ts";
import { type OwnMessage, ownMessage } from "./own-message.ts";
import { accountCheck, type AccountTools, type MessageFate, say } from "./question.ts";
import { refused } from "./send.ts";
import { tellProblem } from "./tell.ts";
import type { Problem, Tried } from "./tried.ts";

export const message = accountCheck({
  name: "message",
  needs: ["receive", "send"],
  limitMs: 120_000,
  async run(asked, { receive, send }): Promise<MessageFate> {
    const { question, world } = asked.tools;
    const through = send.find(worksWhole);
    if (!question.sendsMessage || through === undefined) return { kind: "not-sent" };
    const sent = ownMessage(question, world.now());
    const problem = await submit(asked, through, sent);
    if (problem !== undefined) {
      tellProblem(asked, through.server, problem);
      return { kind: "refused", problem };
    }
    const from = receive.filter(worksWhole).toSorted((a, b) => rank(a) - rank(b))[0];
    if (from === undefined) {
      say(asked, "message.not-looked-for");
      return { kind: "not-looked-for" };
    }
    return lookAndTell(asked, from, sent);
  },
});

const worksWhole = ({ problem, username }: Tried): boolean => problem === undefined && username !== undefined;

/** IMAP sees all folders, and is asked without waiting for others who read the mailbox. */
const rank = ({ server }: Tried): number => (server.protocol === "imap" ? 0 : 1);

/** Undefined: it was taken. */
async function submit(asked: Asked<AccountTools>, tried: Tried, { content }: OwnMessage): Promise<Problem | undefined> {
  const { address } = asked.tools.question;
  let said: string | undefined;
  const seen = await again(asked, tried, async (talk) => {
    if (talk.kind !== "smtp") return;
    for (const command of [`MAIL FROM:<${address}>`, `RCPT TO:<${address}>`, "DATA"]) {
      const reply = await talk.ask(command);
      if (reply.code >= 400) return void (said = replyText(reply));
    }
    const reply = await talk.content(content);
    said = reply.code === 250 ? undefined : replyText(reply);
  });
  if (said !== undefined) return refused("content", said);
  if (seen === undefined || seen.login?.kind !== "accepted" || seen.ended !== undefined)
    return { kind: "broken-off", reply: seen?.ended?.text ?? "the second login was refused" };
  return undefined;
}

async function lookAndTell(asked: Asked<AccountTools>, from: Tried, sent: OwnMessage): Promise<MessageFate> {
  const { world } = asked.tools;
  const startedAt = world.now();
  const { where, isGone } = await lookUntilFound(asked, from, sent);
  const seconds = Math.max(Math.round((world.now() - startedAt) / 1_000), 1);
  if (where === undefined) {
    say(asked, "message.not-found", {
      values: { seconds },
      evidence: [`Message-ID: ${sent.id}`],
      changes: [act("look-later"), act("look-for-rules")],
    });
    return { kind: "not-found" };
  }
  if (where === "in-junk") say(asked, "message.in-junk", { changes: [act("not-junk")] });
  else say(asked, "message.good", { values: { seconds } });
  if (!isGone) say(asked, "message.not-removed", { changes: [act("remove-message")] });
  return { kind: where };
}

interface Looked {
  readonly where?: WhereFound;
  /** It was taken away. */
  readonly isGone: boolean;
}

/** IMAP is asked again and again in one session; POP3 shows what is new to new sessions only, RFC 1939 §8. */
async function lookUntilFound(asked: Asked<AccountTools>, from: Tried, { id }: OwnMessage): Promise<Looked> {
  const { world, question } = asked.tools;
  const { arrivalMs, pollMs } = question.limits;
  const until = world.now() + arrivalMs;
  const isOver = (): boolean => asked.signal.aborted || world.now() + pollMs > until;
  let looked: Looked = { isGone: false };
  for (;;) {
    await again(asked, from, async (talk) => {
      for (;;) {
        const where = await lookFor(talk, id);
        if (where !== undefined) looked = { where, isGone: await takeAway(talk, id, where) };
        if (where !== undefined || talk.kind !== "imap" || isOver()) return;
        await world.sleep(pollMs, asked.signal);
      }
    });
    if (looked.where !== undefined || isOver()) return looked;
    await world.sleep(pollMs * sessionsApart, asked.signal);
  }
}

/** Logins are dearer than questions, and servers count them. */
const sessionsApart = 4;

/** Once more to where it worked; undefined: it never came to that. */
async function again(
  { tools, signal }: Asked<AccountTools>,
  { inspection, username }: Tried,
  use: (talk: AppTalk) => Promise<void>,
): Promise<Visit | undefined> {
  const { best } = inspection;
  const { connector, world, question } = tools;
  const { password, hello, limits, isUnprovenFine = false } = question;
  if (best === undefined || password === undefined || username === undefined) return undefined;
  const credentials = { username, password };
  return visit(best.place, best.address, { connector, world, hello, limits, signal, isUnprovenFine, credentials, use });
}
