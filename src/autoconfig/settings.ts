// The settings of a mail app for one mailbox, as a person would type them: which servers, ports, security, user name. What
// autoconfig, Autodiscover, profiles and SRV records say in their own ways is all this.

/** `tls`: TLS from the first byte ("SSL/TLS"). RFC 8314 §3 */
export type Security = "tls" | "starttls" | "none";

/** `smtp`: submission, RFC 6409. */
export type AppProtocol = "imap" | "pop3" | "smtp";

/**
 * `password`: in clear text, inside TLS; `encrypted`: CRAM-MD5 or SCRAM; `kerberos`: GSSAPI or NTLM, as in a Windows domain;
 * `none`: no login, as in a company's own network.
 */
export type AppLogin = "password" | "encrypted" | "oauth2" | "kerberos" | "client-certificate" | "none";

/** RFC 8314 §3.2, §3.3, §7.3; RFC 6409 §3.1 */
export const usualPorts = {
  imap: { tls: 993, starttls: 143 },
  pop3: { tls: 995, starttls: 110 },
  smtp: { tls: 465, starttls: 587 },
} as const satisfies Readonly<Record<AppProtocol, unknown>>;

export interface ServerSettings {
  readonly protocol: AppProtocol;
  /** In lower case. */
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  /** As it is typed: "ann@example.org", "ann"; undefined: nothing says it. */
  readonly username?: string;
  /** The best first; empty: nothing says it. */
  readonly logins: readonly AppLogin[];
  /** Nobody else reaches it, whatever they log in with: the provider says so. */
  readonly fromItsNetworkOnly?: true;
}

export interface AppSettings {
  /** Of the mail provider, for people. */
  readonly name?: string;
  /** The best first, each of them complete. */
  readonly incoming: readonly ServerSettings[];
  readonly outgoing: readonly ServerSettings[];
  /** Pages for people: how to set it up, where to turn it on. */
  readonly pages: readonly { readonly url: string; readonly text?: string }[];
}

/** For what address settings are asked. */
export interface ForAddress {
  readonly localPart: string;
  readonly domain: string;
}

/** What a reader makes of a file or an answer. */
export type Read =
  /** `skipped`: why a part of it is of no use, each a sentence. */
  | { readonly kind: "settings"; readonly settings: AppSettings; readonly skipped: readonly string[] }
  /** `why`: in sentences. */
  | { readonly kind: "unreadable"; readonly why: string };

/** An account needs both: without, no file is made for apps. */
export const isWhole = ({ incoming, outgoing }: AppSettings): boolean => incoming.length > 0 && outgoing.length > 0;
