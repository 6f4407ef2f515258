// Serves the control API on a unix socket that only this user may open.
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";

/** Longest path of a unix socket: sun_path of Linux holds 108 bytes with the final NUL. */
const longestPathBytes = 107;

/** The recipients of a message stand in the request line. */
const requestHeadBytes = 1024 ** 2;

/** Requests under way at the end may take so long. */
const closeGraceMs = 2_000;

/** Rejects with a sentence when the socket cannot be served. Disposing stops it and removes the file. */
export async function serveControl(app: Hono, socketPath: string): Promise<AsyncDisposable> {
  if (Buffer.byteLength(socketPath) > longestPathBytes)
    throw new Error(
      `the control socket's path is longer than ${longestPathBytes} bytes: ${socketPath}. Set data_dir to a shorter path.`,
    );
  await removeStale(socketPath);
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: { maxHeaderSize: requestHeadBytes },
  }) as Server;
  const umask = process.umask(0o177); // the file is born with mode 0600: listen binds before it returns
  try {
    server.listen(socketPath);
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(`cannot make the control socket ${socketPath}: ${(error as Error).message}`, { cause: error });
  }
  return { [Symbol.asyncDispose]: () => close(server) };
}

/** A socket that nobody answers on is left over from a process that was killed. */
async function removeStale(socketPath: string): Promise<void> {
  const found = await lstat(socketPath).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error(`${socketPath} is in the way: it is no socket. Move it, or set another data_dir.`);
  const probe = connect(socketPath);
  try {
    await once(probe, "connect");
  } catch {
    return await unlink(socketPath);
  } finally {
    probe.destroy();
  }
  throw new Error(`another Waybill answers on ${socketPath}. Stop it first, or set another data_dir.`);
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve)); // removes the file
  const impatience = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearTimeout(impatience);
}
