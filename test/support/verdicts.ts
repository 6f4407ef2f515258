// Verdicts on a message for tests, said in few words.
import type { Authentication, DmarcPolicy, DmarcVerdict, SpfResult } from "../../src/mail/verdict.ts";

export interface Wanted {
  /** Of example.org, which is the author's domain. */
  readonly dmarc: DmarcVerdict["result"];
  readonly policy?: DmarcPolicy;
  readonly author?: DmarcVerdict["author"];
  /** Of bounce.example; "none" unless it is given. */
  readonly spf?: SpfResult;
  readonly explanation?: string;
  readonly because?: string;
  /** Domains whose signatures pass, with spaces between. */
  readonly dkim?: string;
  /** A chain that is whole; `passed`: "dmarc example.org" */
  readonly arc?: { readonly sealer: string; readonly earlierSealers: readonly string[]; readonly passed: string };
}

export function verdicts(wanted: Wanted): Authentication {
  const { dmarc, policy, author = "one", spf = "none", explanation, dkim, arc, because = "a reason" } = wanted;
  const [method, domain = ""] = (arc?.passed ?? "").split(" ");
  const domains = dkim?.split(" ") ?? [];
  return {
    iprev: { result: "pass", because, name: "mx.example.org" },
    spf: [{ scope: "mailfrom", domain: "bounce.example", result: spf, because, ...(explanation && { explanation }) }],
    dkim: domains.map((signer) => ({
      result: "pass",
      because,
      domain: signer,
      selector: "s1",
      algorithm: "rsa-sha256",
      signature: "abcd/efg",
    })),
    arc:
      arc === undefined
        ? { result: "none", because }
        : { ...arc, result: "pass", because, passed: [{ method: method as "dmarc", domain }] },
    dmarc: {
      result: dmarc,
      because,
      author,
      ...(author === "one" && { domain: "example.org" }),
      ...(policy && { policy, policyDomain: "example.org" }),
    },
  };
}
