// A visit to an MX host, as a sender would come, but for a message: connect, EHLO, STARTTLS, EHLO, MAIL, RCPT, RSET, QUIT.
// Never DATA: nothing is sent. RFC 5321 §3.
import type { Reply } from "../../mail/reply.ts";
import type { Extensions } from "../../smtp/client-extensions.ts";
import type { Connected, Connector, Secured } from "../net/connector.ts";
import { smtpTalk, type SmtpTalk, type StartedTls, type TalkEnd, TalkEnded } from "../net/smtp-talk.ts";
import type { CheckLimits } from "../tools.ts";
import type { Target } from "./question.ts";

export interface SmtpVisit {
  readonly target: Target;
  readonly port: number;
  /** Why there was no connection. */
  readonly failed?: Extract<Connected, { kind: "failed" }>;
  readonly greeting?: Reply;
  readonly hello?: Reply;
  /** Before TLS. */
  readonly offered?: Extensions;
  /** It knows only HELO. */
  readonly isOld?: boolean;
  /** Absent: not offered, or it did not come to that. */
  readonly tls?: StartedTls;
  /** Once more, with versions that are not safe any more, after a handshake failed. */
  readonly oldTls?: Secured;
  readonly transactions: readonly Transaction[];
  /** Before all was asked. */
  readonly ended?: TalkEnd;
}

export interface Transaction {
  readonly purpose: Purpose;
  readonly recipient: string;
  /** Refused already. */
  readonly mail?: Reply;
  readonly rcpt?: Reply;
}

type Purpose = "postmaster" | "abuse" | "relay";

export interface Visiting {
  readonly connector: Connector;
  readonly port: number;
  readonly hello: string;
  /** In each transaction one recipient is asked for, and the sender is empty unless it says so. */
  readonly ask: readonly { readonly purpose: Purpose; readonly sender: string; readonly recipient: string }[];
  readonly limits: CheckLimits;
  readonly signal: AbortSignal;
}

/** "mx.example.org [192.0.2.1]:25" */
export const placeOf = ({ target, port }: Pick<SmtpVisit, "target" | "port">): string =>
  `${target.host} [${target.address}]:${port}`;

/** Never rejects. */
export async function visit(target: Target, visiting: Visiting): Promise<SmtpVisit> {
  const seen: Mutable<SmtpVisit> = { target, port: visiting.port, transactions: [] };
  const talk = await open(target, visiting);
  if ("failed" in talk) return { ...seen, failed: talk.failed };
  let current = talk;
  try {
    seen.greeting = await current.greeting(greetingMs(visiting.limits));
    if (seen.greeting.code !== 220) return seen;
    const { reply, offered, isOld } = await current.hello(visiting.hello);
    seen.hello = reply;
    if (reply.code !== 250) return seen;
    Object.assign(seen, { offered, isOld });
    if (offered.startTls) {
      seen.tls = await current.startTls("safe");
      if (seen.tls.kind === "failed") {
        current.line.close();
        const again = await startAgain(target, visiting);
        if (again === undefined) return seen;
        seen.oldTls = again.tls;
        current = again.talk;
      }
      if (isSecured(seen)) await current.hello(visiting.hello); // RFC 3207 §4.2: what was said before is forgotten
    }
    for (const asked of visiting.ask) seen.transactions = [...seen.transactions, await transact(current, asked)];
    return seen;
  } catch (error) {
    if (!(error instanceof TalkEnded)) throw error;
    return { ...seen, ended: error.end };
  } finally {
    current.quit();
  }
}

/** Many make strangers wait before they greet; the rest of a visit is over quickly then. */
const greetingMs = ({ visitMs, replyMs }: CheckLimits): number => Math.max(visitMs - 1_500, replyMs);

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const isSecured = ({ tls, oldTls }: SmtpVisit): boolean => tls?.kind === "secured" || oldTls?.kind === "secured";

async function open(
  { host, address }: Target,
  { connector, port, limits, signal }: Visiting,
): Promise<SmtpTalk | { readonly failed: Extract<Connected, { kind: "failed" }> }> {
  const connected = await connector.connect({ host, address, port }, { timeoutMs: limits.connectMs, signal });
  return connected.kind === "open" ? smtpTalk(connected.line, limits.replyMs) : { failed: connected };
}

/** With all versions of TLS; undefined: it does not come to that. */
async function startAgain(
  target: Target,
  visiting: Visiting,
): Promise<{ readonly talk: SmtpTalk; readonly tls: Secured } | undefined> {
  const talk = await open(target, visiting);
  if ("failed" in talk) return undefined;
  await talk.greeting();
  await talk.hello(visiting.hello);
  const tls = await talk.startTls("any");
  if (tls.kind === "secured") return { talk, tls };
  talk.line.close();
  return undefined;
}

/** RSET behind it, so that nothing is left. RFC 5321 §4.1.1.5 */
async function transact(talk: SmtpTalk, { purpose, sender, recipient }: Visiting["ask"][number]): Promise<Transaction> {
  const mail = await talk.ask(`MAIL FROM:<${sender}>`);
  if (mail.code !== 250) return { purpose, recipient, mail };
  const rcpt = await talk.ask(`RCPT TO:<${recipient}>`);
  await talk.ask("RSET");
  return { purpose, recipient, rcpt };
}
