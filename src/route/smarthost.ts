// The next hop that a route rule names, instead of the recipient's MX. RFC 5321 §5.1 does not apply to it.
import { isIPv6 } from "node:net";
import type { Resolver } from "../dns/resolver.ts";
import type { Failure } from "../mail/failure.ts";
import type { Routing } from "../mail/hop.ts";
import type { HostAddresses, IpSetting } from "./addresses.ts";
import { hostAddresses } from "./addresses.ts";
import type { Route } from "./rules.ts";

/** Finds the smarthost's addresses anew each time. Never rejects. */
type Smarthost = (by: { readonly resolver: Resolver; readonly ip: IpSetting }) => Promise<Routing>;

/** `readSecret` gives a file's content. Throws, with words, when the password cannot be had. */
export function createSmarthost(route: Route, readSecret: (path: string) => string): Smarthost {
  const { host, port, tls, implicit_tls: implicitTls, username } = route;
  const credentials =
    username === undefined ? {} : { credentials: { username, password: password(route, readSecret) } };
  // Whatever tells two hops to one host apart is part of the site: connections of a site are shared.
  const site = [
    `smarthost ${isIPv6(host) ? `[${host}]` : host}:${port}`,
    implicitTls ? `${tls} implicit` : tls,
    ...(username === undefined ? [] : [`as ${username}`]),
  ].join(" ");

  return async ({ resolver, ip }) => {
    const found = await hostAddresses(host, resolver, ip);
    if (found.kind === "failed") return { kind: "failed", because: withoutAddress(host, found) };
    const hosts = [{ name: host, addresses: found.addresses, port }];
    return { kind: "hop", hop: { kind: "smtp", site, hosts, tls, implicitTls, ...credentials } };
  };
}

/** A rule's host that does not exist is a mistake of the operator's: mail waits until it is mended, it is not bounced. */
function withoutAddress(host: string, { problem }: Extract<HostAddresses, { kind: "failed" }>): Failure {
  switch (problem) {
    case "server-failure":
    case "timeout":
      return { kind: "dns", problem, name: host, query: "A/AAAA" };
    case "no-such-domain":
    case "no-data":
      return {
        kind: "internal",
        text: `the route's host ${host} has no address in DNS; correct "host" in its [[route]] section, or the host's DNS records`,
      };
  }
}

function password({ host, password, password_file: file }: Route, readSecret: (path: string) => string): string {
  if (file === undefined) return password ?? "";
  try {
    return readSecret(file).split(/\r?\n/, 1)[0]!;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `The password of the route with host = "${host}" cannot be read (${why}). Correct "password_file", or let this server's user read the file.`,
      { cause: error },
    );
  }
}
