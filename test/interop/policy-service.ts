// A policy service for Postfix: it decides about each recipient. Postfix's SMTPD_POLICY_README.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface PolicyService extends AsyncDisposable {
  readonly port: number;
}

/** `decide` gives Postfix's access action: "DUNNO", "450 4.2.1 come again". */
export async function startPolicyService(decide: (recipient: string) => string): Promise<PolicyService> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let unread = "";
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    socket.on("data", (bytes: Buffer) => {
      unread += bytes.toString();
      for (let end = 0; (end = unread.indexOf("\n\n")) >= 0; unread = unread.slice(end + 2)) {
        const recipient = /^recipient=(.*)$/m.exec(unread.slice(0, end))?.[1] ?? "";
        socket.write(`action=${decide(recipient)}\n\n`);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
