// A conversation with an SMTP server as a mail app has it: greeting, EHLO, TLS, login. RFC 6409, RFC 4954.
import { replyText } from "../../mail/reply.ts";
import type { Line } from "./connector.ts";
import { type LoginSeen, type MailTalk, MailTalkEnded } from "./mail-talk.ts";
import { mostChallenges, saslClient } from "./sasl-client.ts";
import { type SmtpTalk, smtpTalk, TalkEnded } from "./smtp-talk.ts";

export interface SubmissionTalk extends MailTalk, Pick<SmtpTalk, "ask" | "content"> {
  readonly kind: "smtp";
}

/** `hello`: our name for EHLO. */
export function submissionTalk(
  line: Line,
  { hello, timeoutMs }: { readonly hello: string; readonly timeoutMs: number },
): SubmissionTalk {
  const talk = smtpTalk(line, timeoutMs);
  const ask: SmtpTalk["ask"] = (command, stage) => told(talk.ask(command, stage));
  return {
    kind: "smtp",
    line,
    ask,
    content: (message) => told(talk.content(message)),
    async greeting() {
      const reply = await told(talk.greeting());
      return { isGood: reply.code === 220, text: replyText(reply) };
    },
    async abilities() {
      const { reply, offered, isOld } = await told(talk.hello(hello));
      return {
        startTls: offered.startTls,
        mechanisms: offered.auth,
        plainLogin: false,
        lines: reply.lines.slice(1),
        isOld,
        ...(reply.code !== 250 && { refused: replyText(reply) }),
      };
    },
    async startTls(versions) {
      const started = await told(talk.startTls(versions));
      return started.kind === "refused" ? { kind: "refused", text: replyText(started.reply) } : started;
    },
    async login(credentials, offered): Promise<LoginSeen> {
      const { username } = credentials;
      const sasl = saslClient(offered.mechanisms, credentials);
      if (sasl === undefined) return { kind: "no-way", username, offered: offered.mechanisms };
      const { mechanism } = sasl;
      let reply = await ask(`AUTH ${mechanism}`);
      let { first } = sasl;
      for (let challenges = 0; reply.code === 334; challenges++) {
        if (challenges === mostChallenges)
          throw new MailTalkEnded({ stage: "AUTH", because: "foreign", text: "challenges without end" });
        reply = await ask(first ?? sasl.next(reply.lines[0] ?? "") ?? "*", "AUTH");
        first = undefined;
      }
      const kind = reply.code === 235 ? "accepted" : "refused";
      return { kind, username, mechanism, text: replyText(reply) };
    },
    quit: () => talk.quit(),
  };
}

/** In the words that all mail apps' conversations share. */
const told = <T>(asked: Promise<T>): Promise<T> =>
  asked.catch((error: unknown) => {
    if (!(error instanceof TalkEnded)) throw error;
    const { stage, because, text } = error.end;
    throw new MailTalkEnded({ stage, because: because === "not-smtp" ? "foreign" : because, text });
  });
