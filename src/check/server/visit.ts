// One address of a server is visited as a mail app would: connect, greeting, TLS, what it can do, login. Facts only; what they
// mean is told elsewhere. RFC 9051, RFC 1939, RFC 6409, RFC 8314.
import ipaddr from "ipaddr.js";
import type { World } from "../../base/world.ts";
import type { Connected, Connector, Line, Secured, TlsSeen } from "../net/connector.ts";
import { type ImapTalk, imapTalk } from "../net/imap-talk.ts";
import {
  type Abilities,
  type Credentials,
  type LoginSeen,
  type MailTalkEnd,
  MailTalkEnded,
  type Said,
  type TlsStarted,
} from "../net/mail-talk.ts";
import { type Pop3Talk, pop3Talk } from "../net/pop3-talk.ts";
import { secretsOf } from "../net/sasl-client.ts";
import { type SubmissionTalk, submissionTalk } from "../net/submission-talk.ts";
import type { CheckLimits } from "../tools.ts";
import { greetingUnlessTls, isSameMail, otherSide, type OtherSide, speakerOf } from "./other-side.ts";
import type { ServerPlace } from "./place.ts";
import { withoutSecrets } from "./secret-line.ts";

/** Narrowed by `kind`: "imap", "pop3", "smtp". */
export type AppTalk = ImapTalk | Pop3Talk | SubmissionTalk;

export interface Visit {
  readonly place: ServerPlace;
  readonly address: string;
  /** Why there was no connection. */
  readonly failed?: Extract<Connected, { kind: "failed" }>;
  readonly greeting?: Said;
  readonly greetingMs?: number;
  /** Before TLS, where it begins in clear text. */
  readonly inClear?: Abilities;
  /** With which it would be used: inside TLS, or in clear text where no TLS was asked for. */
  readonly abilities?: Abilities;
  /** Absent: not asked for or not offered, or it did not come to that. */
  readonly tls?: TlsStarted;
  /** Once more, with versions that are not safe any more, after a handshake failed. */
  readonly oldTls?: Secured;
  /** What else speaks there, when it was not what was expected. */
  readonly other?: OtherSide;
  readonly login?: LoginVisit;
  /** Before all was asked. */
  readonly ended?: MailTalkEnd;
}

/** `clear-text`, `unproven`: the password would go to whoever listens. */
export type LoginVisit =
  | LoginSeen
  | { readonly kind: "not-tried"; readonly username: string; readonly because: "clear-text" | "unproven" };

export interface Visiting {
  readonly connector: Connector;
  readonly world: Pick<World, "now" | "sleep">;
  /** Our name for EHLO. */
  readonly hello: string;
  readonly limits: VisitLimits;
  readonly signal: AbortSignal;
  readonly credentials?: Credentials;
  /** The password may go to a server whose certificate proves nothing. */
  readonly isUnprovenFine?: boolean;
  /** Called once logged in; what else is to be asked there. A MailTalkEnded of it becomes `ended`. */
  readonly use?: (talk: AppTalk) => Promise<void>;
}

/** `greetingMs`: servers make strangers wait, to see who has no patience. */
export type VisitLimits = Pick<CheckLimits, "connectMs" | "replyMs"> & { readonly greetingMs: number };

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Never rejects, unless `use` does. */
export async function visit(place: ServerPlace, address: string, visiting: Visiting): Promise<Visit> {
  const seen: Mutable<Visit> = { place, address };
  const line = await open(seen, visiting);
  if (line === undefined) return seen;
  try {
    if (place.security === "tls") {
      seen.tls = await line.secure({ timeoutMs: visiting.limits.replyMs, versions: "safe" });
      if (seen.tls.kind === "failed") return { ...seen, ...(await afterFailedTls(seen, visiting)) };
    }
    await converse(seen, line, visiting);
    return seen;
  } catch (error) {
    if (!(error instanceof MailTalkEnded)) throw error;
    seen.ended = error.end;
    const other = seen.other ?? (seen.greeting === undefined ? await otherSide(seen, line, visiting) : undefined);
    return { ...seen, ...(other !== undefined && { other }) };
  } finally {
    line.close();
  }
}

/** Undefined: why is in `seen`. */
async function open(
  seen: Mutable<Visit>,
  { connector, limits, signal, credentials }: Visiting,
): Promise<Line | undefined> {
  const { place, address } = seen;
  const { host, port } = place;
  const connected = await connector.connect({ host, address, port }, { timeoutMs: limits.connectMs, signal });
  if (connected.kind === "open")
    return credentials === undefined ? connected.line : withoutSecrets(connected.line, secretsOf(credentials));
  seen.failed = connected;
  return undefined;
}

async function converse(seen: Mutable<Visit>, line: Line, visiting: Visiting): Promise<void> {
  const { world, limits } = visiting;
  const { place } = seen;
  const startedAt = world.now();
  const greeting = talkOver(line, place, { ...visiting, replyMs: limits.greetingMs }).greeting();
  seen.greeting = await greetingUnlessTls(greeting, { seen, tell: (other) => (seen.other = other) }, visiting);
  seen.greetingMs = world.now() - startedAt;
  if (!seen.greeting.isGood) return tellOther(seen, seen.greeting.text);
  const talk = talkOver(line, place, { ...visiting, replyMs: limits.replyMs });
  const first = await talk.abilities();
  if (place.security !== "tls") seen.inClear = first;
  if (first.refused !== undefined) return;
  if (place.security === "starttls") {
    if (!first.startTls) return talk.quit();
    seen.tls = await talk.startTls("safe");
    if (seen.tls.kind === "failed") Object.assign(seen, await afterFailedTls(seen, visiting));
    if (seen.tls.kind !== "secured") return;
  }
  // RFC 3207 §4.2: what was said before TLS is forgotten
  seen.abilities = place.security === "starttls" ? await talk.abilities() : first;
  await logIn(seen, talk, visiting);
  talk.quit();
}

/** "+OK" is no refusal of an IMAP server. */
function tellOther(seen: Mutable<Visit>, greeting: string): void {
  const other = speakerOf(greeting);
  if (other.kind === "mail" && !isSameMail(other, seen.place)) seen.other = other;
}

async function logIn(seen: Mutable<Visit>, talk: AppTalk, visiting: Visiting): Promise<void> {
  const { credentials, isUnprovenFine = false, world, use } = visiting;
  if (credentials === undefined) return;
  const { username } = credentials;
  const { tls } = seen;
  if (tls?.kind !== "secured" && !isThisMachine(seen)) {
    seen.login = { kind: "not-tried", username, because: "clear-text" };
  } else if (tls?.kind === "secured" && !isUnprovenFine && !isProven(tls.tls, world.now())) {
    seen.login = { kind: "not-tried", username, because: "unproven" };
  } else {
    seen.login = await talk.login(credentials, seen.abilities!);
    if (seen.login.kind === "accepted") await use?.(talk);
  }
}

/** What an app wants of a certificate before it sends a password. RFC 8314 §4.3, RFC 5280 */
export const isProven = ({ chain, distrust, isForHost }: TlsSeen, now: number): boolean =>
  distrust === undefined && isForHost && chain[0] !== undefined && chain[0].validFrom <= now && now <= chain[0].validTo;

/** What DNS says of a name proves nothing: 127.0.0.1 may be anybody's there. RFC 6761 §6.3 */
const isThisMachine = ({ place: { host }, address }: Visit): boolean =>
  isLoopback(address) && (host === "localhost" || isLoopback(host));

const isLoopback = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === "loopback";

/** The conversation of the place's protocol. */
function talkOver(
  line: Line,
  { protocol }: ServerPlace,
  how: { readonly hello: string; readonly replyMs: number },
): AppTalk {
  switch (protocol) {
    case "smtp":
    case "submission":
      return submissionTalk(line, { hello: how.hello, timeoutMs: how.replyMs });
    case "imap":
      return imapTalk(line, how.replyMs);
    case "pop3":
      return pop3Talk(line, how.replyMs);
  }
}

/** Does it speak older versions only, or no TLS at all? */
async function afterFailedTls(seen: Visit, visiting: Visiting): Promise<Pick<Visit, "oldTls" | "other">> {
  const { tls, place, address } = seen;
  const isText = tls?.kind === "failed" && /WRONG_VERSION|PACKET_LENGTH|RECORD_TOO_SMALL|HTTP_REQUEST/.test(tls.code);
  const oldTls = isText ? undefined : await withOldTls(seen, visiting);
  if (oldTls !== undefined) return { oldTls };
  if (place.security !== "tls") return {};
  const again: Mutable<Visit> = { place, address };
  const line = await open(again, visiting);
  const other = line === undefined ? undefined : await otherSide(seen, line, visiting);
  line?.close();
  return other === undefined ? {} : { other };
}

/** With all versions of TLS, over a connection of its own; undefined: it does not come to that. */
async function withOldTls({ place, address }: Visit, visiting: Visiting): Promise<Secured | undefined> {
  const line = await open({ place, address }, visiting);
  if (line === undefined) return undefined;
  try {
    const { replyMs } = visiting.limits;
    if (place.security === "starttls") {
      const talk = talkOver(line, place, { ...visiting, replyMs });
      await talk.greeting();
      await talk.abilities();
      const started = await talk.startTls("any");
      return started.kind === "secured" ? started : undefined;
    }
    const secured = await line.secure({ timeoutMs: replyMs, versions: "any" });
    return secured.kind === "secured" ? secured : undefined;
  } catch (error) {
    if (!(error instanceof MailTalkEnded)) throw error;
    return undefined;
  } finally {
    line.close();
  }
}
