// Who asks, and how: what the connection says, and what a web server in front of us says of its client.
import { canonicalAddress, isLoopback, type Networks } from "../base/networks.ts";

export interface Visit {
  /** Of the client, or "" when it is gone. */
  readonly address: string;
  /** HTTPS all the way to the client, as far as we know. */
  readonly isSecure: boolean;
}

/** What the pages of the web server are given with each request. */
export interface WebEnvironment {
  readonly Bindings: { readonly visit: Visit };
}

/** What a listener is for; `behind-proxy`: HTTPS ends in front of it. */
export type ListenerKind = "https" | "behind-proxy" | "http";

interface Peer {
  readonly address: string | undefined;
  readonly listener: ListenerKind;
  /** X-Forwarded-For, X-Forwarded-Proto */
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
}

/** Only `proxies` are believed. */
export function visitOf(
  { address: written = "", listener, forwardedFor, forwardedProto }: Peer,
  proxies: Networks,
): Visit {
  const address = canonicalAddress(written) ?? "";
  if (!proxies.has(address)) {
    const isSecure = listener === "https" || (listener === "behind-proxy" && isLoopback(address));
    return { address, isSecure };
  }
  const proto = lastOf(forwardedProto)?.toLowerCase() ?? (listener === "http" ? "http" : "https");
  return { address: clientOf(forwardedFor, proxies) ?? address, isSecure: proto === "https" };
}

const partsOf = (field = ""): string[] =>
  field
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const lastOf = (field: string | undefined): string | undefined => partsOf(field).at(-1);

/** Each proxy appends whom it saw: what stands before the first stranger from the right may be made up. */
function clientOf(field: string | undefined, proxies: Networks): string | undefined {
  const seen = partsOf(field).map((part) =>
    canonicalAddress(part.replace(/^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/, "$1$2")),
  );
  return seen.findLast((address) => address === undefined || !proxies.has(address));
}
