// A mail server that follows a script, without sockets: it answers as told, and remembers what it was told.
// memory-wire.ts and script-server.ts give it a connection.

/** What the peer does when its turn comes. `text` may hold several lines; CRLF is added. */
export type Act =
  | { readonly kind: "say"; readonly text: string }
  /** From now on, for good. */
  | { readonly kind: "silence" }
  /** The connection is reset. */
  | { readonly kind: "reset" }
  /** Says `text` first, then closes. */
  | { readonly kind: "close"; readonly text?: string }
  | { readonly kind: "start-tls" };

export const say = (text: string): Act => ({ kind: "say", text });

/**
 * GREETING, a command verb in upper case, CONTENT (after the final dot), CHUNK (after a BDAT chunk), AUTH-LINE (what
 * follows a 334), or HANDSHAKE (`start-tls` there is the usual: it works).
 */
export type Turn = string;

/** The script: what to do instead of the usual; undefined: the usual. `count` is 1 for the first turn of this name. */
export type Script = (turn: Turn, line: string, count: number) => Act | string | undefined;

const extensions = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN"];

/** A script out of a table; EHLO's text comes from a list of extensions. */
export const offering = (offered: readonly string[], turns: Readonly<Record<Turn, string>> = {}): Script => {
  const greeting = ["peer.test", ...offered].map((line, i) => `250${i < offered.length ? "-" : " "}${line}`);
  return (turn) => turns[turn] ?? (turn === "EHLO" || turn === "LHLO" ? greeting.join("\r\n") : undefined);
};

const usual: Record<Turn, Act | string> = {
  GREETING: "220 peer.test ESMTP",
  EHLO: ["250-peer.test", ...extensions.map((line, i) => `250${i < extensions.length - 1 ? "-" : " "}${line}`)].join(
    "\r\n",
  ),
  HELO: "250 peer.test",
  MAIL: "250 2.1.0 ok",
  RCPT: "250 2.1.5 ok",
  DATA: "354 go on",
  CONTENT: "250 2.0.0 queued as 1",
  CHUNK: "250 2.0.0 got it",
  RSET: "250 2.0.0 ok",
  QUIT: "221 2.0.0 bye",
  "AUTH-LINE": "235 2.7.0 ok",
  AUTH: "235 2.7.0 ok",
  HANDSHAKE: { kind: "start-tls" },
};

const lastLineCode = (text: string): string => text.slice(text.lastIndexOf("\n") + 1, text.lastIndexOf("\n") + 4);

export class ScriptedPeer {
  /** Command lines as they came, of all sessions. */
  readonly lines: string[] = [];
  /** Contents as they came, dots and all; of BDAT, the chunks put together. */
  readonly contents: Buffer[] = [];
  readonly #script: Script;
  readonly #lmtp: boolean;
  readonly #counts = new Map<Turn, number>();

  constructor(script: Script = () => undefined, lmtp = false) {
    this.#script = script;
    this.#lmtp = lmtp;
  }

  session(): PeerSession {
    return new PeerSession(this, this.#lmtp);
  }

  act(turn: Turn, line = ""): Act {
    const count = (this.#counts.get(turn) ?? 0) + 1;
    this.#counts.set(turn, count);
    const act = this.#script(turn, line, count) ?? usual[turn === "LHLO" ? "EHLO" : turn] ?? "502 5.5.1 what?";
    return typeof act === "string" ? say(act) : act;
  }
}

/** One connection's state. */
class PeerSession {
  readonly #peer: ScriptedPeer;
  readonly #lmtp: boolean;
  #isMute = false;
  #input: Buffer = Buffer.alloc(0);
  #mode: "command" | "content" | "auth" = "command";
  #accepted = 0;
  #chunks: Buffer[] = [];

  constructor(peer: ScriptedPeer, lmtp: boolean) {
    this.#peer = peer;
    this.#lmtp = lmtp;
  }

  greet(): Act[] {
    return [this.#peer.act("GREETING")];
  }

  feed(bytes: Uint8Array): Act[] {
    this.#input = Buffer.concat([this.#input, bytes]);
    const acts: Act[] = [];
    for (let some = this.#step(); some !== undefined; some = this.#step()) {
      if (!this.#isMute) acts.push(...some);
      this.#isMute ||= some.some(({ kind }) => kind === "silence");
    }
    return acts;
  }

  #step(): Act[] | undefined {
    if (this.#mode === "content") return this.#content();
    const end = this.#input.indexOf("\r\n");
    if (end < 0) return undefined;
    const line = this.#input.toString("utf8", 0, end);
    const [, sizeText] = /^BDAT (\d+)/.exec(line) ?? [];
    const next = end + 2 + Number(sizeText ?? 0);
    if (this.#input.length < next) return undefined;
    const chunk = this.#input.subarray(end + 2, next);
    this.#input = this.#input.subarray(next);
    this.#peer.lines.push(line);
    return sizeText === undefined ? this.#command(line) : this.#chunk(chunk, line.endsWith(" LAST"));
  }

  #command(line: string): Act[] {
    const turn = this.#mode === "auth" ? "AUTH-LINE" : (/^[A-Z]+/i.exec(line)?.[0].toUpperCase() ?? "");
    const act = this.#peer.act(turn, line);
    const code = act.kind === "say" ? lastLineCode(act.text) : "";
    if (["EHLO", "LHLO", "HELO", "MAIL", "RSET"].includes(turn)) this.#accepted = 0;
    if (turn === "RCPT" && code.startsWith("2")) this.#accepted += 1;
    this.#mode = code === "354" ? "content" : code === "334" ? "auth" : "command";
    return [act];
  }

  #content(): Act[] | undefined {
    // the final dot may stand at the very start
    const end = this.#input.indexOf(".\r\n") === 0 ? -2 : this.#input.indexOf("\r\n.\r\n");
    if (end === -1) return undefined;
    this.#peer.contents.push(this.#input.subarray(0, end + 2));
    this.#input = this.#input.subarray(end + 5);
    this.#mode = "command";
    return this.#settle();
  }

  #chunk(chunk: Buffer, isLast: boolean): Act[] {
    this.#chunks.push(Buffer.from(chunk));
    if (!isLast) return [this.#peer.act("CHUNK")];
    this.#peer.contents.push(Buffer.concat(this.#chunks));
    this.#chunks = [];
    return this.#settle();
  }

  #settle(): Act[] {
    return Array.from({ length: this.#lmtp ? this.#accepted : 1 }, () => this.#peer.act("CONTENT"));
  }
}
