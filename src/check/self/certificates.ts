// The certificates that we show: [tls], [[web_certificate]], or the one of our own. RFC 5280 §6, RFC 8314 §5.1.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { certificateProblems } from "../domain/tls.ts";
import { act, type Level } from "../finding.ts";
import type { CertificateSeen, TlsSeen } from "../net/connector.ts";
import type { Asked } from "../run.ts";
import { isLoopback, quickCheck, type QuickTools, say, setting } from "./question.ts";

interface Pair {
  readonly certificate: string;
  readonly key: string;
  /** The name that it must be for; undefined: any. */
  readonly host?: string;
  /** Of what makes people's mail apps and browsers turn away. */
  readonly level?: Level;
}

export const certificates = quickCheck({
  name: "certificates",
  async run(asked) {
    const { config, hostname } = asked.tools.question;
    const { tls, web_certificate: ofWeb, listen } = config;
    const encrypted = listen.filter((one) => one.tls !== "none" && !isLoopback(one.address.host));
    const isForApps = encrypted.some((one) => one.for === "submission");
    const level = isForApps ? { level: "error" as const } : {};
    if (tls.certificate !== undefined && tls.key !== undefined)
      await tellOf({ certificate: tls.certificate, key: tls.key, host: hostname, ...level }, asked);
    else if (encrypted.length > 0) {
      const changes = [
        act("certificate-by-authority"),
        setting(asked.tools.question, "certificate and key in [tls]", { to: "the two files that it comes as" }),
      ];
      say(asked, "tls.self-signed", { about: hostname, ...level, changes });
    }
    for (const pair of ofWeb) await tellOf({ ...pair, level: "error" }, asked);
  },
});

async function tellOf(pair: Pair, asked: Asked<QuickTools>): Promise<void> {
  const { machine, world, question } = asked.tools;
  const about = resolve(pair.certificate);
  const [pem, key] = await Promise.all([machine.read(pair.certificate), machine.read(pair.key)]);
  const problem = pem === undefined || key === undefined ? unread(pair, pem) : unfit(pem, key);
  if (problem !== undefined || pem === undefined)
    return say(asked, "certificate.unusable", {
      about,
      values: { problem },
      changes: [act("mend-certificate", { certificate: about, key: resolve(pair.key) })],
    });
  const chain = certificatesIn(pem);
  const [own] = chain;
  const host = pair.host ?? own?.subjectAltName?.replace(/^DNS:([^,]+).*$/s, "$1") ?? question.hostname;
  const seen = seenOf(chain, host, machine.authorities());
  const now = world.now();
  const problems = certificateProblems(seen, { host, now });
  for (const { id, values, changes } of problems) {
    const level = id === "tls.expires-soon" ? {} : pair.level === undefined ? {} : { level: pair.level };
    say(asked, id, { about, ...level, values: { host, ...values }, changes });
  }
  const [first] = seen.chain;
  if (problems.length > 0 || first === undefined) return;
  const days = Math.floor((first.validTo - now) / 86_400_000);
  say(asked, "certificate.good", { about, values: { names: first.names.join(", "), issuer: first.issuer, days } });
}

const unread = ({ certificate, key }: Pair, pem: Buffer | undefined): string =>
  `${resolve(pem === undefined ? certificate : key)} cannot be read`;

/** Why they cannot be used together. */
function unfit(pem: Buffer, key: Buffer): string | undefined {
  try {
    const certificate = new X509Certificate(pem);
    return certificate.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : "the key does not belong to the certificate";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const certificatesIn = (pem: Buffer): X509Certificate[] =>
  [...pem.toString("latin1").matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(
    ([text]) => new X509Certificate(text),
  );

/** As a client would see it that gets all of the file. */
function seenOf(chain: readonly X509Certificate[], host: string, authorities: readonly string[]): TlsSeen {
  const [own] = chain;
  const distrust = distrustOf(chain, authorities);
  return {
    version: "",
    cipher: "",
    chain: chain.map(certificateSeen),
    isForHost: own?.checkHost(host) !== undefined,
    ...(distrust !== undefined && { distrust: { code: "", text: distrust } }),
  };
}

const certificateSeen = (one: X509Certificate): CertificateSeen => ({
  subject: one.subject.replaceAll("\n", ", "),
  issuer: one.issuer.replaceAll("\n", ", "),
  names: (one.subjectAltName ?? "").split(", ").flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : [])),
  validFrom: Date.parse(one.validFrom),
  validTo: Date.parse(one.validTo),
  raw: one.raw,
  publicKey: one.publicKey.export({ type: "spki", format: "der" }),
});

/** Why no authority that is known stands at the end; each must vouch for the one before it. */
function distrustOf(chain: readonly X509Certificate[], authorities: readonly string[]): string | undefined {
  const last = chain.findIndex((one, i) => chain[i + 1] === undefined || !vouches(chain[i + 1]!, one));
  const end = chain[last];
  if (end === undefined) return undefined;
  const roots = authorities.map((pem) => new X509Certificate(pem)).filter(({ subject }) => subject === end.issuer);
  if (roots.some((root) => vouches(root, end) || root.fingerprint256 === end.fingerprint256)) return undefined;
  return `${end.issuer.replaceAll("\n", ", ")} is no authority that is known, and its own certificate is not in the file`;
}

const vouches = (issuer: X509Certificate, one: X509Certificate): boolean =>
  one.checkIssued(issuer) && one.verify(issuer.publicKey);
