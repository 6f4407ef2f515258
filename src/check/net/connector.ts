// The port through which checks reach servers: a connection of lines of text, for SMTP, IMAP and POP3, that can be secured.
// Nothing here rejects: what fails is what a check wants to tell of.
import type { Instant } from "../../base/world.ts";

export interface Place {
  /** The name by which it is looked for: for SNI and for the certificate. */
  readonly host: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** `refused`: nobody listens; `no-route`: our own network cannot reach it. */
export type ConnectProblem = "refused" | "timeout" | "no-route" | "reset" | "other";

export type Connected =
  | { readonly kind: "open"; readonly line: Line }
  | { readonly kind: "failed"; readonly problem: ConnectProblem; readonly text: string };

export interface Connector {
  connect(to: Place, limit: ConnectLimit): Promise<Connected>;
}

export interface ConnectLimit {
  readonly timeoutMs: number;
  /** Closes what was opened, too. */
  readonly signal: AbortSignal;
}

export type Read =
  | { readonly kind: "line"; readonly text: string }
  /** `unread`: what came and is no whole line, as when the other side speaks TLS. */
  | {
      readonly kind: "ended";
      readonly because: "closed" | "silent" | "failed";
      readonly text: string;
      readonly unread: string;
    };

export interface Line {
  readonly place: Place;
  /** The next line without its line end; octets as latin1 where they are no UTF-8. */
  read(timeoutMs: number): Promise<Read>;
  write(text: string): void;
  /** TLS from here on; for implicit TLS right after connecting. */
  secure(how: SecureHow): Promise<Secured>;
  close(): void;
}

export interface SecureHow {
  readonly timeoutMs: number;
  /** `any`: versions that are not safe any more, too, to see what the other side has. */
  readonly versions: "safe" | "any";
}

export type Secured =
  | { readonly kind: "secured"; readonly tls: TlsSeen }
  | {
      readonly kind: "failed";
      readonly problem: "handshake" | "timeout" | "closed";
      readonly code: string;
      readonly text: string;
    };

export interface TlsSeen {
  /** "TLSv1.3" */
  readonly version: string;
  readonly cipher: string;
  /** The server's first, as far as they could be linked. */
  readonly chain: readonly CertificateSeen[];
  /** Why no authority that we know vouches for it; its time and name are not meant. */
  readonly distrust?: { readonly code: string; readonly text: string };
  /** The certificate is for this place's host. */
  readonly isForHost: boolean;
}

export interface CertificateSeen {
  readonly subject: string;
  readonly issuer: string;
  /** DNS names it is for. */
  readonly names: readonly string[];
  readonly validFrom: Instant;
  readonly validTo: Instant;
  /** DER; of the public key, its SubjectPublicKeyInfo. */
  readonly raw: Buffer;
  readonly publicKey: Buffer;
}
