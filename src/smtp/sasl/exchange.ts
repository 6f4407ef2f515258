// One login as a state machine: the client's responses in, challenges and an outcome out. RFC 4422 §3, RFC 4954 §4.
import type { Reply } from "../../mail/reply.ts";

export type SaslOutcome =
  | { readonly kind: "challenge"; readonly bytes: Uint8Array }
  | { readonly kind: "accepted"; readonly account: string }
  /** For the log: what hindered us, and whose login it would have been, if there is such an account. */
  | { readonly kind: "refused"; readonly reply: Reply; readonly trouble?: string; readonly account?: string };

export interface SaslExchange {
  /** `response`: the client's, decoded; undefined when AUTH came without one. Not to be called after an outcome. */
  step(response: Uint8Array | undefined): Promise<SaslOutcome>;
}

/**
 * What TLS can bind a login to, so that nobody in between can use it elsewhere (RFC 5056), by the type's name:
 * tls-exporter (RFC 9266), tls-server-end-point (RFC 5929 §4).
 */
export type ChannelBindingData = ReadonlyMap<string, Uint8Array>;

export const challenge = (text: string): SaslOutcome => ({ kind: "challenge", bytes: Buffer.from(text) });
