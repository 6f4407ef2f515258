// What a person typed into a mail app: read from the command line, and written as people read it.
import type { AppProtocol, Security, ServerSettings } from "../../autoconfig/settings.ts";
import { parseDomain } from "../../mail/address.ts";
import { securityNames, securityOfPort, type ServerPlace, usualPlaces } from "../server/place.ts";
import { serverProtocolOf } from "./guess.ts";

/** As apps call them. */
const securities: Readonly<Record<string, Security>> = {
  tls: "tls",
  ssl: "tls",
  "ssl-tls": "tls",
  starttls: "starttls",
  none: "none",
  plain: "none",
};

/** "imap.example.org:993/tls", with or without port and security; undefined: it is not one. */
export function readTyped(protocol: AppProtocol, text: string): ServerSettings | undefined {
  const [, name = "", portText, securityNames] = /^([^:/\s]+)(?::(\d{1,5}))?(?:\/([a-z-]+))?$/i.exec(text.trim()) ?? [];
  const host = parseDomain(name);
  const said = securityNames === undefined ? undefined : securities[securityNames.toLowerCase()];
  if (host === undefined || (securityNames !== undefined && said === undefined)) return undefined;
  const usual = usualPlaces[serverProtocolOf(protocol)];
  const port =
    portText === undefined ? (usual.find(({ security }) => security === said) ?? usual[0]!).port : Number(portText);
  if (port < 1 || port > 65_535) return undefined;
  return { protocol, host, port, security: said ?? securityOfPort(port), logins: [] };
}

/** "IMAP imap.example.org:993 (SSL/TLS)" */
export const serverText = ({ protocol, host, port, security }: ServerSettings): string =>
  `${protocol.toUpperCase()} ${host}:${port} (${securityNames[security]})`;

type Reached = Pick<ServerPlace, "host" | "port" | "security">;

export const sameServer = (a: Reached, b: Reached): boolean =>
  a.host === b.host && a.port === b.port && a.security === b.security;

/** As a person would say it: "port 465 without TLS". */
export const placeWords = ({ port, security }: Pick<ServerSettings, "port" | "security">): string =>
  `port ${port} with${security === "none" ? "out TLS" : ` ${securityNames[security]}`}`;

export type Setting = "host" | "port" | "security";

export interface Difference {
  readonly setting: Setting;
  readonly from: string;
  readonly to: string;
}

/** What has to be set to something else; the user name is told by the login. */
export function differencesOf(server: Reached, should: Reached): Difference[] {
  const all: readonly Difference[] = [
    { setting: "host", from: server.host, to: should.host },
    { setting: "port", from: String(server.port), to: String(should.port) },
    { setting: "security", from: securityNames[server.security], to: securityNames[should.security] },
  ];
  return all.filter(({ from, to }) => from !== to);
}
