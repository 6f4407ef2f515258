// What a failure says about our pace. The wording of a reply counts more than its codes: sites agree on neither, but most
// say in plain words what they mind.
import type { Failure } from "../../mail/failure.ts";
import { isTooManyRecipients } from "../../mail/failure.ts";
import { isTransient } from "../../mail/reply.ts";

/**
 * none: nothing, it is about the message, the recipient, or ourselves; cold: no reason to go faster;
 * slow: the site is under pressure; connections: too many at once; messages: too many in one session;
 * rate: too many in a time; stop: nothing from us for a while; unreachable: nobody there.
 */
export type Signal = "none" | "cold" | "slow" | "connections" | "messages" | "rate" | "stop" | "unreachable";

type Refused = Extract<Failure, { kind: "refused" }>;

interface Rule {
  readonly signal: Signal;
  readonly words: RegExp;
  /** For replies that say "later" only. */
  readonly transient?: true;
}

const mails = String.raw`(?:messages?|e-?mails?|mails?|deliver(?:y|ies)|transactions?)`;
const sessions = String.raw`(?:connections?|connexions?|sessions?|channels?)`;
const span = String.raw`(?:(?:per|this|an?|each|every|within the|in the|in the last|in one) (?:second|minute|hour|day)|hourly|daily)`;
const beyond = String.raw`(?:too (?:many|much)|exceed\w*|limit\w*|maximum|\bmax\b|over \d+|reached|trop de)`;

/** The first that fits counts. Texts of replies in lower case, without web addresses. */
const rules: readonly Rule[] = [
  // RFC 6647: a stranger's first visit is put off, whatever our pace
  { signal: "none", words: /gr[ae]y.?list|not yet authorized to deliver|first (?:time|attempt|contact)/ },
  // one recipient's limits are not the site's
  {
    signal: "none",
    words: new RegExp(
      `user you are trying to contact|(?:recipient|mailbox|user|inbox|account).{0,40}(?:full|over ?quota|receiving ${mails}|exceed)|over ?quota`,
    ),
  },
  // a session that idled too long
  {
    signal: "none",
    words: /\bidle\b|(?:command|session|connection|read|data|smtp) time(?:d |-)?out|timeout (?:waiting|exceeded|-)/,
  },
  {
    signal: "messages",
    words: new RegExp(
      `${beyond}.{0,40}${mails}.{0,30}(?:per|in|on|for|this|over) (?:this |one |the |a |same |smtp )*${sessions}|${mails} per ${sessions}.{0,20}(?:limit|exceed|reach)`,
    ),
  },
  {
    signal: "rate",
    words: new RegExp(`${sessions}.{0,40}${span}|${sessions} (?:rate|frequency)|frequency (?:is )?limit`),
  },
  {
    signal: "connections",
    words: new RegExp(
      `${beyond}.{0,30}(?:${sessions}|concurren|simultaneous|parallel)|(?:concurren|simultaneous|parallel).{0,60}${beyond}|${sessions}.{0,30}${beyond}|\\brp-00[23]\\b|all server ports are busy`,
    ),
  },
  // our address or name is held in low esteem: going on would make it worse
  {
    signal: "stop",
    words:
      /\[(?:ip)?tss?\d\d\]|\[hcm\d\]|(?:temporar\w+|currently) .{0,60}(?:reputation|complaints?)|(?:reputation|complaints?).{0,60}(?:deferred|rate.?limit|throttl|temporar)|\brp-001\b|temporar\w+ (?:block|suspend|blacklist|bann)|(?:block|suspend|blacklist|bann)\w* temporar|unexpected volume/,
    transient: true,
  },
  {
    signal: "rate",
    words: new RegExp(
      `rate.?(?:is |has been )?(?:limit|exceed|control)|unusual rate|too (?:fast|quickly|frequent)|at a rate|(?:${mails}|recipients).{0,40}${span}|(?:sending|message|hourly|daily|relay|volume) (?:rate|limit|quota)|high volume|quota for sending`,
    ),
  },
  {
    signal: "rate",
    words: new RegExp(`${beyond}.{0,40}${mails}(?!.{0,20}(?:size|length|bytes|large|big|hops))`),
    transient: true,
  },
  // a list that we are on, a name that we lack: no pace mends it
  {
    signal: "cold",
    words:
      /(?:black|block|deny).?list|spamhaus|\b(?:dns|r|u?ri?)bl\b|(?:bad|poor|low) reputation|access denied|not allowed to connect|\b(?:ip|host|client|network|server)\b.{0,60}(?:blocked|banned|listed|refused)/,
  },
  {
    signal: "slow",
    words:
      /throttl|slow(?:ing)? down|(?:server|system|service|host|machine|we are|is|too) (?:too )?busy|overload|load (?:average|is)|resources? (?:restrict|temporar|unavail|limit|exhaust)|temporarily deferred|traffic/,
    transient: true,
  },
];

/** Enhanced codes of replies whose words told nothing. RFC 3463 §3, RFC 5248. */
const enhancedRate = /^4\.7\.(?:28|5\d\d|6[56]\d)$/;
const enhancedSlow = /^4\.(?:3\.[12]|4\.5|5\.3|7\.\d+)$/;

/** What the failure says about our pace. */
export function signalOf(failure: Failure): Signal {
  switch (failure.kind) {
    case "refused":
      return signalOfRefusal(failure);
    case "unreachable":
      return "unreachable";
    case "lost":
    case "silent":
      // before EHLO was answered there was no server; later, one that is too busy for us all
      return failure.stage === "greeting" || failure.stage === "hello" ? "unreachable" : "connections";
    case "dns":
    case "null-mx":
    case "mx-is-us":
    case "not-smtp":
    case "tls":
    case "unsupported":
    case "local":
    case "held-back":
    case "expired":
    case "operator":
    case "internal":
      return "none";
  }
}

function signalOfRefusal(failure: Refused): Signal {
  const { reply, stage } = failure;
  if (isTooManyRecipients(failure) || stage === "auth") return "none";
  const later = isTransient(reply);
  const said = reply.lines
    .join(" ")
    .replaceAll(/https?:\/\/\S+/gi, "")
    .slice(0, 1_000)
    .toLowerCase();
  const rule = rules.find(({ words, transient }) => (later || !transient) && words.test(said));
  if (rule !== undefined) return rule.signal;
  const isAboutUs = stage === "greeting" || stage === "hello";
  if (!later) return isAboutUs ? "cold" : "none";
  const enhanced = reply.enhanced ?? /\b4\.\d{1,3}\.\d{1,3}\b/.exec(said)?.[0] ?? "";
  if (enhancedRate.test(enhanced)) return "rate";
  if (reply.code === 421 || isAboutUs) return "slow"; // RFC 5321 §3.8: the site closes its doors
  // to a recipient, 450 and 451 with nothing said are how greylisting sounds
  if (stage === "rcpt") return "none";
  return enhancedSlow.test(enhanced) || reply.code === 452 ? "slow" : "none";
}
