// What a mail app's conversation with a server has in common, whatever the protocol: greeting, abilities, TLS, login.
import type { Line, Secured, SecureHow } from "./connector.ts";

/** What a mail app is told on the way. */
export interface Said {
  /** It goes on; if not, the server turned us away, and nothing more is to be asked. */
  readonly isGood: boolean;
  /** One line, as it came. */
  readonly text: string;
}

/** Before an answer came. `foreign`: what came belongs to another protocol. */
export interface MailTalkEnd {
  /** What was waited for: "greeting", "CAPABILITY", "EHLO". */
  readonly stage: string;
  readonly because: "closed" | "silent" | "failed" | "foreign";
  /** What the other side said, or what happened. */
  readonly text: string;
}

/** Thrown by what waits for an answer; a script catches it once. */
export class MailTalkEnded extends Error {
  override readonly name = "MailTalkEnded";
  readonly end: MailTalkEnd;

  constructor(end: MailTalkEnd) {
    super(end.text);
    this.end = end;
  }
}

/** What the server says it can do: EHLO, CAPABILITY, CAPA. */
export interface Abilities {
  readonly startTls: boolean;
  /** SASL mechanisms, in upper case. */
  readonly mechanisms: readonly string[];
  /** IMAP LOGIN, POP3 USER and PASS. */
  readonly plainLogin: boolean;
  /** As it said them, one on a line. */
  readonly lines: readonly string[];
  /** It does not know the question: HELO only, no CAPA. */
  readonly isOld: boolean;
  /** It turns us away here: its words. */
  readonly refused?: string;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export type LoginSeen =
  | { readonly kind: "accepted"; readonly username: string; readonly mechanism: string; readonly text: string }
  /** `text`: the server's words, with its codes. */
  | { readonly kind: "refused"; readonly username: string; readonly mechanism: string; readonly text: string }
  /** No way to log in that we know is offered. */
  | { readonly kind: "no-way"; readonly username: string; readonly offered: readonly string[] };

export type TlsStarted = Secured | { readonly kind: "refused"; readonly text: string };

export interface MailTalk {
  readonly line: Line;
  /** Rejects with MailTalkEnded, as all that waits. */
  greeting(): Promise<Said>;
  abilities(): Promise<Abilities>;
  /** STARTTLS, STLS. */
  startTls(versions: SecureHow["versions"]): Promise<TlsStarted>;
  /** `offered`: what `abilities` said last. One try, with the best mechanism that both know. */
  login(credentials: Credentials, offered: Abilities): Promise<LoginSeen>;
  /** Says goodbye without waiting; then the line is closed. */
  quit(): void;
}

/** One that only looks is told no more lines than this, and no longer ones. */
export const talkLimits = {
  lines: 2_000,
  chars: 512 * 1_024,
} as const;

/** The next line; `isOurs`: of the protocol that is expected, where that can be told. */
export async function nextLine(line: Line, { stage, timeoutMs, isOurs = () => true }: NextLine): Promise<string> {
  const read = await line.read(timeoutMs);
  if (read.kind === "line") {
    if (isOurs(read.text)) return read.text;
    throw new MailTalkEnded({ stage, because: "foreign", text: read.text.slice(0, shownChars) });
  }
  const { because, text, unread } = read;
  if (unread === "") throw new MailTalkEnded({ stage, because, text });
  throw new MailTalkEnded({ stage, because: "foreign", text: unread.slice(0, shownChars) });
}

interface NextLine {
  readonly stage: string;
  readonly timeoutMs: number;
  readonly isOurs?: (text: string) => boolean;
}

/** Of what came from another protocol. */
const shownChars = 200;
