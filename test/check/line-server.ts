// A server of lines on loopback, with TLS from the first byte or from the middle: what the lab's IMAP, POP3 and submission
// servers are made of.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createSecureContext, type SecureContextOptions, TLSSocket } from "node:tls";

/** `lines` without the last CRLF; then perhaps TLS begins, or the connection ends. */
export interface Said {
  readonly lines: string;
  readonly next?: "tls" | "close";
}

export interface LineSession {
  /** Undefined: it says nothing first. */
  readonly greeting: string | undefined;
  /** What it answers to a line; undefined: nothing. */
  answer(line: string, isSecure: boolean): Said | string | undefined;
}

export interface LineServer extends AsyncDisposable {
  readonly port: number;
}

export interface LineServing {
  readonly session: () => LineSession;
  /** Key and certificate. */
  readonly pem: string;
  readonly isImplicit: boolean;
  /** Of the TLS, besides key and certificate. */
  readonly tls?: SecureContextOptions;
}

export async function startLineServer(serving: LineServing): Promise<LineServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket, serving);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, "close");
    },
  };
}

function serve(raw: Socket, { session, pem, isImplicit, tls }: LineServing): void {
  const talk = session();
  let socket = raw;
  let unread = "";
  let isSecure = false;

  const hear = (bytes: Buffer): void => {
    unread += bytes.toString("utf8");
    for (let end = unread.indexOf("\r\n"); end !== -1; end = unread.indexOf("\r\n")) {
      const line = unread.slice(0, end);
      unread = unread.slice(end + 2);
      const said = talk.answer(line, isSecure);
      if (said === undefined) continue;
      const { lines, next }: Said = typeof said === "string" ? { lines: said } : said;
      if (next === "close") return void socket.end(`${lines}\r\n`);
      if (next === "tls") return void socket.write(`${lines}\r\n`, secure);
      socket.write(`${lines}\r\n`);
    }
  };
  const listen = (): void => {
    socket.on("data", hear);
    socket.on("error", () => {});
  };
  const secure = (): void => {
    raw.removeAllListeners("data");
    socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: createSecureContext({ ...tls, key: pem, cert: pem }),
    });
    isSecure = true;
    unread = "";
    listen();
  };
  if (isImplicit) secure();
  else listen();
  if (talk.greeting !== undefined) socket.write(`${talk.greeting}\r\n`);
}
