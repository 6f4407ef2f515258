// What follows from what was found out about a stranger: checks of the judge, by the settings of [authentication]. RFC 7372
import type { Config } from "../../config/schema.ts";
import { isRelated, isWithin } from "../../mail/address.ts";
import { type EnhancedCode, reply } from "../../mail/reply.ts";
import type { ArcVerdict, Authentication } from "../../mail/verdict.ts";
import { type Check, type Facts, type Finding, nothing } from "../check.ts";
import { helo } from "./helo.ts";
import { oneReply } from "./reply-lines.ts";

export type AuthenticationSettings = Config["authentication"];

interface Ours {
  readonly hostname: string;
  /** IP addresses of this machine. */
  readonly addresses: readonly string[];
  /** Whose mail we take. */
  readonly domains: readonly string[];
}

/** In the order of the settings. */
export const identityChecks = (settings: AuthenticationSettings, ours: Ours): Check[] => [
  helo(settings.bad_helo, ours),
  reverseName(settings.reverse_name),
  ofContent("author", (authentication) => author(settings, authentication)),
  ofContent("dmarc", (authentication) => dmarc(settings, authentication)),
  ofContent("spf", (authentication) => spf(settings, authentication)),
  ofContent("own-domain", (authentication) => ownDomain(settings, ours, authentication)),
];

const ofContent = (name: string, judge: (authentication: Authentication) => Finding): Check => ({
  name,
  phase: "content",
  judge: ({ trusted, content }: Facts) =>
    trusted || content?.authentication === undefined ? nothing : judge(content.authentication),
});

interface Words {
  readonly check: string;
  readonly code: EnhancedCode;
  readonly because: string;
  /** What to do, in the reply only. */
  readonly remedy: string;
}

function as(wish: "refuse" | "mark" | "accept", { check, code, because, remedy }: Words): Finding {
  switch (wish) {
    case "refuse":
      return { kind: "refuse", check, reply: reply(550, code, ...oneReply(because, remedy)) };
    case "mark":
      return { kind: "mark", check, because };
    case "accept":
      return nothing;
  }
}

function defer(check: string, code: EnhancedCode, because: string): Finding {
  const remedy = "this may be a fault of the network; please try again later";
  return { kind: "defer", check, reply: reply(451, code, ...oneReply(because, remedy)) };
}

function author({ bad_author: wish }: AuthenticationSettings, { dmarc }: Authentication): Finding {
  if (dmarc.author === "one") return nothing;
  const remedy = "a message needs one From field with the address of its author (RFC 5322 §3.6.2)";
  return as(wish, { check: "author", code: "5.7.1", because: dmarc.because, remedy });
}

function dmarc(settings: AuthenticationSettings, authentication: Authentication): Finding {
  const { dmarc } = authentication;
  if (dmarc.result === "temperror") return undecided(settings, authentication);
  if (dmarc.domain === undefined || isVouchedFor(settings, authentication)) return nothing;
  if (dmarc.result !== "fail" || dmarc.policy === undefined || dmarc.policy === "none") return nothing;
  const wish = dmarc.policy === "reject" ? settings.dmarc_reject : settings.dmarc_quarantine;
  const asks = `${dmarc.policyDomain ?? dmarc.domain} asks in its DMARC record (p=${dmarc.policy}) not to take such mail`;
  const remedy = `${asks}: sign it with DKIM as ${dmarc.domain}, or send it from a host and with a MAIL FROM that SPF allows for ${dmarc.domain}`;
  return as(wish, { check: "dmarc", code: "5.7.1", because: dmarc.because, remedy });
}

/** A forger must not get through by making DNS, or us, slow: what would be refused otherwise is marked at least. */
function undecided(settings: AuthenticationSettings, authentication: Authentication): Finding {
  const { because, domain, policy } = authentication.dmarc;
  if (isVouchedFor(settings, authentication)) return nothing;
  if (settings.temporary_failure === "defer") return defer("dmarc", "4.7.0", because);
  const isStrict = policy !== undefined && policy !== "none";
  return isStrict || domain === undefined ? { kind: "mark", check: "dmarc", because } : nothing;
}

function spf(settings: AuthenticationSettings, authentication: Authentication): Finding {
  const { spf, dmarc } = authentication;
  const [sender] = spf;
  if (sender === undefined || hasDmarc(dmarc) || isSigned(authentication) || isVouchedFor(settings, authentication))
    return nothing;
  if (sender.result === "temperror" && settings.temporary_failure === "defer")
    return defer("spf", "4.7.24", sender.because);
  if (sender.result !== "fail") return nothing;
  const said = sender.explanation === undefined ? "" : `; ${sender.domain} itself says: "${sender.explanation}"`;
  const remedy = `send it by way of a server that ${sender.domain} names in its SPF record${said}`;
  // a DMARC record that could not be asked for might speak for it: no refusal, but no forger passes unmarked either
  const wish = dmarc.result === "temperror" && settings.spf_fail === "refuse" ? "mark" : settings.spf_fail;
  return as(wish, { check: "spf", code: "5.7.23", because: sender.because, remedy });
}

/** A stranger who writes as one of ours; where a policy of the domain decides, this says nothing. */
function ownDomain(settings: AuthenticationSettings, { domains }: Ours, authentication: Authentication): Finding {
  const { dmarc, spf } = authentication;
  const { domain, policy = "none", result } = dmarc;
  if (domain === undefined || !domains.includes(domain) || result === "pass" || policy !== "none") return nothing;
  const isSent = spf.some((verdict) => verdict.result === "pass" && isRelated(verdict.domain, domain));
  if (isSent || isSigned(authentication) || isVouchedFor(settings, authentication)) return nothing;
  const because = `it says that it is from ${domain}, which is one of our own domains, and nothing proves it`;
  const remedy = `send it by our own server, after logging in, or sign it with DKIM as ${domain}`;
  return as(settings.own_domain, { check: "own-domain", code: "5.7.1", because, remedy });
}

/** Its policy decides, not SPF alone. RFC 9989 §8.1 */
const hasDmarc = ({ policy, result }: Authentication["dmarc"]): boolean => policy !== undefined || result === "pass";

const isSigned = ({ dkim, dmarc: { domain } }: Authentication): boolean =>
  domain !== undefined && dkim.some((verdict) => verdict.result === "pass" && isRelated(verdict.domain, domain));

/** Those whom we trust sealed the message, all of them, and the first saw that it was genuine. RFC 8617 §7.2.1 */
function isVouchedFor({ trusted_sealers: trusted }: AuthenticationSettings, of: Authentication): boolean {
  const { arc, dmarc } = of;
  const { domain } = dmarc;
  if (arc.result !== "pass" || domain === undefined || !areTrusted(arc, trusted)) return false;
  return (arc.passed ?? []).some((passed) =>
    passed.method === "dmarc" ? passed.domain === domain : isRelated(passed.domain, domain),
  );
}

/** Whoever seals can write what he likes into the fields below his: one of them who lies is enough. */
const areTrusted = ({ sealer, earlierSealers = [] }: ArcVerdict, trusted: readonly string[]): boolean =>
  [...earlierSealers, sealer].every((name) => name !== undefined && trusted.some((domain) => isWithin(name, domain)));

/** RFC 7372 §3.3: 5.7.25 */
const reverseName = (wish: AuthenticationSettings["reverse_name"]): Check => ({
  name: "reverse-name",
  phase: "mail",
  judge({ trusted, sender }) {
    if (wish === "accept" || trusted || sender === undefined) return nothing;
    return sender.then(({ iprev }): Finding => {
      if (iprev.result === "pass") return nothing;
      if (wish === "defer" || iprev.result === "temperror") return defer("reverse-name", "4.7.25", iprev.because);
      const remedy = "give this address a name in DNS (PTR), and that name this address";
      return as("refuse", { check: "reverse-name", code: "5.7.25", because: iprev.because, remedy });
    });
  },
});
