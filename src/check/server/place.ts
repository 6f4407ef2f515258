// Which server is asked, and in which way: protocol, port and security belong together. RFC 8314 §3, §7.3.
import type { Security } from "../../autoconfig/settings.ts";

/** `smtp`: between servers, port 25; `submission`: for mail apps. */
export type ServerProtocol = "smtp" | "submission" | "imap" | "pop3";

export interface ServerPlace {
  readonly protocol: ServerProtocol;
  /** A name in lower case, or an address. */
  readonly host: string;
  readonly port: number;
  readonly security: Security;
}

type Usual = Pick<ServerPlace, "port" | "security">;

/** The best first. */
export const usualPlaces: Readonly<Record<ServerProtocol, readonly Usual[]>> = {
  imap: [
    { port: 993, security: "tls" },
    { port: 143, security: "starttls" },
  ],
  pop3: [
    { port: 995, security: "tls" },
    { port: 110, security: "starttls" },
  ],
  submission: [
    { port: 465, security: "tls" },
    { port: 587, security: "starttls" },
  ],
  smtp: [{ port: 25, security: "starttls" }],
};

/** Whose usual port it is. */
export const protocolOfPort = (port: number): ServerProtocol | undefined =>
  serverProtocols.find((protocol) => usualPlaces[protocol].some((usual) => usual.port === port));

export const serverProtocols = Object.keys(usualPlaces) as readonly ServerProtocol[];

/** What a port stands for; on an unusual one STARTTLS is looked for. */
export const securityOfPort = (port: number): Security =>
  Object.values(usualPlaces)
    .flat()
    .find((usual) => usual.port === port)?.security ?? "starttls";

/** "imap.example.org [192.0.2.1]:993", or without the address. */
export const placeText = ({ host, port }: Pick<ServerPlace, "host" | "port">, address?: string): string =>
  address === undefined || address === host ? `${host}:${port}` : `${host} [${address}]:${port}`;

/** A server of mail apps; for the others, other servers are the clients. */
export const isForApps = ({ protocol }: Pick<ServerPlace, "protocol">): boolean => protocol !== "smtp";

/** As mail apps call them. */
export const securityNames: Readonly<Record<Security, string>> = {
  tls: "SSL/TLS",
  starttls: "STARTTLS",
  none: "no encryption",
};

export const protocolNames = { smtp: "SMTP", submission: "SMTP", imap: "IMAP", pop3: "POP3" } as const satisfies Record<
  ServerProtocol,
  string
>;
