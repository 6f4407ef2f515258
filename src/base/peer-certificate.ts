// The certificate of a TLS server, asked for in a way that does no harm: the library's older form, getPeerCertificate(), for which
// tls.connect() itself asks, ends the whole process when some issuer's key is on a curve without a NIST name, such as secp256k1.
import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";

/** For each TLS client, right after connecting; its `checkServerIdentity` has to be the one below, or one that looks at nothing. */
export function sparing(socket: TLSSocket): TLSSocket {
  const ask = socket.getPeerX509Certificate.bind(socket);
  let answer: X509Certificate | undefined; // it is told once only
  socket.getPeerX509Certificate = () => (answer ??= ask());
  socket.getPeerCertificate = () => socket.getPeerX509Certificate() as never;
  return socket;
}

/** For tls.connect(): whether the certificate, in its newer form, is for this host. RFC 9525 §6 */
export function checkServerIdentity(host: string, peer: PeerCertificate): Error | undefined {
  const certificate = peer as unknown as X509Certificate | undefined;
  if (certificate !== undefined && isForHost(certificate, host)) return undefined;
  const names = certificate?.subjectAltName ?? "nobody";
  const error = new Error(`the certificate is not for ${host}, but for ${names}`);
  return Object.assign(error, { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
}

export const isForHost = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
