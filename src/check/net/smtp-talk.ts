// A conversation with an SMTP server that only looks: what it answers to each command, and how it ends. RFC 5321 §3.
import { assembleReply, parseReplyLine, type Reply } from "../../mail/reply.ts";
import { type Extensions, parseExtensions } from "../../smtp/client-extensions.ts";
import type { Line, Secured, SecureHow } from "./connector.ts";

/** Before an answer came. */
export interface TalkEnd {
  /** What was waited for: "greeting", "EHLO", "RCPT". */
  readonly stage: string;
  readonly because: "closed" | "silent" | "failed" | "not-smtp";
  /** What the other side said, or what happened. */
  readonly text: string;
}

/** Thrown by what waits for a reply; a script catches it once. */
export class TalkEnded extends Error {
  override readonly name = "TalkEnded";
  readonly end: TalkEnd;

  constructor(end: TalkEnd) {
    super(end.text);
    this.end = end;
  }
}

export interface SmtpTalk {
  readonly line: Line;
  /** Rejects with TalkEnded. */
  greeting(waitMs?: number): Promise<Reply>;
  /** `stage`: what a failure is told of, where the first word of the command must not be shown. */
  ask(command: string, stage?: string): Promise<Reply>;
  /** A message after DATA, with the dot behind it. RFC 5321 §4.5.2 */
  content(message: string): Promise<Reply>;
  /** EHLO, or HELO where that is all it knows. */
  hello(name: string): Promise<{ readonly reply: Reply; readonly offered: Extensions; readonly isOld: boolean }>;
  startTls(versions: SecureHow["versions"]): Promise<StartedTls>;
  /** QUIT, without waiting; then the line is closed. */
  quit(): void;
}

export type StartedTls = Secured | { readonly kind: "refused"; readonly reply: Reply };

/** More lines than any server has to say. */
const mostLines = 200;

export function smtpTalk(line: Line, timeoutMs: number): SmtpTalk {
  const ask = (command: string, stage = command.split(" ")[0]!): Promise<Reply> => {
    line.write(`${command}\r\n`);
    return readReply(line, { stage, timeoutMs });
  };
  return {
    line,
    ask,
    content: (message) => ask(`${message.replace(/\r\n$/, "").replaceAll(/^\./gm, "..")}\r\n.`, "message"),
    greeting: (waitMs = timeoutMs) => readReply(line, { stage: "greeting", timeoutMs: waitMs }),
    async hello(name) {
      const reply = await ask(`EHLO ${name}`);
      if (reply.code !== 500 && reply.code !== 502)
        return { reply, offered: parseExtensions(reply.lines), isOld: false };
      return { reply: await ask(`HELO ${name}`), offered: parseExtensions([]), isOld: true };
    },
    async startTls(versions) {
      const reply = await ask("STARTTLS");
      return reply.code === 220 ? line.secure({ timeoutMs, versions }) : { kind: "refused", reply };
    },
    quit() {
      line.write("QUIT\r\n");
      line.close();
    },
  };
}

async function readReply(
  line: Line,
  { stage, timeoutMs }: { readonly stage: string; readonly timeoutMs: number },
): Promise<Reply> {
  const texts: string[] = [];
  while (texts.length < mostLines) {
    const read = await line.read(timeoutMs);
    if (read.kind === "ended") {
      const isOther = read.unread !== "" && parseReplyLine(read.unread) === undefined;
      if (isOther) throw new TalkEnded({ stage, because: "not-smtp", text: JSON.stringify(read.unread.slice(0, 80)) });
      throw new TalkEnded({ stage, because: read.because, text: read.text });
    }
    const parsed = parseReplyLine(read.text);
    if (parsed === undefined)
      throw new TalkEnded({ stage, because: "not-smtp", text: JSON.stringify(read.text.slice(0, 80)) });
    texts.push(parsed.text.trimEnd());
    if (parsed.last) return assembleReply(parsed.code, texts);
  }
  throw new TalkEnded({ stage, because: "not-smtp", text: "a reply without end" });
}
