// SMTP: each address of each host of the hop, in order. RFC 5321 §5.1.
import type { Hop } from "../mail/hop.ts";
import type { Destination } from "./dial.ts";

export function smtpDestination({ hosts, tls, implicitTls, credentials }: Hop & { kind: "smtp" }): Destination {
  const targets = hosts.flatMap(({ name, addresses, port }) =>
    addresses.map((address) => ({ host: { name, address, port } })),
  );
  return { protocol: "smtp", targets, tls, implicitTls, ...(credentials && { credentials }) };
}
