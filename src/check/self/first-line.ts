// The first words of a server that greets, over a unix socket or TCP; nothing is said to it.
import { connect } from "node:net";
import type { FirstLine, LocalPlace } from "./ports.ts";

/** No greeting is longer. */
const mostBytes = 4_096;

/** Never rejects. */
export function firstLine(to: LocalPlace, timeoutMs: number): Promise<FirstLine> {
  const { promise, resolve } = Promise.withResolvers<FirstLine>();
  const socket = connect({ ...to, signal: AbortSignal.timeout(timeoutMs) });
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (more: string) => {
    text += more;
    if (text.includes("\n") || text.length > mostBytes)
      resolve({ kind: "line", text: text.split(/\r?\n/)[0]!.slice(0, mostBytes) });
  });
  socket.on("error", ({ name, message }) =>
    resolve({ kind: "failed", text: name === "AbortError" ? `no greeting within ${timeoutMs} ms` : message }),
  );
  socket.on("close", () => resolve({ kind: "failed", text: "it closed the connection without a greeting" }));
  return promise.finally(() => socket.destroy());
}
