// A conversation with an IMAP server: capabilities, TLS, login, and what a check wants to know of a mailbox. RFC 9051, RFC 3501.
import { randomBytes } from "node:crypto";
import type { Line } from "./connector.ts";
import { type Abilities, type LoginSeen, type MailTalk, MailTalkEnded, nextLine, talkLimits } from "./mail-talk.ts";
import { saslClient } from "./sasl-client.ts";

export interface ImapAnswer {
  readonly status: "OK" | "NO" | "BAD";
  /** What stands behind the status: "[AUTHENTICATIONFAILED] wrong password". */
  readonly text: string;
  /** Without the "* "; a literal in one of them stands behind a line end. */
  readonly untagged: readonly string[];
}

export interface ImapTalk extends MailTalk {
  readonly kind: "imap";
  /** A command without its tag: "NOOP". */
  ask(command: string): Promise<ImapAnswer>;
  /** SELECT, or EXAMINE, which changes nothing. `exists`: messages there are. */
  open(mailbox: string, how: "select" | "examine"): Promise<ImapAnswer & { readonly exists: number }>;
  /** UIDs of messages of the open mailbox with this in a header field; undefined: it could not be asked. */
  search(field: string, value: string): Promise<readonly number[] | undefined>;
  /** Marks messages of the open mailbox as deleted, and takes away these and no others, where the server can (UIDPLUS). */
  remove(uids: readonly number[]): Promise<ImapAnswer>;
}

const tagged = /^(\w+) (OK|NO|BAD)(?: (.*))?$/is;

/** What an IMAP server may say at all. */
const isImap = (text: string): boolean => /^(?:\* |\+|\w+ (?:OK|NO|BAD)\b)/i.test(text);

/** RFC 9051 §4.3: octets of a literal that begins behind this line. */
function literalIn(text: string): number | undefined {
  const bytes = /\{(\d+)\}$/.exec(text)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

/** Octets that are left of a literal behind this line of it; 0: it ended with the line, and its answer goes on. */
function literalAfter(text: string, bytes: number): number | undefined {
  const left = bytes - Buffer.byteLength(text) - 2;
  return left < 0 ? literalIn(text) : left;
}

export function imapTalk(line: Line, timeoutMs: number): ImapTalk {
  const mark = randomBytes(3).toString("hex"); // so that no text of a message looks like our tag
  let count = 0;

  const read = async (stage: string, tag: string, answerTo?: (challenge: string) => string): Promise<ImapAnswer> => {
    const untagged: string[] = [];
    let chars = 0;
    let literalBytes: number | undefined; // that are still to come
    for (let lines = 0; lines < talkLimits.lines && chars < talkLimits.chars; lines++) {
      const isOurs = lines === 0 ? isImap : () => true;
      const text = await nextLine(line, { stage, timeoutMs, isOurs });
      chars += text.length;
      if (literalBytes !== undefined) {
        untagged.push(`${untagged.pop() ?? ""}\n${text}`);
        literalBytes = literalAfter(text, literalBytes);
        continue;
      }
      const [, itsTag, status, words = ""] = tagged.exec(text) ?? [];
      if (itsTag?.toLowerCase() === tag && status !== undefined)
        return { status: status.toUpperCase() as ImapAnswer["status"], text: words, untagged };
      if (text.startsWith("+") && answerTo !== undefined) line.write(`${answerTo(text.slice(1).trim())}\r\n`);
      else if (text.startsWith("* ")) untagged.push(text.slice(2));
      literalBytes = literalIn(text);
    }
    throw new MailTalkEnded({ stage, because: "foreign", text: "an answer without end" });
  };

  const newTag = (): string => `w${mark}${++count}`;
  const stageOf = (command: string): string =>
    command
      .split(" ")
      .slice(0, command.startsWith("UID ") ? 2 : 1)
      .join(" ");
  const ask = (command: string): Promise<ImapAnswer> => {
    const tag = newTag();
    line.write(`${tag} ${command}\r\n`);
    return read(stageOf(command), tag);
  };

  return {
    kind: "imap",
    line,
    ask,
    async greeting() {
      const text = await nextLine(line, { stage: "greeting", timeoutMs, isOurs: isImap });
      return { isGood: /^\* (?:OK|PREAUTH)\b/i.test(text), text };
    },
    async abilities() {
      const { status, untagged } = await ask("CAPABILITY");
      return abilitiesOf(untagged, status !== "OK");
    },
    async startTls(versions) {
      const { status, text } = await ask("STARTTLS");
      return status === "OK" ? line.secure({ timeoutMs, versions }) : { kind: "refused", text: `${status} ${text}` };
    },
    async login(credentials, offered): Promise<LoginSeen> {
      const { username, password } = credentials;
      const sasl = saslClient(offered.mechanisms, credentials);
      if (sasl === undefined && !offered.plainLogin) return { kind: "no-way", username, offered: offered.mechanisms };
      const tag = newTag();
      if (sasl === undefined) {
        line.write(`${tag} LOGIN ${quoted(username)} ${quoted(password)}\r\n`);
        return loginSeen(await read("LOGIN", tag), { username, mechanism: "LOGIN" });
      }
      line.write(`${tag} AUTHENTICATE ${sasl.mechanism}\r\n`); // without an initial response: not all know SASL-IR
      let first = sasl.first;
      const answer = await read("AUTHENTICATE", tag, (challenge) => {
        const said = first ?? sasl.next(challenge);
        first = undefined;
        return said ?? "*"; // RFC 9051 §6.2.2: given up
      });
      return loginSeen(answer, { username, mechanism: sasl.mechanism });
    },
    async open(mailbox, how) {
      const answer = await ask(`${how.toUpperCase()} ${quoted(mailbox)}`);
      const exists = answer.untagged.flatMap((text) => /^(\d+) EXISTS/i.exec(text)?.[1] ?? []).at(-1);
      return { ...answer, exists: Number(exists ?? 0) };
    },
    async search(field, value) {
      const { status, untagged } = await ask(`UID SEARCH HEADER ${quoted(field)} ${quoted(value)}`);
      if (status !== "OK") return undefined;
      return untagged
        .filter((text) => /^SEARCH\b/i.test(text))
        .flatMap((text) => text.split(" ").slice(1))
        .map(Number)
        .filter((uid) => uid > 0);
    },
    async remove(uids) {
      const set = uids.join(",");
      const marked = await ask(String.raw`UID STORE ${set} +FLAGS.SILENT (\Deleted)`);
      if (marked.status !== "OK") return marked;
      return ask(`UID EXPUNGE ${set}`); // RFC 4315 §2.1: a plain EXPUNGE would take others' messages, too
    },
    quit() {
      line.write(`${newTag()} LOGOUT\r\n`);
      line.close();
    },
  };
}

function abilitiesOf(untagged: readonly string[], isOld: boolean): Abilities {
  const words = untagged
    .filter((text) => /^CAPABILITY\b/i.test(text))
    .flatMap((text) => text.trim().split(/\s+/).slice(1));
  const upper = words.map((word) => word.toUpperCase());
  return {
    startTls: upper.includes("STARTTLS"),
    mechanisms: upper.flatMap((word) => /^AUTH=(.+)$/.exec(word)?.[1] ?? []),
    plainLogin: !upper.includes("LOGINDISABLED"),
    lines: words,
    isOld,
  };
}

const loginSeen = (
  { status, text }: ImapAnswer,
  tried: { readonly username: string; readonly mechanism: string },
): LoginSeen => ({ kind: status === "OK" ? "accepted" : "refused", ...tried, text: `${status} ${text}` });

/** RFC 9051 §4.3; what has no place in a quoted string cannot be in a name or password that is typed. */
const quoted = (text: string): string => `"${text.replaceAll(/[\r\n\0]/g, "").replaceAll(/["\\]/g, String.raw`\$&`)}"`;
