// Who speaks on a port that does not answer as expected: TLS where text was expected, text where TLS was, a web server, another
// mail protocol.
import type { Line, TlsSeen } from "../net/connector.ts";
import { MailTalkEnded, type Said } from "../net/mail-talk.ts";
import type { ServerPlace, ServerProtocol } from "./place.ts";
import type { Visit, Visiting } from "./visit.ts";

export type OtherSide =
  /** TLS from the first byte. */
  | { readonly kind: "tls"; readonly tls: TlsSeen }
  /** A mail server's greeting in clear text. */
  | { readonly kind: "mail"; readonly protocol: "smtp" | "imap" | "pop3"; readonly text: string }
  /** A web server: a portal that wants a login first, perhaps. */
  | { readonly kind: "web"; readonly text: string }
  | { readonly kind: "something"; readonly text: string };

/**
 * The greeting; or who is silent because it waits for TLS is found out meanwhile, over a connection of its own, and the greeting
 * is given up. Not on port 25: there, who speaks before the greeting is taken for a spammer.
 */
export async function greetingUnlessTls(
  greeting: Promise<Said>,
  place: { readonly seen: Visit; readonly tell: (other: OtherSide) => void },
  visiting: Visiting,
): Promise<Said> {
  const { security, protocol } = place.seen.place;
  if (security === "tls" || protocol === "smtp") return greeting;
  const over = new AbortController();
  let trying: Promise<TlsSeen | undefined> | undefined;
  const tls = (): Promise<TlsSeen | undefined> => (trying ??= tryTls(place.seen, visiting));
  const patienceMs = visiting.limits.greetingMs * patience;
  const inHurry = visiting.world.sleep(patienceMs, over.signal).then(async () => {
    const found = over.signal.aborted ? undefined : await tls();
    if (found === undefined) return greeting;
    throw new MailTalkEnded({ stage: "greeting", because: "silent", text: "it waits for TLS" });
  });
  try {
    return await Promise.race([greeting, inHurry]);
  } catch (error) {
    const found = error instanceof MailTalkEnded && error.end.because !== "foreign" ? await tls() : undefined;
    if (found !== undefined) place.tell({ kind: "tls", tls: found });
    throw error;
  } finally {
    over.abort("over");
  }
}

/** Of the time that a greeting may take: most servers that are silent for longer wait for something. */
const patience = 0.25;

/** `line`: the connection on which it went wrong, or a fresh one after TLS failed. Never rejects. */
export async function otherSide(
  { ended, tls, place }: Visit,
  line: Line,
  visiting: Visiting,
): Promise<OtherSide | undefined> {
  if (ended?.because === "foreign") return speakerOf(ended.text);
  if (tls?.kind === "failed") {
    const greeting = await line.read(visiting.limits.greetingMs);
    if (greeting.kind === "line") return speakerOf(greeting.text);
  }
  return place.protocol === "smtp" ? undefined : askWeb(line, visiting);
}

/** Which protocol begins like this; SMTP's conversation quotes what is none of its own. */
export function speakerOf(text: string): OtherSide {
  if (/^"?HTTP\/\d|<html|<!doctype/i.test(text)) return { kind: "web", text };
  const protocol = /^"?\* (?:OK|PREAUTH|BYE)\b/i.test(text)
    ? "imap"
    : /^"?(?:\+OK|-ERR)\b/i.test(text)
      ? "pop3"
      : /^"?[245]\d\d[ -]/.test(text)
        ? "smtp"
        : undefined;
  return protocol === undefined ? { kind: "something", text } : { kind: "mail", protocol, text };
}

async function tryTls(
  { place, address }: Visit,
  { connector, limits, signal }: Visiting,
): Promise<TlsSeen | undefined> {
  const { host, port } = place;
  const connected = await connector.connect({ host, address, port }, { timeoutMs: limits.connectMs, signal });
  if (connected.kind === "failed") return undefined;
  const timeoutMs = Math.min(limits.replyMs, limits.greetingMs / 2);
  const secured = await connected.line.secure({ timeoutMs, versions: "any" });
  connected.line.close();
  return secured.kind === "secured" ? secured.tls : undefined;
}

/** A web server says nothing before it is asked; to a word that it does not know it answers with its own protocol. */
async function askWeb(line: Line, { limits }: Visiting): Promise<OtherSide | undefined> {
  line.write("QUIT\r\n\r\n");
  const read = await line.read(limits.greetingMs / 2);
  const text = read.kind === "line" ? read.text : read.unread;
  const found = speakerOf(text);
  return found.kind === "web" ? found : undefined;
}

/** Of the places that are asked; apps and servers speak the same SMTP. */
export const speaks = (protocol: ServerProtocol): "smtp" | "imap" | "pop3" =>
  protocol === "submission" ? "smtp" : protocol;

/** A mail server of the protocol that was asked for, with another way of TLS. */
export const isSameMail = (other: OtherSide | undefined, { protocol }: Pick<ServerPlace, "protocol">): boolean =>
  other?.kind === "mail" && other.protocol === speaks(protocol);
