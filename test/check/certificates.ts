// Certificates for the lab: an authority that its checks trust, and what it, or nobody, vouches for.
import type { webcrypto } from "node:crypto";
import type { X509Certificate } from "@peculiar/x509";

await import("reflect-metadata"); // the library leans on it
const x509 = await import("@peculiar/x509");

const day = 86_400_000;

export interface Authority {
  /** PEM. */
  readonly pem: string;
  /** Key and certificate in one PEM text. */
  issue(wanted: Wanted): Promise<string>;
}

interface Wanted {
  readonly names: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;
const makeKeys = () => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const pemOf = async (key: webcrypto.CryptoKey, certificate: X509Certificate): Promise<string> => {
  const exported = await crypto.subtle.exportKey("pkcs8", key);
  return `${x509.PemConverter.encode(exported, "PRIVATE KEY")}\n${certificate.toString("pem")}\n`;
};

const validity = ({ from = -1, to = 90 }: Wanted, now: number) => ({
  notBefore: new Date(now + from * day),
  notAfter: new Date(now + to * day),
});

export async function authority(now: number, name = "Lab Authority"): Promise<Authority> {
  const keys = await makeKeys();
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: signing,
    ...validity({ names: [], from: -1_000, to: 1_000 }, now),
    extensions: [new x509.BasicConstraintsExtension(true)],
  });
  return {
    pem: own.toString("pem"),
    async issue(wanted) {
      const { privateKey, publicKey } = await makeKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject: `CN=${wanted.names[0]}`,
        issuer: own.subject,
        publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: signing,
        ...validity(wanted, now),
        extensions: [namesOf(wanted)],
      });
      return pemOf(privateKey, certificate);
    },
  };
}

const namesOf = ({ names }: Wanted) =>
  new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: "dns", value })));

export async function selfSigned(wanted: Wanted, now: number): Promise<string> {
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${wanted.names[0]}`,
    keys,
    signingAlgorithm: signing,
    ...validity(wanted, now),
    extensions: [namesOf(wanted)],
  });
  return pemOf(keys.privateKey, certificate);
}
