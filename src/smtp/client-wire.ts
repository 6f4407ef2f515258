// What the client script needs of a connection. Sockets implement it in deliver/, tests in memory.
import type { TlsFacts } from "../mail/client.ts";
import type { Failure, RemoteHost, Stage } from "../mail/failure.ts";
import type { Reply } from "../mail/reply.ts";

export interface Wire {
  readonly host: RemoteHost;
  readonly tls: TlsFacts | undefined;
  /** Neither side has closed it. */
  readonly isOpen: boolean;
  /** Open, and nothing came that nobody asked for: good for another transaction. */
  readonly isQuiet: boolean;
  /**
   * Writes; what is sent in one go may leave together. A promise means: wait before writing more; it rejects with a `silent` SessionFailure when the peer takes
   * nothing for `timeoutMs`. A closed wire swallows the bytes: what the peer said before is still to be read.
   */
  send(bytes: string | Uint8Array, stage: Stage, timeoutMs: number): Promise<void> | undefined;
  /** The next reply; a promise if it has not come yet. Rejects with a SessionFailure: `lost`, `silent` or `not-smtp`. */
  reply(stage: Stage, timeoutMs: number): Reply | Promise<Reply>;
  /** The handshake; then `tls` is set. Rejects with a `tls` SessionFailure. */
  startTls(how: { readonly verify: boolean; readonly timeoutMs: number }): Promise<void>;
  /** At once, without QUIT. */
  close(): void;
}

/** The session cannot go on; the failure holds for every recipient that is not settled. */
export class SessionFailure extends Error {
  override readonly name = "SessionFailure";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.kind);
    this.failure = failure;
  }
}
