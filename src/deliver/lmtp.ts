// LMTP: SMTP's dialogue with a mail store on this machine or next to it. RFC 2033.
import type { Hop } from "../mail/hop.ts";
import type { Destination } from "./dial.ts";

export function lmtpDestination({ to }: Hop & { kind: "lmtp" }): Destination {
  const target = "path" in to ? { host: { name: to.path }, path: to.path } : { host: { name: to.host, port: to.port } };
  return { protocol: "lmtp", targets: [target], tls: "never", implicitTls: false };
}
