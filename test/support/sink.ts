// A mail host that takes everything and writes it down octet for octet. It shares no code with src/smtp, so that the two
// cannot share a mistake.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { Observed } from "./observed.ts";

export interface Taken {
  /** The line: "MAIL FROM:<a@b> SIZE=5". */
  readonly mail: string;
  /** The lines whose recipients were taken. */
  readonly rcpts: readonly string[];
  readonly by: "DATA" | "BDAT";
  /** Without framing and dot-stuffing. */
  readonly content: Buffer;
  readonly secure: boolean;
}

export interface SinkOptions {
  /** EHLO keywords besides STARTTLS. */
  readonly offers?: readonly string[];
  /** Key and certificate: STARTTLS is offered. */
  readonly pem?: string;
  /** TLS from the first byte. */
  readonly implicitTls?: true;
  /** Takes LF and CR for line ends and overlooks NUL, as servers did that mail could be smuggled into. */
  readonly gullible?: true;
  /** The reply to a command line, where it is not the usual one. */
  readonly answer?: (line: string) => string | undefined;
}

export interface Sink extends AsyncDisposable {
  readonly port: number;
  readonly taken: Observed<Taken>;
}

export const everyExtension = ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "SIZE"] as const;

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const taken = new Observed<Taken>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    new Conversation(socket, options, taken).begin();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    taken,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

class Conversation {
  readonly #options: SinkOptions;
  readonly #taken: Observed<Taken>;
  #socket: Socket;
  #secure = false;
  #unread: Buffer = Buffer.alloc(0);
  #mail: string | undefined;
  #rcpts: string[] = [];
  #content: Buffer[] = [];
  /** What the next octets are. */
  #reading: "command" | "data" | { chunkBytes: number; last: boolean } = "command";

  constructor(socket: Socket, options: SinkOptions, taken: Observed<Taken>) {
    this.#socket = socket;
    this.#options = options;
    this.#taken = taken;
  }

  begin(): void {
    if (this.#options.implicitTls) this.#encrypt();
    else this.#listen();
    this.#say("220 sink.test ESMTP");
  }

  #listen(): void {
    this.#socket.on("data", (bytes: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, bytes]);
      while (this.#read());
    });
  }

  #encrypt(): void {
    const { pem } = this.#options;
    this.#socket.removeAllListeners("data");
    this.#socket = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: createSecureContext({ key: pem, cert: pem }),
    }).on("error", () => this.#socket.destroy());
    this.#secure = true;
    this.#unread = Buffer.alloc(0);
    this.#listen();
  }

  #say(reply: string): void {
    if (this.#socket.writable) this.#socket.write(`${reply}\r\n`);
  }

  /** False when more octets are needed. */
  #read(): boolean {
    if (typeof this.#reading === "object") return this.#readChunk(this.#reading);
    const line = this.#line();
    if (line === undefined) return false;
    if (this.#reading === "command") this.#obey(line.text.toString());
    else this.#readData(line);
    return true;
  }

  /** `whole` has its line end. */
  #line(): { text: Buffer; whole: Buffer } | undefined {
    const [at, endBytes] = this.#options.gullible ? gullibleLineEnd(this.#unread) : [this.#unread.indexOf("\r\n"), 2];
    if (at === -1) return undefined;
    const text = this.#unread.subarray(0, at);
    const whole = this.#unread.subarray(0, at + endBytes);
    this.#unread = this.#unread.subarray(whole.length);
    return { text: this.#options.gullible ? Buffer.from(text.filter((octet) => octet !== 0)) : text, whole };
  }

  #readData({ text, whole }: { text: Buffer; whole: Buffer }): void {
    if (text.toString("latin1") === ".") this.#finish("DATA");
    else this.#content.push(text[0] === 0x2e ? whole.subarray(1) : whole);
  }

  #readChunk({ chunkBytes, last }: { chunkBytes: number; last: boolean }): boolean {
    if (this.#unread.length < chunkBytes) return false;
    this.#content.push(this.#unread.subarray(0, chunkBytes));
    this.#unread = this.#unread.subarray(chunkBytes);
    this.#reading = "command";
    if (last) this.#finish("BDAT");
    else this.#say("250 2.0.0 chunk taken");
    return true;
  }

  #finish(by: Taken["by"]): void {
    const content = Buffer.concat(this.#content);
    const one: Taken = { mail: this.#mail!, rcpts: this.#rcpts, by, content, secure: this.#secure };
    this.#forget();
    this.#taken.add(one);
    this.#say("250 2.0.0 taken");
  }

  #forget(): void {
    this.#reading = "command";
    this.#mail = undefined;
    this.#rcpts = [];
    this.#content = [];
  }

  #obey(line: string): void {
    const peculiar = this.#options.answer?.(line);
    if (peculiar !== undefined) return this.#say(peculiar);
    const [verb = "", size = "", last] = line.toUpperCase().split(" ");
    switch (verb) {
      case "EHLO":
      case "LHLO":
        return this.#say(`${["250-sink.test", ...this.#offers()].join("\r\n250-")}\r\n250 HELP`);
      case "STARTTLS":
        this.#say("220 2.0.0 go ahead");
        return this.#encrypt();
      case "MAIL":
        this.#forget();
        this.#mail = line;
        return this.#say("250 2.1.0 ok");
      case "RCPT":
        this.#rcpts.push(line);
        return this.#say("250 2.1.5 ok");
      case "DATA":
        if (this.#rcpts.length === 0) return this.#say("503 5.5.1 nobody to send it to");
        this.#reading = "data";
        return this.#say("354 go ahead");
      case "BDAT":
        this.#reading = { chunkBytes: Number(size), last: last === "LAST" };
        return;
      case "RSET":
        this.#forget();
        return this.#say("250 2.0.0 ok");
      case "QUIT":
        this.#say("221 2.0.0 bye");
        this.#socket.end();
        return;
      default:
        return this.#say("502 5.5.1 unknown command");
    }
  }

  #offers(): readonly string[] {
    const { offers = everyExtension, pem } = this.#options;
    return pem === undefined || this.#secure ? offers : [...offers, "STARTTLS"];
  }
}

/** Where it is, and its length; a CR at the very end may yet become a CRLF. */
function gullibleLineEnd(octets: Buffer): [at: number, bytes: number] {
  const found = /\r\n|\n|\r(?=[^\n])/.exec(octets.toString("latin1"));
  return found === null ? [-1, 0] : [found.index, found[0].length];
}
