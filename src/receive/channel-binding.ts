// What a login can be bound to, so that nobody who sits between two TLS connections can pass it on. RFC 5056
import { createHash, type X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ChannelBindingData } from "../smtp/sasl/exchange.ts";

/** Of our side of the connection. */
export function channelBindingOf(wire: TLSSocket): ChannelBindingData {
  const data = new Map<string, Uint8Array>();
  // RFC 9266 §4: before TLS 1.3 only with an extension, of which Node.js does not tell whether it is in use
  if (wire.getProtocol() === "TLSv1.3")
    data.set("tls-exporter", wire.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)));
  const endPoint = endPointOf(wire.getX509Certificate());
  if (endPoint !== undefined) data.set("tls-server-end-point", endPoint);
  return data;
}

/**
 * The certificate's hash, by the algorithm of its signature, but by none weaker than SHA-256; undefined where that names
 * no hash of its own (Ed25519). RFC 5929 §4.1
 */
export function endPointOf(certificate: X509Certificate | undefined): Uint8Array | undefined {
  const hash = /(?:md5|sha(?:1|224|256|384|512))(?!\d)/i.exec(certificate?.signatureAlgorithm ?? "")?.[0].toLowerCase();
  if (certificate === undefined || hash === undefined) return undefined;
  return createHash(hash === "md5" || hash === "sha1" ? "sha256" : hash)
    .update(certificate.raw)
    .digest();
}
