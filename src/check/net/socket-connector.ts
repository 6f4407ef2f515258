// The connector over real sockets.
import type { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, rootCertificates, type TLSSocket } from "node:tls";
import { isForHost, sparing } from "../../base/peer-certificate.ts";
import type {
  CertificateSeen,
  Connected,
  ConnectLimit,
  Connector,
  ConnectProblem,
  Line,
  Place,
  Read,
  Secured,
  SecureHow,
  TlsSeen,
} from "./connector.ts";

interface SocketConnectorSettings {
  /** PEM: authorities that are trusted besides the usual ones. */
  readonly authorities?: readonly string[];
  readonly sourceAddress?: string;
}

export const socketConnector = (settings: SocketConnectorSettings = {}): Connector => ({
  connect: (to, limit) => connect(to, limit, settings),
});

async function connect(
  to: Place,
  { timeoutMs, signal }: ConnectLimit,
  settings: SocketConnectorSettings,
): Promise<Connected> {
  const { sourceAddress } = settings;
  const isSameFamily = sourceAddress !== undefined && isIP(sourceAddress) === isIP(to.address);
  const socket = connectTcp({
    host: to.address,
    port: to.port,
    noDelay: true,
    ...(isSameFamily && { localAddress: sourceAddress }),
  });
  const { promise, resolve } = Promise.withResolvers<Connected>();
  const fail = (problem: ConnectProblem, text: string): void => resolve({ kind: "failed", problem, text });
  const timer = setTimeout(() => fail("timeout", `no answer in ${timeoutMs} ms`), timeoutMs);
  const abort = (): void => {
    fail("timeout", "the time of the check is over");
    socket.destroy();
  };
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  socket.once("close", () => signal.removeEventListener("abort", abort));
  socket.on("error", (error: NodeJS.ErrnoException) => fail(problems[error.code ?? ""] ?? "other", error.message));
  socket.once("connect", () => resolve({ kind: "open", line: new SocketLine(to, socket, settings) }));
  const connected = await promise;
  clearTimeout(timer);
  if (connected.kind === "failed") socket.destroy();
  return connected;
}

const problems: Readonly<Record<string, ConnectProblem>> = {
  ECONNREFUSED: "refused",
  ETIMEDOUT: "timeout",
  EHOSTUNREACH: "no-route",
  ENETUNREACH: "no-route",
  EADDRNOTAVAIL: "no-route",
  ECONNRESET: "reset",
};

/** Lines of strangers are no longer than this; more is taken as it is. */
const longestLine = 64 * 1_024;

/** Of what nobody reads; the other side waits then. */
const mostUnread = 4 * longestLine;

class SocketLine implements Line {
  readonly place: Place;
  readonly #settings: SocketConnectorSettings;
  #socket: Socket;
  #unread: Buffer = Buffer.alloc(0);
  #ended: { readonly because: "closed" | "failed"; readonly text: string } | undefined;
  #wake: () => void = () => {};

  constructor(place: Place, socket: Socket, settings: SocketConnectorSettings) {
    this.place = place;
    this.#settings = settings;
    this.#socket = socket;
    this.#listen(socket);
  }

  async read(timeoutMs: number): Promise<Read> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const line = this.#takeLine();
      if (line !== undefined) return { kind: "line", text: line };
      if (this.#ended !== undefined) return { kind: "ended", ...this.#ended, unread: textOf(this.#unread) };
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        return { kind: "ended", because: "silent", text: `nothing in ${timeoutMs} ms`, unread: textOf(this.#unread) };
      await this.#news(leftMs);
    }
  }

  write(text: string): void {
    if (this.#ended === undefined) this.#socket.write(text);
  }

  async secure(how: SecureHow): Promise<Secured> {
    const plain = this.#socket;
    plain.off("data", this.#onData);
    plain.off("end", this.#onEnd); // the rest is told by the TLS socket
    plain.off("close", this.#onClose);
    if (plain.isPaused()) plain.resume();
    const { host } = this.place;
    const { authorities = [] } = this.#settings;
    const toSecure = connectTls({
      socket: plain,
      host,
      ...(isIP(host) === 0 && { servername: host }), // RFC 6066 §3: no address in SNI
      ...(authorities.length > 0 && { ca: [...rootCertificates, ...authorities] }),
      ...(how.versions === "any" && { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
      rejectUnauthorized: false, // what is wrong with a certificate is what we want to know
      checkServerIdentity: () => undefined,
    });
    const socket = sparing(toSecure);
    this.#socket = socket;
    const secured = await handshake(socket, { host, timeoutMs: how.timeoutMs });
    if (secured.kind === "failed") {
      this.#ended ??= { because: "failed", text: secured.text };
      socket.destroy();
      return secured;
    }
    this.#unread = Buffer.alloc(0); // RFC 3207 §4.2: what came in clear text is nobody's word
    this.#listen(socket);
    return secured;
  }

  close(): void {
    this.#end("closed", "we closed the connection");
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClose);
    socket.on("error", (error) => this.#end("failed", error.message));
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (this.#unread.length > mostUnread) this.#socket.pause();
    this.#wake();
  };

  readonly #onEnd = (): void => this.#end("closed", "the server closed the connection");

  readonly #onClose = (): void => this.#end("closed", "the connection was closed");

  #end(because: "closed" | "failed", text: string): void {
    this.#ended ??= { because, text };
    this.#wake();
  }

  #news(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  #takeLine(): string | undefined {
    const found = this.#unread.indexOf(0x0a);
    if (found === -1 && this.#unread.length < longestLine) return undefined;
    const end = found === -1 ? longestLine : found;
    const line = this.#unread.subarray(0, end);
    this.#unread = this.#unread.subarray(end + (found === -1 ? 0 : 1));
    if (this.#unread.length <= mostUnread && this.#socket.isPaused()) this.#socket.resume();
    return textOf(line.at(-1) === 0x0d ? line.subarray(0, -1) : line);
  }
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? bytes.toString("latin1") : text;
}

async function handshake(
  socket: TLSSocket,
  { host, timeoutMs }: { readonly host: string; readonly timeoutMs: number },
): Promise<Secured> {
  const { promise, resolve } = Promise.withResolvers<Secured>();
  const late = `the handshake did not end in ${timeoutMs} ms`;
  const timer = setTimeout(
    () => resolve({ kind: "failed", problem: "timeout", code: "ETIMEDOUT", text: late }),
    timeoutMs,
  );
  // seen at once: who closes the connection right after it takes the certificate away
  socket.once("secureConnect", () => resolve({ kind: "secured", tls: tlsSeen(socket, host) }));
  socket.on("error", ({ code = "", message }: NodeJS.ErrnoException) =>
    resolve({ kind: "failed", problem: code === "ECONNRESET" ? "closed" : "handshake", code, text: message }),
  );
  socket.once("close", () =>
    resolve({ kind: "failed", problem: "closed", code: "ECONNRESET", text: "the server closed the connection" }),
  );
  const secured = await promise;
  clearTimeout(timer);
  return secured;
}

function tlsSeen(socket: TLSSocket, host: string): TlsSeen {
  const own = socket.getPeerX509Certificate();
  // a code or an Error, whatever the types say
  const error = socket.authorizationError as string | NodeJS.ErrnoException | null;
  const code = error instanceof Error ? (error.code ?? error.message) : (error ?? "");
  const isDistrusted = !socket.authorized && code !== "CERT_HAS_EXPIRED" && code !== "CERT_NOT_YET_VALID";
  return {
    version: socket.getProtocol() ?? "TLS",
    cipher: socket.getCipher().standardName,
    chain: certificatesOf(own),
    isForHost: own !== undefined && isForHost(own, host),
    ...(isDistrusted && { distrust: { code, text: code.toLowerCase().replaceAll("_", " ") } }),
  };
}

const longestChain = 8;

/** The library links issuers; a self-signed one is its own. */
function certificatesOf(peer: X509Certificate | undefined): CertificateSeen[] {
  const chain: CertificateSeen[] = [];
  const seen = new Set<string>();
  let next = peer;
  while (next !== undefined && !seen.has(next.fingerprint256) && chain.length < longestChain) {
    seen.add(next.fingerprint256);
    chain.push(certificateSeen(next));
    next = next.issuerCertificate;
  }
  return chain;
}

function certificateSeen(certificate: X509Certificate): CertificateSeen {
  const names = (certificate.subjectAltName ?? "")
    .split(/,\s*/)
    .flatMap((name) => /^DNS:"?([^"]+)"?$/.exec(name)?.[1] ?? []);
  return {
    subject: nameIn(certificate.subject),
    issuer: nameIn(certificate.issuer),
    names,
    validFrom: Date.parse(certificate.validFrom),
    validTo: Date.parse(certificate.validTo),
    raw: certificate.raw,
    publicKey: publicKeyIn(certificate),
  };
}

/** Empty: of a kind that the library does not know. */
function publicKeyIn(certificate: X509Certificate): Buffer {
  try {
    return certificate.publicKey.export({ type: "spki", format: "der" });
  } catch {
    return Buffer.alloc(0);
  }
}

/** The common name or the organization of a distinguished name, one part on a line. */
const nameIn = (name = ""): string =>
  /^O=(.+)$/m.exec(name)?.[1] ?? /^CN=(.+)$/m.exec(name)?.[1] ?? name.replaceAll("\n", ", ");
