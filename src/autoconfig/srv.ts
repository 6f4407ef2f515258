// SRV records that lead mail apps to servers. RFC 2782, RFC 6186, RFC 8314 §5.1.
import { parseDomain } from "../mail/address.ts";
import type { AppProtocol, AppSettings, Security, ServerSettings } from "./settings.ts";

/** As the resolver gives them: the target without the trailing dot; "" is the root: not offered. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

interface SrvService {
  /** "_imaps._tcp" */
  readonly service: string;
  readonly protocol: AppProtocol;
  readonly security: Security;
}

/** RFC 8314 §5.1: TLS from the first byte before STARTTLS; IMAP before POP3. */
const srvServices: readonly SrvService[] = [
  { service: "_imaps._tcp", protocol: "imap", security: "tls" },
  { service: "_imap._tcp", protocol: "imap", security: "starttls" },
  { service: "_pop3s._tcp", protocol: "pop3", security: "tls" },
  { service: "_pop3._tcp", protocol: "pop3", security: "starttls" },
  { service: "_submissions._tcp", protocol: "smtp", security: "tls" },
  { service: "_submission._tcp", protocol: "smtp", security: "starttls" },
];

const srvName = ({ service }: SrvService, domain: string): string => `${service}.${domain}`;

/** "_imaps._tcp.example.org", … to be asked for. */
export const srvNames = (domain: string): string[] => srvServices.map((service) => srvName(service, domain));

/**
 * `found`: the records by the names of `srvNames`. They say nothing of user names: an app tries the whole address, then what
 * stands before the @ (RFC 6186 §4).
 */
export function settingsFromSrv(domain: string, found: ReadonlyMap<string, readonly SrvRecord[]>): AppSettings {
  const offered = srvServices.flatMap((service) =>
    (found.get(srvName(service, domain)) ?? [])
      .toSorted((a, b) => b.weight - a.weight)
      .flatMap((record) => {
        const server = serverOf(service, record);
        return server === undefined ? [] : [{ server, priority: record.priority }];
      }),
  );
  // RFC 6186 §3.4: priorities count across services, too. Equal ones stay in the order of `srvServices`.
  const servers = offered.toSorted((a, b) => a.priority - b.priority).map(({ server }) => server);
  return {
    incoming: servers.filter(({ protocol }) => protocol !== "smtp"),
    outgoing: servers.filter(({ protocol }) => protocol === "smtp"),
    pages: [],
  };
}

/** RFC 2782, RFC 6186 §3.4: the target "." says that there is no such service. */
function serverOf({ protocol, security }: SrvService, { target, port }: SrvRecord): ServerSettings | undefined {
  const host = parseDomain(target.replace(/\.$/, ""));
  return host === undefined || port === 0 ? undefined : { protocol, host, port, security, logins: [] };
}

interface SrvText {
  /** In full, without the trailing dot. */
  readonly name: string;
  readonly type: "SRV";
  /** "0 1 993 imap.example.org"; "0 0 0 ." */
  readonly value: string;
}

/** Records to publish for a domain. Services that are not offered say so, which spares apps to guess. */
export function srvRecords({ incoming, outgoing }: AppSettings, domain: string): SrvText[] {
  return srvServices.flatMap((service) => {
    const name = srvName(service, domain);
    const texts = [incoming, outgoing].flatMap((servers) =>
      servers.flatMap(({ protocol, security, port, host }, place) =>
        protocol === service.protocol && security === service.security ? [`${place * 10} 1 ${port} ${host}`] : [],
      ),
    );
    return (texts.length > 0 ? texts : ["0 0 0 ."]).map((value) => ({ name, type: "SRV" as const, value }));
  });
}
