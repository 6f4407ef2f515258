// Begins and ends to listen, with words when an address cannot be had.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Config } from "../config/schema.ts";

type Place = Config["web"]["listen"][number];

/** The port, be it that the system chose it. Rejects with a sentence. */
export async function bind(server: Server, { host, port }: Place): Promise<number> {
  try {
    server.listen({ port, ...(host !== "::" && { host }) });
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, { host, port });
  }
}

function listenError(error: NodeJS.ErrnoException, { host, port }: Place): Error {
  const remedies: Record<string, string> = {
    EADDRINUSE:
      "another program listens there (a web server?). Let it pass on what is for Waybill (docs/mail-apps.md), or choose another address",
    EACCES:
      "the server's user may not; ports below 1024 need CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE)",
    EADDRNOTAVAIL: "this machine has no such address; choose one of its own, or `*`",
  };
  const remedy = remedies[error.code ?? ""] ?? error.message;
  return new Error(
    `the web server cannot listen on ${placeText({ host, port })}: ${remedy}; see listen and http_listen in [web]`,
    {
      cause: error,
    },
  );
}

/** "192.0.2.1:443", "[2001:db8::1]:443" */
export const placeText = ({ host, port }: Place): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** To be called before it listens. Stops it; requests under way, and handshakes, may take `graceMs`. */
export function closerOf(server: Server): (graceMs: number) => Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return async (graceMs) => {
    const closed = new Promise((resolve) => server.close(resolve)); // idle connections end at once
    const impatience = setTimeout(() => sockets.forEach((socket) => socket.destroy()), graceMs);
    await closed;
    clearTimeout(impatience);
  };
}
