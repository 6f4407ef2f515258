// Who may log in: the port that the mechanisms ask. Its drivers know the accounts; a file, Dovecot, a token's issuer.
import type { Client } from "../../mail/client.ts";

/** What SCRAM-SHA-256 keeps of a password. RFC 5802 §3, RFC 7677 */
export interface ScramSecret {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** `account` of a failure: whose login it would have been, for the operator; only if there is such an account. */
export type LoginResult =
  | { readonly kind: "accepted"; readonly account: string }
  /** Wrong name or wrong secret: which of them is nobody's business. */
  | { readonly kind: "refused"; readonly account?: string }
  /** Nothing could be found out. `because`: for the log. */
  | { readonly kind: "unavailable"; readonly because: string }
  /** Too many failures of this account or from this address. */
  | { readonly kind: "limited"; readonly retryAfterMs: number; readonly account?: string };

export interface Credentials {
  /** What can be checked at all: without tokens no OAUTHBEARER is offered, without SCRAM secrets (Dovecot) no SCRAM. */
  readonly kinds: readonly ("password" | "scram" | "token")[];
  /** Both are prepared (saslprep.ts). */
  checkPassword(user: string, password: string, client: Client): Promise<LoginResult>;
  /** Undefined: no such account. */
  scramSecret(user: string, client: Client): Promise<ScramSecret | undefined>;
  checkToken(token: string, user: string | undefined, client: Client): Promise<LoginResult>;
  /** Of a SCRAM exchange, which is not ended by checkPassword: so that failures are counted there, too. */
  ended(user: string, client: Client, succeeded: boolean): Promise<LoginResult>;
}

/**
 * Of new SCRAM secrets, and of those that are made up for names that nobody has: they must not differ. RFC 7677 §4 asks
 * for 4,096 iterations at least; 200,000 take a stolen file's thief 50 times as long, and a phone 300 ms.
 */
export const scramDefaults = { iterations: 200_000, saltBytes: 16 } as const;
