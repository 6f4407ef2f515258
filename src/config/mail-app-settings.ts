// What mail apps are told about this server: [mail_apps], and the listeners for submission.
import { getDomain } from "tldts";
import type { AppSettings, ForAddress, ServerSettings } from "../autoconfig/settings.ts";
import type { Config } from "./schema.ts";

/**
 * Settings for an address at one of our domains (`appDomains`). Undefined: nothing is offered. Not always whole: who offers
 * no mailboxes has no incoming server.
 */
export function ownSettings(
  { mail_apps: apps, listen }: Pick<Config, "mail_apps" | "listen">,
  hostname: string,
  { localPart, domain }: ForAddress,
): AppSettings | undefined {
  const { imap, pop3, smtp } = apps;
  const username = apps.username === "address" ? `${localPart}@${domain}` : localPart;
  const serversAt = (protocol: ServerSettings["protocol"], places: readonly Place[]): ServerSettings[] =>
    places.map((place) => ({ protocol, ...place, username, logins: apps.login }));
  const incoming = [...serversAt("imap", imap ? [imap] : []), ...serversAt("pop3", pop3 ? [pop3] : [])];
  const outgoing = serversAt("smtp", smtp ?? submissionPlaces(listen, hostname));
  if (incoming.length + outgoing.length === 0) return undefined;
  return { name: apps.name ?? getDomain(hostname) ?? hostname, incoming, outgoing, pages: [] };
}

type Place = NonNullable<Config["mail_apps"]["imap"]>;

/** RFC 8314 §3.3: TLS from the first byte comes first. What is without TLS stands behind something that apps see instead. */
function submissionPlaces(listen: Config["listen"], hostname: string): Place[] {
  const host = hostname.toLowerCase();
  return (["implicit", "starttls"] as const).flatMap((wanted) => {
    const ports = listen
      .filter(({ tls, for: whom, address }) => whom === "submission" && tls === wanted && address.port !== 0)
      .map(({ address }) => address.port);
    // the same port on several addresses is one place
    const security = wanted === "implicit" ? "tls" : "starttls";
    return [...new Set(ports)].map((port) => ({ host, port, security }));
  });
}

/** The domains that people have mailboxes at; of `relay`, the mailboxes are on another server. */
export const appDomains = ({ domain }: Pick<Config, "domain">): string[] =>
  domain.filter(({ deliver }) => deliver !== "relay").map(({ name }) => name);
