// STARTTLS of each MX host: version, name, time and chain of its certificate. RFC 3207, RFC 8996, RFC 5280.
import type { Instant } from "../../base/world.ts";
import { replyText } from "../../mail/reply.ts";
import { act, type Change, type FindingId, type Values } from "../finding.ts";
import type { CertificateSeen, TlsSeen } from "../net/connector.ts";
import type { Asked } from "../run.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";
import { placeOf, type SmtpVisit } from "./visit.ts";

export const tls = domainCheck({
  name: "tls",
  needs: ["servers", "dane"],
  async run(asked, { servers, dane }) {
    for (const seen of servers) lookAt(seen, dane.has(placeOf(seen)), asked);
  },
});

function lookAt(seen: SmtpVisit, isProven: boolean, asked: Asked<DomainTools>): void {
  const { offered, tls, oldTls, target } = seen;
  const about = placeOf(seen);
  const { host } = target;
  if (offered === undefined) return;
  if (tls === undefined) {
    if (!offered.startTls) say(asked, "tls.not-offered", { about, values: { host }, changes: [act("offer-tls")] });
    return;
  }
  switch (tls.kind) {
    case "refused": {
      const reply = replyText(tls.reply);
      return say(asked, "tls.refused", {
        about,
        values: { host, reply },
        evidence: [reply],
        changes: [act("see-tls")],
      });
    }
    case "failed": {
      const { text: problem } = tls;
      if (oldTls?.kind === "secured") {
        const { version } = oldTls.tls;
        return say(asked, "tls.old-version", {
          about,
          values: { host, version },
          evidence: [problem],
          changes: [act("new-tls")],
        });
      }
      return say(asked, "tls.handshake", {
        about,
        values: { host, problem },
        evidence: [problem],
        changes: [act("see-tls")],
      });
    }
    case "secured": {
      const now = asked.tools.world.now();
      const problems = certificateProblems(tls.tls, { host, now });
      const evidence = certificateText(tls.tls);
      for (const { id, values, changes } of problems)
        // RFC 7672 §3.1.1: with DANE, neither name nor time nor authority of a certificate count
        say(asked, id, { about, ...(isProven && { level: "note" }), values: { host, ...values }, changes, evidence });
      if (problems.length === 0) say(asked, "tls.good", { about, values: goodValues(tls.tls, now), evidence });
    }
  }
}

const dayMs = 86_400_000;

/** Certificates that renew themselves do so with more left: a third, of those that live for months. */
const soonMs = ({ validFrom, validTo }: CertificateSeen): number => Math.min(14 * dayMs, (validTo - validFrom) / 5);

interface CertificateProblem {
  readonly id: FindingId;
  readonly values: Values;
  readonly changes: readonly Change[];
}

/** What would keep somebody who verifies certificates away; `expires-soon` does not yet. */
export function certificateProblems(
  { chain, distrust, isForHost }: TlsSeen,
  { host, now }: { readonly host: string; readonly now: Instant },
): CertificateProblem[] {
  const [own, next] = chain;
  if (own === undefined) return [];
  const isSelfSigned = next === undefined && own.subject === own.issuer;
  const problems = [
    timeProblem(own, { host, now }),
    isForHost ? undefined : nameProblem(own, host),
    distrust && (isSelfSigned ? selfSigned : trustProblem(distrust.text, host)),
  ];
  return problems.filter((one) => one !== undefined);
}

function timeProblem(
  own: CertificateSeen,
  { host, now }: { readonly host: string; readonly now: Instant },
): CertificateProblem | undefined {
  const leftMs = own.validTo - now;
  const renew = [act("renew", { host })];
  if (leftMs < 0) return { id: "tls.expired", values: { days: Math.ceil(-leftMs / dayMs) }, changes: renew };
  if (leftMs < soonMs(own))
    return { id: "tls.expires-soon", values: { days: Math.floor(leftMs / dayMs) }, changes: renew };
  if (own.validFrom <= now) return undefined;
  return { id: "tls.not-yet-valid", values: { from: isoDate(own.validFrom) }, changes: [act("see-clock", { host })] };
}

function nameProblem({ names: all, subject }: CertificateSeen, host: string): CertificateProblem {
  const names = all.join(", ") || subject;
  return { id: "tls.other-name", values: { names }, changes: [act("certificate-for", { host, names })] };
}

const selfSigned: CertificateProblem = {
  id: "tls.self-signed",
  values: {},
  changes: [act("certificate-by-authority")],
};

const trustProblem = (problem: string, host: string): CertificateProblem => ({
  id: "tls.not-trusted",
  values: { problem },
  changes: [act("whole-chain", { host })],
});

const isoDate = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

const goodValues = ({ version, chain }: TlsSeen, now: Instant): Values => ({
  version,
  name: chain[0]?.names.join(", ") ?? "",
  issuer: chain[0]?.issuer ?? "",
  days: Math.floor(((chain[0]?.validTo ?? now) - now) / dayMs),
});

const certificateText = ({ version, cipher, chain }: TlsSeen): string[] => [
  `${version} ${cipher}`,
  ...chain.map(
    ({ subject, issuer, validFrom, validTo }) =>
      `${subject}, by ${issuer}, ${isoDate(validFrom)} to ${isoDate(validTo)}`,
  ),
];
