// A conversation with a POP3 server: capabilities, TLS, login, and what lies in the mailbox. RFC 1939, RFC 2449, RFC 2595, RFC 5034.
import type { Line } from "./connector.ts";
import { type Abilities, type LoginSeen, type MailTalk, MailTalkEnded, nextLine, talkLimits } from "./mail-talk.ts";
import { mostChallenges, type SaslClient, saslClient } from "./sasl-client.ts";

interface Pop3Answer {
  readonly isGood: boolean;
  /** Behind +OK or -ERR. */
  readonly text: string;
}

interface Pop3Lines extends Pop3Answer {
  /** Dots that were doubled are single again. */
  readonly lines: readonly string[];
}

export interface Pop3Talk extends MailTalk {
  readonly kind: "pop3";
  /** "STAT", "DELE 3": commands with an answer of one line. */
  ask(command: string): Promise<Pop3Answer>;
  /** "UIDL", "LIST", "TOP 1 0": commands with an answer of many. */
  askLines(command: string): Promise<Pop3Lines>;
  /** STAT: how many messages there are; undefined: it would not say. */
  count(): Promise<number | undefined>;
}

const isPop3 = (text: string): boolean => /^(?:\+|-ERR)/i.test(text);

export function pop3Talk(line: Line, timeoutMs: number): Pop3Talk {
  const read = async (stage: string): Promise<Pop3Answer> => {
    const text = await nextLine(line, { stage, timeoutMs, isOurs: isPop3 });
    return { isGood: /^\+OK/i.test(text), text: text.replace(/^(?:\+OK|-ERR)\s*/i, "") };
  };
  const ask = (command: string): Promise<Pop3Answer> => {
    line.write(`${command}\r\n`);
    return read(command.split(" ")[0]!);
  };
  const askLines = async (command: string): Promise<Pop3Lines> => {
    const stage = command.split(" ")[0]!;
    const answer = await ask(command);
    return { ...answer, lines: answer.isGood ? await readLines(line, { stage, timeoutMs }) : [] };
  };

  return {
    kind: "pop3",
    line,
    ask,
    askLines,
    async greeting() {
      const text = await nextLine(line, { stage: "greeting", timeoutMs, isOurs: isPop3 });
      return { isGood: /^\+OK/i.test(text), text };
    },
    async abilities() {
      const { isGood, lines } = await askLines("CAPA");
      return abilitiesOf(lines, !isGood);
    },
    async startTls(versions) {
      const { isGood, text } = await ask("STLS");
      return isGood ? line.secure({ timeoutMs, versions }) : { kind: "refused", text: `-ERR ${text}` };
    },
    async login(credentials, offered): Promise<LoginSeen> {
      const { username, password } = credentials;
      if (offered.plainLogin) {
        const user = await ask(`USER ${username}`);
        return loginSeen(user.isGood ? await ask(`PASS ${password}`) : user, { username, mechanism: "USER" });
      }
      const sasl = saslClient(offered.mechanisms, credentials);
      if (sasl === undefined) return { kind: "no-way", username, offered: offered.mechanisms };
      return loginSeen(await authenticate(sasl, { line, timeoutMs }), { username, mechanism: sasl.mechanism });
    },
    async count() {
      const { isGood, text } = await ask("STAT");
      const found = isGood ? /^(\d+) /.exec(text)?.[1] : undefined;
      return found === undefined ? undefined : Number(found);
    },
    quit() {
      line.write("QUIT\r\n");
      line.close();
    },
  };
}

/** RFC 5034 §4: the first response is sent when it is asked for. */
async function authenticate(
  sasl: SaslClient,
  { line, timeoutMs }: { readonly line: Line; readonly timeoutMs: number },
): Promise<Pop3Answer> {
  line.write(`AUTH ${sasl.mechanism}\r\n`);
  let { first } = sasl;
  for (let challenges = 0; challenges <= mostChallenges; challenges++) {
    const text = await nextLine(line, { stage: "AUTH", timeoutMs, isOurs: isPop3 });
    if (!/^\+(?: |$)/.test(text)) return { isGood: /^\+OK/i.test(text), text: text.replace(/^(?:\+OK|-ERR)\s*/i, "") };
    line.write(`${first ?? sasl.next(text.slice(1).trim()) ?? "*"}\r\n`);
    first = undefined;
  }
  throw new MailTalkEnded({ stage: "AUTH", because: "foreign", text: "challenges without end" });
}

/** RFC 1939 §3: up to the line with a dot alone. */
async function readLines(
  line: Line,
  { stage, timeoutMs }: { readonly stage: string; readonly timeoutMs: number },
): Promise<string[]> {
  const lines: string[] = [];
  let chars = 0;
  while (lines.length < talkLimits.lines && chars < talkLimits.chars) {
    const text = await nextLine(line, { stage, timeoutMs });
    if (text === ".") return lines;
    chars += text.length;
    lines.push(text.startsWith(".") ? text.slice(1) : text);
  }
  throw new MailTalkEnded({ stage, because: "foreign", text: "an answer without end" });
}

/** A server without CAPA knows USER. RFC 2449 §5 */
function abilitiesOf(lines: readonly string[], isOld: boolean): Abilities {
  const upper = lines.map((text) => text.trim().toUpperCase());
  const mechanisms = upper.flatMap((text) => (text.startsWith("SASL ") ? text.split(/\s+/).slice(1) : []));
  const plainLogin = isOld || upper.includes("USER");
  return { startTls: upper.includes("STLS"), mechanisms, plainLogin, lines, isOld };
}

const loginSeen = (
  { isGood, text }: Pop3Answer,
  tried: { readonly username: string; readonly mechanism: string },
): LoginSeen => ({ kind: isGood ? "accepted" : "refused", ...tried, text: `${isGood ? "+OK" : "-ERR"} ${text}` });
