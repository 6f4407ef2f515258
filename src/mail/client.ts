// Who stands at the other end of a session, as far as we know.

export interface TlsFacts {
  /** "TLSv1.3" */
  readonly version: string;
  /** IANA name of the cipher suite */
  readonly cipher: string;
}

export interface Client {
  /** IPv4 or IPv6 in text, without brackets; IPv4-mapped IPv6 is written as IPv4. */
  readonly address: string;
  readonly port: number;
  /** Argument of EHLO or HELO; absent before it. */
  readonly helloName?: string;
  /** RFC 3848: which protocol word goes into `Received: … with`. */
  readonly protocol: "SMTP" | "ESMTP" | "LMTP" | "LOCAL";
  readonly tls?: TlsFacts;
  /** Who logged in. RFC 4954 */
  readonly account?: string;
  /** Reverse name, when XCLIENT or a look-up told it. */
  readonly name?: string;
}
