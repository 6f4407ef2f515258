// DMARC: whether what was proven is proven of the domain that the reader sees. RFC 9989
import { type DmarcResponse, evaluateDmarc } from "mailauth/lib/dmarc/index.js";
import { isRelated, isWithin, parseDomain } from "../../mail/address.ts";
import { splitHeader } from "../../mail/header.ts";
import { authorDomains } from "../../mail/mailboxes.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { DkimVerdict, DmarcVerdict, SpfVerdict } from "../../mail/verdict.ts";
import type { Ask } from "./questions.ts";

interface DmarcQuestion {
  /** Addresses of all From fields. */
  readonly authors: readonly string[];
  readonly fromFields: number;
  /** The From fields themselves, in Latin-1. */
  readonly from: string;
  /** They are not fit to be read. */
  readonly problem?: string;
  /** That of MAIL FROM, or for the null reverse-path that of HELO, is the first. */
  readonly spf: readonly SpfVerdict[];
  readonly dkim: readonly DkimVerdict[];
}

export async function dmarcVerdict(asked: DmarcQuestion, ask: Ask): Promise<DmarcVerdict> {
  const { authors, fromFields, spf, dkim, problem } = asked;
  if (problem !== undefined) return nobody("invalid", problem);
  const [sender] = spf;
  const evaluated = await evaluateDmarc({
    headerFrom: authors,
    fromFields,
    spfDomains: sender?.result === "pass" ? [sender.domain] : [],
    dkimDomains: dkim.filter(({ result }) => result === "pass").map(({ domain }) => ({ domain })),
    resolver: ask,
    strict: true,
  });
  if (evaluated.response === false) return withoutAuthor(evaluated.reason, evaluated.authorDomains, fromFields);
  const { response } = evaluated;
  const domain = parseDomain(response.status.header.from.replace(/\.$/, ""));
  if (domain === undefined || ![...domainsIn(asked.from), ...authors.map(readDomain)].every((read) => read === domain))
    return nobody(
      "invalid",
      `"${asciiLine(authors.join(", "), 200)}" in From has no domain that all programs read alike`,
    );
  return inWords(response, domain, asked);
}

const readDomain = (address: string): string | undefined =>
  parseDomain(address.slice(address.lastIndexOf("@") + 1).replace(/\.$/, ""));

/** As we read them ourselves: what the library reads otherwise, a mail program may, too. */
const domainsIn = (from: string): (string | undefined)[] =>
  splitHeader(from, "join").flatMap(({ value, end }) => [
    ...(authorDomains(Buffer.from(from.slice(value, end), "latin1").toString("utf8")) ?? [undefined]),
  ]);

/** RFC 9989 §11.5: suspicious. */
const nobody = (author: "none" | "several" | "invalid", because: string): DmarcVerdict => ({
  result: "permerror",
  author,
  because,
});

function withoutAuthor(reason: string, domains: readonly string[], fromFields: number): DmarcVerdict {
  const named = asciiLine(domains.join(", "), 200);
  if (fromFields === 0) return nobody("none", "the message has no From field");
  if (reason === "multiple-from-fields") return nobody("several", `the message has ${fromFields} From fields`);
  if (reason === "multiple-author-domains") return nobody("several", `the From field names authors of ${named}`);
  return nobody("invalid", "the From field has no address that can be read");
}

function inWords(response: DmarcResponse, domain: string, asked: DmarcQuestion): DmarcVerdict {
  const { policy, policyDomain, status, alignment } = response;
  const alignedBy = [
    ...(alignment?.spf.result === undefined ? [] : ["spf" as const]),
    ...(alignment?.dkim.result === undefined ? [] : ["dkim" as const]),
  ];
  const verdict = {
    author: "one" as const,
    domain,
    ...(policy && { policy }),
    ...(policyDomain !== undefined && { policyDomain }),
  };
  switch (status.result) {
    case "none":
      return { ...verdict, result: "none", because: `${domain} has no DMARC record that can be used` };
    case "pass": {
      const by = alignedBy.map((method) => method.toUpperCase()).join(" and ");
      return {
        ...verdict,
        result: "pass",
        alignedBy,
        because: `${by} ${alignedBy.length > 1 ? "prove" : "proves"} it`,
      };
    }
    case "temperror":
      return {
        ...verdict,
        result: "temperror",
        because: `the DMARC record of ${domain} could not be evaluated: ${asciiLine(response.error ?? "DNS failed", 300)}`,
      };
    case "fail": {
      const open = undecided(response.domain ?? domain, asked);
      return open === undefined
        ? { ...verdict, result: "fail", because: failure(domain, asked) }
        : { ...verdict, result: "temperror", because: open };
    }
  }
}

/** What might have proven it, had DNS answered. */
function undecided(organization: string, { spf: [sender], dkim }: DmarcQuestion): string | undefined {
  const candidates = [...(sender === undefined ? [] : [sender]), ...dkim];
  return candidates.find(({ result, domain }) => result === "temperror" && isWithin(domain, organization))?.because;
}

function failure(domain: string, { spf: [sender], dkim }: DmarcQuestion): string {
  const bySpf = sender === undefined ? "SPF proves nothing" : `SPF says ${sender.result} for ${sender.domain}`;
  const passed = dkim.filter(({ result }) => result === "pass").map((verdict) => verdict.domain);
  const own = dkim.find((verdict) => isRelated(verdict.domain, domain));
  const byDkim =
    dkim.length === 0
      ? "there is no DKIM signature"
      : own !== undefined && own.result !== "pass"
        ? `the DKIM signature of ${own.domain} does not count (${own.because})`
        : `DKIM signatures that pass are of ${passed.length === 0 ? "nobody" : passed.slice(0, 3).join(", ")}`;
  return `nothing proves that it is from ${domain}: ${bySpf}, and ${byDkim}`;
}
