// The door to the explanations: what a failure means, who can act, what to do. RFC 3463 for the code.
import { domainToUnicode } from "node:url";
import { type Address, domainOf } from "../mail/address.ts";
import type { Failure, RemoteHost } from "../mail/failure.ts";
import { type EnhancedCode, replyText } from "../mail/reply.ts";
import { causeOf } from "./causes.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";
import { steps, type Words } from "./words.ts";

export interface Explanation extends Words {
  /** The other server's exact words or the technical fact, one line; fit for strangers. */
  readonly evidence?: string;
}

/** What a failure means for the sender, in words for someone who has never heard of SMTP. */
export function describe(failure: Failure, recipient: Address): Explanation {
  const evidence = clean(evidenceOf(failure), textLimits.evidence);
  return { ...wordsFor(failure, recipient), ...(evidence !== "" && { evidence }) };
}

/** RFC 3463 code for DSNs and lists, derived from the failure. */
export function statusOf(failure: Failure, permanent: boolean): EnhancedCode {
  if (failure.kind === "expired") {
    // RFC 3463 §2: class 4 also means "abandoned for a temporary condition"; §3.5: the actual problem instead of X.4.7
    return failure.last === undefined ? "4.4.7" : statusOf(failure.last, false);
  }
  const said = failure.kind === "refused" ? failure.reply.enhanced?.slice(2) : undefined;
  return `${permanent ? 5 : 4}.${said ?? causeOf(failure).status}` as EnhancedCode;
}

function wordsFor(failure: Failure, recipient: Address): Words {
  if (failure.kind === "expired") return wordsForExpired(failure, recipient);
  const { summary, whoActs, steps } = causeOf(failure, recipient);
  const name = failure.kind === "dns" ? failure.name : "";
  const fillIn = (text: string): string =>
    text.replaceAll("{domain}", () => shown(domainOf(recipient))).replaceAll("{name}", () => shown(name));
  return { summary: fillIn(summary), whoActs, steps: steps.map(fillIn) };
}

function wordsForExpired({ afterMs, last }: Extract<Failure, { kind: "expired" }>, recipient: Address): Words {
  const tried = `For ${durationText(afterMs)} we could not deliver your message`;
  const giveUp = {
    whoActs: "their-admin",
    steps: [steps.sendLater, steps.tellRecipient, steps.tellTheirAdmin],
  } as const;
  if (last === undefined) return { summary: `${tried}.`, ...giveUp };
  const words = wordsFor(last, recipient);
  const summary = `${tried}: ${words.summary.slice(0, 1).toLowerCase()}${words.summary.slice(1)}`;
  // waiting was the answer as long as there was time
  return words.whoActs === "nobody" ? { summary, ...giveUp } : { ...words, summary };
}

/** A name as people write it, without what could break a line. */
const shown = (name: string): string => clean((/xn--/i.test(name) && domainToUnicode(name)) || name, 255);

/** "5 days", "90 minutes": the largest unit that gives at least two. */
export function durationText(ms: number): string {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
  ] as const;
  const [unit, unitMs] = units.find(([, unitMs]) => ms >= 2 * unitMs) ?? (["second", 1_000] as const);
  const count = Math.round(ms / unitMs);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** What may be told to a stranger: of faults inside our own machine, only that they are there. */
function evidenceOf(failure: Failure): string {
  switch (failure.kind) {
    case "refused":
      return replyText(failure.reply);
    case "expired":
      return failure.last === undefined ? "" : evidenceOf(failure.last);
    case "local":
      return `local mailbox, ${failure.problem}`;
    case "internal":
      return "internal error";
    case "operator":
      return `operator: ${failure.text}`;
    case "held-back":
      return "held back";
    case "dns":
      return `DNS, ${failure.query} of ${failure.name}: ${dnsText[failure.problem]}`;
    case "null-mx":
      return `DNS, MX of ${failure.domain}: null MX, the domain takes no mail (RFC 7505)`;
    case "mx-is-us":
      return `DNS, MX of ${failure.domain}: it names this server, which is not set up for the domain`;
    case "unreachable":
      return `${hostText(failure.host)}, connect, ${failure.problem}: ${failure.text}`;
    case "lost":
      return `${hostText(failure.host)}, ${failure.stage}, connection lost: ${failure.text}`;
    case "silent":
      return `${hostText(failure.host)}, ${failure.stage}: no answer within ${durationText(failure.timeoutMs)}`;
    case "not-smtp":
      return `${hostText(failure.host)}, ${failure.stage}, not SMTP: ${failure.text}`;
    case "tls":
      return `${hostText(failure.host)}, TLS ${failure.problem}: ${failure.text}`;
    case "unsupported":
      return `${hostText(failure.host)}, ${failure.extension} not offered: ${failure.text}`;
  }
}

const dnsText = {
  "no-such-domain": "no such domain (NXDOMAIN)",
  "no-data": "no such record",
  "server-failure": "the name servers failed (SERVFAIL)",
  timeout: "no answer from the name servers",
} as const;

const hostText = ({ name, address, port }: RemoteHost): string =>
  `${name}${address === undefined || address === name ? "" : ` [${address}]`}${port === undefined || port === 25 ? "" : ` port ${port}`}`;
