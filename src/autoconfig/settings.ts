// The settings of a mail app for one mailbox, as a person would type them: which servers, ports, security, user name. What
// autoconfig, Autodiscover, profiles and SRV records say in their own ways is all this.

/** `tls`: TLS from the first byte ("SSL/TLS"). RFC 8314 §3 */
export type Security = "tls" | "starttls" | "none";

/** `smtp`: submission, RFC 6409. */
export type AppProtocol = "imap" | "pop3" | "smtp";

/** `password`: in clear text, inside TLS; `encrypted`: CRAM-MD5 or SCRAM; `none`: no login, as in a company's own network. */
export type AppLogin = "password" | "encrypted" | "oauth2" | "kerberos" | "client-certificate" | "none";

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
