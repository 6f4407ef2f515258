// A client that says exactly what a test tells it to, right or wrong, and hears the replies.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Observed } from "./observed.ts";

export interface RawEnvelope {
  readonly from: string;
  /** Behind the path of MAIL: "BODY=8BITMIME". */
  readonly parameters?: string;
  readonly to: readonly string[];
}

const commandsOf = ({ from, parameters = "", to }: RawEnvelope): string =>
  [`MAIL FROM:<${from}> ${parameters}`.trim(), ...to.map((path) => `RCPT TO:<${path}>`), ""].join("\r\n");

export class RawClient implements AsyncDisposable {
  /** Whole replies: "250-a\r\n250 b". */
  readonly replies = new Observed<string>();
  readonly #socket: Socket;
  #unread = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).on("data", (bytes: Buffer) => this.#hear(bytes.toString()));
  }

  /** After greeting and EHLO. */
  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, "127.0.0.1"));
    await client.replies.count(1);
    await client.ask("EHLO client.test\r\n");
    return client;
  }

  #hear(text: string): void {
    this.#unread += text;
    for (let end = 0; (end = this.#unread.search(/^\d{3} .*\r\n/m)) >= 0;) {
      const after = this.#unread.indexOf("\r\n", end);
      this.replies.add(this.#unread.slice(0, after));
      this.#unread = this.#unread.slice(after + 2);
    }
  }

  /** Sends it all at once; the next `replies` replies. */
  async ask(bytes: string | Uint8Array, replies = 1): Promise<readonly string[]> {
    const before = this.replies.all.length;
    this.#socket.write(bytes);
    return (await this.replies.count(before + replies)).slice(before);
  }

  /** One octet per TCP segment. */
  askSlowly(bytes: Uint8Array, replies = 1): Promise<readonly string[]> {
    return this.#askInPieces(
      Array.from(bytes, (octet) => Uint8Array.of(octet)),
      replies,
    );
  }

  /** Two TCP segments. */
  askInTwo(bytes: Uint8Array, at: number, replies = 1): Promise<readonly string[]> {
    return this.#askInPieces([bytes.subarray(0, at), bytes.subarray(at)], replies);
  }

  async #askInPieces(pieces: readonly Uint8Array[], replies: number): Promise<readonly string[]> {
    const before = this.replies.all.length;
    for (const piece of pieces) {
      await new Promise<unknown>((resolve) => this.#socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve)); // the server, in this process, reads it
    }
    return (await this.replies.count(before + replies)).slice(before);
  }

  /** One message by DATA; the reply to its content, which must end with CRLF. */
  async data(envelope: RawEnvelope, content: Buffer): Promise<string> {
    await this.ask(`${commandsOf(envelope)}DATA\r\n`, envelope.to.length + 2);
    const lines = `\r\n${content.toString("latin1")}`.replaceAll("\r\n.", "\r\n..").slice(2);
    return (await this.ask(Buffer.from(`${lines}.\r\n`, "latin1")))[0]!;
  }

  /** One message by BDAT, all chunks at once; the first refusal, or the reply to the last chunk. */
  async bdat(envelope: RawEnvelope, chunks: readonly Uint8Array[]): Promise<string> {
    const pieces = chunks.flatMap((chunk, i) => [
      Buffer.from(`BDAT ${chunk.length}${i === chunks.length - 1 ? " LAST" : ""}\r\n`),
      chunk,
    ]);
    const bytes = Buffer.concat([Buffer.from(commandsOf(envelope)), ...pieces]);
    const replies = (await this.ask(bytes, envelope.to.length + 1 + chunks.length)).slice(-chunks.length);
    return replies.find((reply) => !reply.startsWith("250 ")) ?? replies.at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    await once(this.#socket, "close");
  }
}
