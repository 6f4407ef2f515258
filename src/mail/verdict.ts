// What was found out about a sender: the results of SPF, DKIM, DMARC, ARC and of the reverse name, each with its reason in
// words, and the identity that they prove. RFC 8601 §2.7 names the results.

/** RFC 7208 §2.6 */
export type SpfResult = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

export interface SpfVerdict {
  readonly scope: "mailfrom" | "helo";
  /** Whose record was asked: the domain of MAIL FROM, or the name of HELO. */
  readonly domain: string;
  readonly result: SpfResult;
  /** Why, in words. */
  readonly because: string;
  /** The domain's own words about a fail, printable ASCII, of bounded length; never to be trusted. RFC 7208 §6.2 */
  readonly explanation?: string;
}

/** RFC 8601 §2.7.1; `policy`: valid, but not acceptable to us (a weak key, a partly signed body). */
export type DkimResult = "none" | "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";

export interface DkimVerdict {
  readonly result: DkimResult;
  readonly because: string;
  /** d= of the signature, in lower case and A-labels. */
  readonly domain: string;
  readonly selector: string;
  /** "rsa-sha256" */
  readonly algorithm: string;
  /** First characters of b=, to tell signatures apart. RFC 6008 */
  readonly signature: string;
}

export interface ArcVerdict {
  readonly result: "none" | "pass" | "fail" | "temperror";
  readonly because: string;
  /** Who sealed last, when the chain is whole: d= of the newest seal. */
  readonly sealer?: string;
  /** Who sealed before, the first first: what `passed` says is as good as the word of all of them. */
  readonly earlierSealers?: readonly string[];
  /** What the sealers say they saw, when the chain is whole: domains of From that passed DMARC, or of DKIM or SPF that passed, at the oldest hop. */
  readonly passed?: readonly { readonly method: "spf" | "dkim" | "dmarc"; readonly domain: string }[];
}

export type DmarcPolicy = "none" | "quarantine" | "reject";

export interface DmarcVerdict {
  readonly result: "none" | "pass" | "fail" | "temperror" | "permerror";
  readonly because: string;
  /** Domain of the From field; absent when there is none to be had: see `author`. */
  readonly domain?: string;
  /** Not `one`: the From field is missing, doubled, or names nobody whose domain could be asked. Suspicious, never "no policy". */
  readonly author: "one" | "none" | "several" | "invalid";
  /** What the domain's owner asks for, when there is a record: p, sp or np, and after t=y. RFC 9989 */
  readonly policy?: DmarcPolicy;
  /** Where the record was found. */
  readonly policyDomain?: string;
  /** What passed and is aligned. */
  readonly alignedBy?: readonly ("spf" | "dkim")[];
}

/** RFC 8601 §3: the address has a name that leads back to it. */
export interface IprevVerdict {
  readonly result: "pass" | "fail" | "temperror" | "permerror";
  readonly because: string;
  /** The name that leads back; without one, the name that the address claims. */
  readonly name?: string;
}

/** Known before the content: from the client's address, HELO and MAIL FROM. */
export interface SenderVerdicts {
  readonly iprev: IprevVerdict;
  /** The one of MAIL FROM, or for the null reverse-path that of HELO; first. RFC 7208 §2.4 */
  readonly spf: readonly SpfVerdict[];
}

/** Known once the content is there, too. */
export interface Authentication extends SenderVerdicts {
  readonly dkim: readonly DkimVerdict[];
  readonly arc: ArcVerdict;
  readonly dmarc: DmarcVerdict;
}

/**
 * Whom a message, or a client, is known to be from: the strongest that was proven. Nobody becomes one by typing a name.
 * Of a domain, `name` is the one that was registered: example.org for mail.example.org. `network`: 192.0.2.0/24,
 * 2001:db8::/64.
 */
export interface Identity {
  readonly kind: "account" | "dmarc" | "dkim" | "spf" | "network";
  readonly name: string;
}
