// A certificate that the server makes for itself, so that it can encrypt before anyone bought it one. RFC 5280 §4.1.
import type { Instant } from "../base/world.ts";

/** How long a certificate of our own is valid. */
export const selfSignedMs = 2 * 365 * 86_400_000;

/** A new private key and a certificate for `hostname`, as one PEM text. */
export async function selfSigned(hostname: string, now: Instant): Promise<string> {
  const { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } = await loadX509();
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // RFC 5280 §A.1: a common name has 64 characters at most; the alternative name is the one that counts
    name: [{ CN: [hostname.slice(0, 64)] }],
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore: new Date(now - 86_400_000), // clocks of peers run late
    notAfter: new Date(now + selfSignedMs),
    extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: hostname }])],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return `${key}\n${certificate.toString("pem")}\n`;
}

/** Loaded only when a certificate is made; it leans on the metadata polyfill. */
async function loadX509() {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
