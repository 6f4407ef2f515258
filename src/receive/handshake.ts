// What comes before SMTP on a fresh socket: the TLS handshake (RFC 8446, RFC 3207) and a proxy's header.
import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";
import type { TlsFacts } from "../mail/client.ts";
import { readProxyHeader } from "./proxy-protocol.ts";

/**
 * Why there is no TLS. `silent`: the client sent nothing, as one does that waits for a greeting in clear text; `distrusted`:
 * it does not like our certificate; `left`: it broke off without a word.
 */
export type HandshakeFault = "silent" | "clear-text" | "distrusted" | "old-version" | "left" | "slow" | "other";

export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
  readonly fault: HandshakeFault;

  constructor(fault: HandshakeFault, text: string) {
    super(text);
    this.fault = fault;
  }
}

/** What OpenSSL calls it. Alerts: RFC 8446 §6.2 */
const faultWords: readonly (readonly [RegExp, HandshakeFault])[] = [
  [/alert (?:unknown ca|certificate unknown|bad certificate|certificate expired|certificate revoked)/i, "distrusted"],
  [/http request|wrong version number|packet length too long|bad record type/i, "clear-text"],
  [/unsupported protocol|protocol version|no shared cipher|version too low/i, "old-version"],
];

/** Takes the socket over for TLS. Rejects with a HandshakeError, the socket destroyed, when the client cannot or does not in time. */
export function secure(socket: Socket, secureContext: SecureContext, limitMs: number): Promise<TLSSocket> {
  const wire = new TLSSocket(socket, { isServer: true, secureContext });
  wire.disableRenegotiation();
  const before = socket.bytesRead; // STARTTLS: what was said in clear text
  const unlessSilent = (fault: HandshakeFault): HandshakeFault => (socket.bytesRead === before ? "silent" : fault);
  return new Promise((resolve, reject) => {
    const fail = (fault: HandshakeFault, text: string): void => {
      clearTimeout(timer);
      wire.destroy();
      reject(new HandshakeError(fault, text));
    };
    const timer = setTimeout(
      () => fail(unlessSilent("slow"), `the TLS handshake took longer than ${limitMs / 1_000} s`),
      limitMs,
    );
    const gone = (): void => fail(unlessSilent("left"), "the client left during the TLS handshake");
    wire.once("end", gone).once("close", gone);
    wire.on("error", (error: Error & { reason?: string }) => {
      const reason = error.reason ?? error.message;
      fail(faultWords.find(([words]) => words.test(reason))?.[1] ?? "other", `TLS failed: ${reason}`);
    });
    wire.once("secure", () => {
      clearTimeout(timer);
      wire.off("end", gone).off("close", gone);
      resolve(wire);
    });
  });
}

export const tlsFactsOf = (wire: TLSSocket): TlsFacts => ({
  version: wire.getProtocol() ?? "unknown",
  cipher: wire.getCipher().standardName,
});

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Reads the header that a proxy must send first, and leaves what follows it in the socket, which is paused then.
 * Resolves with the client's endpoint, or undefined when the proxy speaks for itself; rejects when there is no header.
 */
export function readEndpoint(socket: Socket, limitMs: number): Promise<Endpoint | undefined> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      socket.off("data", read).off("end", gone).off("close", gone).pause();
    };
    const fail = (text: string): void => {
      settle();
      reject(new Error(text));
    };
    const gone = (): void => fail("the proxy left before its PROXY header was complete");
    const read = (bytes: Buffer): void => {
      seen = Buffer.concat([seen, bytes]);
      const header = readProxyHeader(seen);
      if (header.kind === "incomplete") return;
      if (header.kind === "bad") return fail(header.text);
      settle();
      if (seen.length > header.sizeBytes) socket.unshift(seen.subarray(header.sizeBytes));
      resolve(header.kind === "proxied" ? header : undefined);
    };
    const timer = setTimeout(() => fail(`no PROXY header within ${limitMs / 1_000} s`), limitMs);
    socket.on("data", read).on("end", gone).on("close", gone);
  });
}
