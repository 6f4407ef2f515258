// A client that a test drives line by line, and one that sends a whole letter. It shares no code with the server.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface SmtpClient extends AsyncDisposable {
  /** One command without CRLF; answers the whole reply, its lines joined by LF, or "closed". */
  say(line: string): Promise<string>;
  /** Octets as they are. */
  write(bytes: string | Uint8Array): void;
  /** The next reply that nobody has read yet, or "closed". */
  reply(): Promise<string>;
}

export interface Letter {
  /** Reverse-path, and parameters of MAIL behind a space: `you@home.lab RET=HDRS`. */
  readonly from: string;
  /** Likewise, for RCPT. */
  readonly to: readonly string[];
  /** Lines end in CRLF. */
  readonly content: string | Uint8Array;
}

/** Greeted already. */
export async function connectClient(port: number): Promise<SmtpClient> {
  const client = await openClient(port);
  assert.match(await client.reply(), /^220 /);
  return client;
}

/** Not greeted yet. */
export async function openClient(port: number): Promise<SmtpClient> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const client = smtpClient(socket);
  await once(socket, "connect");
  return client;
}

/** On a connection that is there, or will be. */
export function smtpClient(socket: Socket): SmtpClient {
  const replies = readReplies(socket);
  const reply = async (): Promise<string> => (await replies.next()).value ?? "closed";
  return {
    reply,
    write: (bytes) => void socket.write(bytes),
    say(line) {
      socket.write(`${line}\r\n`);
      return reply();
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      if (!socket.closed) await once(socket, "close");
    },
  };
}

async function* readReplies(socket: Socket): AsyncGenerator<string, undefined> {
  let text = "";
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  let news = Promise.withResolvers<void>();
  socket.on("data", (bytes: Buffer) => {
    text += bytes.toString("utf8");
    news.resolve();
  });
  socket.on("error", () => {}).on("close", close);
  let isOpen = true;
  void closed.then(() => (isOpen = false));
  for (;;) {
    const [reply] = /^(?:\d{3}-.*\r\n)*\d{3}(?: .*)?\r\n/.exec(text) ?? [];
    if (reply !== undefined) {
      text = text.slice(reply.length);
      yield reply.trimEnd().replaceAll("\r\n", "\n");
    } else if (isOpen) {
      await Promise.race([news.promise, closed]);
      news = Promise.withResolvers();
    } else return undefined;
  }
}

/** Octets of a message as DATA wants them, the final dot included. RFC 5321 §4.5.2. */
export const dotted = (content: string | Uint8Array): Buffer =>
  Buffer.from(
    `${Buffer.from(content as string)
      .toString("latin1")
      .replaceAll(/^\./gm, "..")}.\r\n`,
    "latin1",
  );

const withPath = (verb: string, text: string): string => {
  const [path, ...parameters] = text.split(" ");
  return [`${verb}:<${path}>`, ...parameters].join(" ");
};

/** A mail transaction in an open session; each refusal ends it with its reply. Answers the last reply. */
export async function transact(client: SmtpClient, { from, to, content }: Letter): Promise<string> {
  for (const line of [withPath("MAIL FROM", from), ...to.map((path) => withPath("RCPT TO", path)), "DATA"]) {
    const reply = await client.say(line);
    if (!/^[23]/.test(reply)) return reply;
  }
  client.write(dotted(content));
  return client.reply();
}

/** A session for one letter; answers the last reply. */
export async function sendLetter(port: number, letter: Letter): Promise<string> {
  await using client = await connectClient(port);
  await client.say("EHLO client.lab");
  return await transact(client, letter);
}

/** A session that asks for one recipient; answers the reply to RCPT. */
export async function askFor(
  port: number,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<string> {
  await using client = await connectClient(port);
  await client.say("EHLO client.lab");
  await client.say(withPath("MAIL FROM", from));
  return await client.say(withPath("RCPT TO", to));
}

let letters = 0;

/** A short message with its own Message-ID. */
export function simpleContent(subject = "Hello", body = "It works.\r\n"): string {
  letters += 1;
  return [
    "From: You <you@home.lab>",
    `Subject: ${subject}`,
    "Date: Thu, 1 Jan 2026 00:00:00 +0000",
    `Message-ID: <${letters}.${process.pid}@home.lab>`,
    "",
    body,
  ].join("\r\n");
}
