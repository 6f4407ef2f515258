// A scripted peer on a loopback socket: SMTP or LMTP, with STARTTLS or TLS from the first byte if it has a certificate.
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { TLSSocket, createSecureContext } from "node:tls";
import type { Act, Script } from "./scripted-peer.ts";
import { ScriptedPeer } from "./scripted-peer.ts";

export interface ServerOptions {
  readonly script?: Script;
  readonly lmtp?: boolean;
  /** Key and certificate; the script then answers STARTTLS with `start-tls`. */
  readonly pem?: string;
  /** Of the TLS, besides key and certificate. */
  readonly tls?: SecureContextOptions;
  readonly implicitTls?: boolean;
  readonly address?: string;
  /** A unix socket instead of a port. */
  readonly path?: string;
}

export interface ScriptServer extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly peer: ScriptedPeer;
  /** Connections so far. */
  readonly connections: number;
  /** Connections now. */
  readonly open: number;
  /** Chunks as they arrived, in clear text. */
  readonly chunks: readonly string[];
  /** Ends all connections, as a server does that restarts. */
  hangUp(): void;
  /** Reads nothing more. */
  pause(): void;
}

export async function startScriptServer(options: ServerOptions = {}): Promise<ScriptServer> {
  const peer = new ScriptedPeer(options.script, options.lmtp);
  const sockets = new Set<Socket>();
  const chunks: string[] = [];
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, { ...options, peer, chunks });
  });
  server.listen(
    options.path === undefined ? { port: 0, host: options.address ?? "127.0.0.1" } : { path: options.path },
  );
  await once(server, "listening");
  const { address = "", port = 0 } = options.path === undefined ? (server.address() as AddressInfo) : {};
  return {
    address,
    port,
    peer,
    chunks,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    hangUp: () => sockets.forEach((socket) => socket.destroy()),
    pause: () => sockets.forEach((socket) => socket.pause()),
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, "close");
    },
  };
}

interface Serving extends ServerOptions {
  readonly peer: ScriptedPeer;
  readonly chunks: string[];
}

function serve(raw: Socket, { peer, pem, tls, implicitTls, chunks }: Serving): void {
  const session = peer.session();
  let socket = raw;
  raw.on("error", () => {});

  const perform = (acts: readonly Act[]): void => {
    for (const act of acts) {
      if (raw.destroyed) return;
      switch (act.kind) {
        case "say":
          socket.write(`${act.text}\r\n`);
          break;
        case "silence":
          break;
        case "reset":
          raw.resetAndDestroy();
          break;
        case "close":
          socket.end(act.text === undefined ? "" : `${act.text}\r\n`);
          break;
        case "start-tls":
          socket.write("220 2.0.0 go\r\n", () => secure(false));
          break;
      }
    }
  };

  const listen = (): void => {
    socket.on("data", (bytes: Buffer) => {
      chunks.push(bytes.toString("latin1"));
      perform(session.feed(bytes));
    });
    socket.on("error", () => {});
  };

  const secure = (greets: boolean): void => {
    const fault = peer.act("HANDSHAKE");
    raw.removeAllListeners("data");
    if (fault.kind !== "start-tls") {
      raw.once("data", () => perform([fault])); // once the client has said hello
      return;
    }
    socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: createSecureContext({ ...tls, key: pem, cert: pem }),
    });
    listen();
    if (greets) perform(session.greet());
  };

  if (implicitTls) return secure(true);
  listen();
  perform(session.greet());
}
