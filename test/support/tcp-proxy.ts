// A way between a program and a server that a test can cut, as a network does: bytes are swallowed, or connections end.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing passes, either way, and nobody is told; new connections hang, too. */
  swallow(): void;
  /** All connections end; new ones pass. */
  heal(): void;
}

export async function startProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((client) => {
    const target = connect({ port: targetPort, host: "127.0.0.1" });
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => void (isOpen && to.write(bytes)));
      from.on("end", () => void (isOpen && to.end()));
      from.on("error", () => from.destroy());
      from.on("close", () => {
        sockets.delete(from);
        if (isOpen) to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => void (isOpen = false),
    heal() {
      end();
      isOpen = true;
    },
    async [Symbol.asyncDispose]() {
      end();
      server.close();
      await once(server, "close");
    },
  };
}
