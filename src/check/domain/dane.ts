// DANE: do the TLSA records of the MX hosts fit their certificates, and does DNSSEC vouch for them? RFC 7672, RFC 7671.
import { createHash } from "node:crypto";
import { isFailure, recordsIn } from "../../dns/answer.ts";
import type { DnsRecord } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { CertificateSeen } from "../net/connector.ts";
import type { RawRecord } from "../net/raw-dns.ts";
import type { Asked } from "../run.ts";
import { problemOf } from "./dns-trouble.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";
import { placeOf, type SmtpVisit } from "./visit.ts";

export const dane = domainCheck({
  name: "dane",
  needs: ["addresses", "servers"],
  async run(asked, { addresses, servers }): Promise<ReadonlySet<string>> {
    const { raw, question } = asked.tools;
    const { domain, port } = question;
    const hosts = [...new Set(addresses.map(({ host }) => host))];
    if (hosts.length === 0) return new Set();
    const looked = await Promise.all(
      hosts.map((host) => {
        const visits = servers.filter(({ target }) => target.host === host);
        return lookAt({ host, name: `_${port}._tcp.${host}`, visits }, asked);
      }),
    );
    const proven = new Set(looked.flatMap((places) => places ?? []));
    const { isAuthentic } = await raw.ask(domain, "MX");
    if (looked.every((places) => places === undefined))
      say(asked, "dane.none", { values: { dnssec: isAuthentic ? "the MX records are signed" : undefined } });
    // RFC 7672 §2.2.1: whoever can change the MX records leads senders elsewhere
    else if (proven.size > 0 && !isAuthentic) say(asked, "dane.mx-not-signed", { changes: [act("sign-domain")] });
    return proven;
  },
});

interface Host {
  readonly host: string;
  readonly name: string;
  readonly visits: readonly SmtpVisit[];
}

type TlsaData = Extract<RawRecord, { type: "TLSA" }>["data"];

/** The places whose certificate fits; undefined: there is nothing to tell. */
async function lookAt({ host, name, visits }: Host, asked: Asked<DomainTools>): Promise<string[] | undefined> {
  const { answer, isAuthentic } = await asked.tools.raw.ask(name, "TLSA");
  if (isFailure(answer)) {
    say(asked, "dane.unknown", { about: host, values: { problem: problemOf(answer) } });
    return [];
  }
  const records = recordsIn(answer).flatMap((record) => (record.type === "TLSA" ? [record.data] : []));
  if (records.length === 0) return undefined;
  const evidence = records.map(tlsaText);
  const usable = records.filter(isUsable);
  if (!isAuthentic && !(await validates(asked)))
    say(asked, "dane.unknown", {
      about: host,
      values: { problem: "the resolver does not verify DNSSEC" },
      evidence,
      changes: [act("validating-resolver")],
    });
  else if (!isAuthentic)
    say(asked, "dane.not-signed", { about: host, values: { host }, evidence, changes: [act("dane-sign", { host })] });
  else if (usable.length === 0) {
    const usage = records.map(({ usage }) => `usage ${usage}`).join(", ");
    const certificate = firstCertificate(visits);
    say(asked, "dane.unusable", {
      about: host,
      values: { usage },
      evidence,
      changes: certificate === undefined ? [] : [publish(tlsaFor(name, certificate), evidence)],
    });
  } else
    return visits.filter((seen) => lookAtPlace(seen, { name, usable, evidence }, asked)).map((seen) => placeOf(seen));
  return [];
}

/** RFC 7672 §3.1, RFC 6698 §2.1: the others are ignored. */
const isUsable = ({ usage, selector, matchingType }: TlsaData): boolean =>
  (usage === 2 || usage === 3) && selector <= 1 && matchingType <= 2;

/** The root is signed. */
const validates = async ({ tools }: Asked<DomainTools>): Promise<boolean> =>
  (await tools.raw.ask(".", "NS")).isAuthentic;

interface Usable {
  readonly name: string;
  readonly usable: readonly TlsaData[];
  readonly evidence: readonly string[];
}

/** Tells whether its certificate fits. True: it does, and nothing else about it counts. RFC 7672 §3.1.1 */
function lookAtPlace(seen: SmtpVisit, { name, usable, evidence }: Usable, asked: Asked<DomainTools>): boolean {
  const { tls, offered, target } = seen;
  const about = placeOf(seen);
  const { host } = target;
  if (offered === undefined) return false;
  if (tls?.kind !== "secured") {
    const problem = tls === undefined ? "no STARTTLS" : tls.kind === "refused" ? "STARTTLS is refused" : tls.text;
    say(asked, "dane.no-tls", { about, values: { problem }, evidence, changes: [act("offer-tls", { host })] });
    return false;
  }
  const { chain } = tls.tls;
  const fitting = usable.filter((record) => fits(record, chain));
  if (fitting.length > 0) say(asked, "dane.good", { about, evidence });
  else
    say(asked, "dane.mismatch", {
      about,
      evidence,
      changes: [...chain.slice(0, 1).map((own) => publish(tlsaFor(name, own), evidence)), act("dane-roll")],
    });
  return fitting.some(({ usage }) => usage === 3);
}

const firstCertificate = (visits: readonly SmtpVisit[]): CertificateSeen | undefined =>
  visits.flatMap(({ tls }) => (tls?.kind === "secured" ? tls.tls.chain.slice(0, 1) : []))[0];

/** RFC 6698 §2.1: usage 3 is the server's own certificate, 2 an authority that it sends along. */
export function fits(
  { usage, selector, matchingType, certificate }: TlsaData,
  chain: readonly CertificateSeen[],
): boolean {
  const candidates = usage === 3 ? chain.slice(0, 1) : chain.slice(1);
  return candidates.some(({ raw, publicKey }) => {
    const data = selector === 0 ? raw : publicKey;
    const hash = ({ 1: "sha256", 2: "sha512" } as Readonly<Record<number, string>>)[matchingType];
    if (hash === undefined) return matchingType === 0 && data.equals(certificate);
    return createHash(hash).update(data).digest().equals(certificate);
  });
}

const tlsaText = ({ usage, selector, matchingType, certificate }: TlsaData): string =>
  `${usage} ${selector} ${matchingType} ${certificate.toString("hex")}`;

/** RFC 7672 §3.1.1 recommends 3 1 1. */
const tlsaFor = (name: string, { publicKey }: CertificateSeen): DnsRecord => ({
  name,
  type: "TLSA",
  value: `3 1 1 ${createHash("sha256").update(publicKey).digest("hex")}`,
});
