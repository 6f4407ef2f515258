// What the failures of Waybill's own attempts mean: what it saw itself it knows (seen.ts), what a server said explain() reads.
import type { Address } from "../mail/address.ts";
import { type Failure, isPermanent, type Stage } from "../mail/failure.ts";
import { failureText } from "../mail/failure-text.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";
import { type EnhancedCode, isTransient, replyText } from "../mail/reply.ts";
import { domainText } from "./domain-text.ts";
import { diagnose } from "./diagnose.ts";
import { explain } from "./explain.ts";
import type { CauseName, Explanation, FailureReport, Language, ReplyStage } from "./explanation.ts";
import { causeFacts } from "./knowledge/causes.ts";
import { durationIn, fillIn, stepTexts, textsIn, type Values } from "./languages/language.ts";
import { causeSeen, type Seen, type SeenFailure } from "./seen.ts";
import { usualStatus } from "./usual-status.ts";
import { inWords, valuesOf, type Words } from "./wording.ts";

export interface FailureOptions {
  readonly recipient: Address;
  /** "en" unless told. */
  readonly language?: Language;
  /** It is not tried any more, although it might pass. */
  readonly givenUp?: boolean;
}

export interface FailureExplanation extends Explanation {
  /**
   * One line: the other server's exact words or the technical fact, fit for strangers. Of faults inside our own machine
   * they learn only that they are there.
   */
  readonly fact: string;
}

type Refused = Extract<Failure, { kind: "refused" }>;
type Expired = Extract<Failure, { kind: "expired" }>;

/** What became of one recipient's delivery, in words for its sender. Pure. */
export function explainFailure(
  failure: Failure,
  { recipient, language = "en", givenUp }: FailureOptions,
): FailureExplanation {
  const about = { recipient, language, isOver: givenUp === true || isPermanent(failure) };
  switch (failure.kind) {
    case "expired":
      return explainExpired(failure, about);
    case "refused":
      return explainRefusal(failure, about);
    case "dns":
      return explainSeen(failure, about, { name: domainText(failure.name) });
    case "null-mx":
    case "mx-is-us":
    case "unreachable":
    case "lost":
    case "silent":
    case "not-smtp":
    case "tls":
    case "unsupported":
    case "local":
    case "operator":
    case "held-back":
    case "internal":
      return explainSeen(failure, about);
  }
}

function factSeen(failure: SeenFailure): string {
  switch (failure.kind) {
    case "local":
      return `local mailbox, ${failure.problem}`;
    case "internal":
      return "internal error";
    case "held-back":
      return "held back";
    case "dns":
    case "null-mx":
    case "mx-is-us":
    case "unreachable":
    case "lost":
    case "silent":
    case "not-smtp":
    case "tls":
    case "unsupported":
    case "operator":
      return clean(failureText(failure), textLimits.evidence);
  }
}

const known = new WeakMap<Failure, CauseName>();

/** The cause alone, found once for each failure. Never throws: an outcome is settled whatever we make of it. */
export function causeOf(failure: Failure, recipient: Address): CauseName {
  let cause = known.get(failure);
  if (cause === undefined) {
    try {
      cause = findCause(failure, recipient);
    } catch {
      cause = "unknown";
    }
    known.set(failure, cause);
  }
  return cause;
}

function findCause(failure: Failure, recipient: Address): CauseName {
  if (failure.kind === "expired")
    return failure.last === undefined ? "gave-up-waiting" : causeOf(failure.last, recipient);
  if (failure.kind !== "refused") return causeSeen(failure, domainOf(recipient)).cause;
  return knownOfUs(diagnose(reportOf(failure, recipient)), failure.stage).cause;
}

/** RFC 3463 code for DSNs and lists. */
export function statusOf(failure: Failure, permanent: boolean): EnhancedCode {
  if (failure.kind === "expired") {
    // RFC 3463 §2: class 4 also means "abandoned for a temporary condition"; §3.5: the actual problem instead of X.4.7
    return failure.last === undefined ? "4.4.7" : statusOf(failure.last, false);
  }
  const detail = failure.kind === "refused" ? statusOfRefusal(failure) : causeSeen(failure).status;
  return `${permanent ? 5 : 4}.${detail}` as EnhancedCode;
}

function statusOfRefusal({ reply, stage, host }: Refused): string {
  if (reply.enhanced !== undefined) return reply.enhanced.slice(2);
  const said = { text: wordsOf(reply.lines), code: reply.code, stage: stages[stage], host: host.name };
  const explained = explain(said);
  const { cause } = knownOfUs(explained, stage);
  // a bare 550 is no reason to call an address dead: programs strike it off their lists
  const isSure = explained.confidence !== "guess" || cause !== "no-such-mailbox";
  return usualStatus(isSure ? cause : "unclear", said.stage, isTransient(reply));
}

interface About {
  readonly recipient: Address;
  readonly language: Language;
  readonly isOver: boolean;
}

function explainSeen(failure: SeenFailure, about: About, values: Values = {}): FailureExplanation {
  const seen = causeSeen(failure, domainOf(about.recipient));
  return certain(ownWords(seen, about, values), failure.kind, factSeen(failure));
}

const certain = (words: Words, kind: Failure["kind"], fact: string): FailureExplanation => ({
  ...words,
  confidence: "certain",
  forOperator: [],
  evidence: { text: fact, rule: `seen by Waybill itself: ${kind}` },
  sources: causeFacts(words.cause).sources,
  fact,
});

/** Where in a conversation explain() places a reply. */
const stages: Record<Stage, ReplyStage> = {
  greeting: "connect",
  hello: "hello",
  starttls: "tls",
  auth: "login",
  mail: "mail",
  rcpt: "rcpt",
  data: "data",
  content: "data",
  quit: "data",
};

/** More than this of a reply is not read. */
const readChars = 10_000;

const wordsOf = (lines: readonly string[]): string => lines.join(" ").slice(0, readChars);

const reportOf = ({ reply: { code, enhanced, lines }, stage, host }: Refused, recipient: Address): FailureReport => ({
  text: wordsOf(lines),
  code,
  ...(enhanced && { status: enhanced }),
  stage: stages[stage],
  host: host.name,
  recipient,
});

function explainRefusal(failure: Refused, about: About): FailureExplanation {
  const { recipient, language, isOver } = about;
  const { reply, stage } = failure;
  const explained = explain({ ...reportOf(failure, recipient), givenUp: isOver }, { language });
  const fact = clean(replyText(reply), textLimits.evidence);
  return { ...explained, ...ownWords(knownOfUs(explained, stage), about), fact };
}

/** It was our own server that logged in, to a host that passes mail on; not the sender. */
function knownOfUs(
  { cause, confidence }: Pick<Explanation, "cause" | "confidence">,
  stage: Stage,
): Omit<Seen, "status"> {
  const isLogin = cause === "login-failed" || (stage === "auth" && confidence === "guess");
  return isLogin ? { cause: "login-failed", variant: "passing-on", steps: ["tell-own-admin"] } : { cause };
}

function explainExpired({ kind, afterMs, last }: Expired, about: About): FailureExplanation {
  const { recipient, language } = about;
  const duration = durationIn(language, afterMs);
  if (last === undefined)
    return certain(ownWords({ cause: "gave-up-waiting", variant: "tried" }, about, { duration }), kind, "");
  const explained = explainFailure(last, { recipient, language, givenUp: true });
  const summary = fillIn(textsIn(language).triedFor, { summary: explained.summary, duration });
  if (explained.whoActs !== "nobody") return { ...explained, summary };
  // waiting was the answer as long as there was time
  const { whoActs, steps } = causeFacts("gave-up-waiting");
  return { ...explained, summary, whoActs, steps: stepTexts(language, { steps }) };
}

/** `isOver` is what became of it here, whatever such a cause is elsewhere. */
const ownWords = (seen: Omit<Seen, "status">, { recipient, language, isOver }: About, more: Values = {}): Words =>
  inWords({
    ...seen,
    permanence: isOver ? (causeFacts(seen.cause).address ? "permanent" : "over") : "temporary",
    language,
    values: { ...valuesOf(recipient), ...more },
  });

// address.ts needs Node, and this file has to do without
const domainOf = (address: Address): string => address.slice(address.lastIndexOf("@") + 1);
