// What is sent to the web server is read up to a limit, and whole, before any page sees it.
import type { MiddlewareHandler } from "hono";
import { webLimits } from "./limits.ts";
import { refusal, words } from "./refusals.ts";
import type { WebEnvironment } from "./visit.ts";

export const limitBody: MiddlewareHandler<WebEnvironment> = async (c, next) => {
  const { method, headers, body: stream } = c.req.raw;
  if (stream === null || method === "GET" || method === "HEAD") return next();
  const body = await readAll(stream).catch(() => "broken" as const);
  if (body === "broken") return refusal(c, 400, words.brokenOff);
  if (body === undefined) return refusal(c, 413, words.tooLong);
  c.req.raw = new Request(c.req.url, { method, headers, body });
  return next();
};

/** Undefined: it is too long. Rejects when the client leaves. */
async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.length;
    if (bytes > webLimits.bodyBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
