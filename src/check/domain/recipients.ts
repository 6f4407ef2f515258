// What an MX host takes: mail for postmaster and abuse, as it must, and mail for strangers, as it must not.
// RFC 5321 §4.5.1, §4.5.5, §7.8, RFC 2142.
import { explain } from "../../explain/explain.ts";
import type { CauseName } from "../../explain/explanation.ts";
import { replyText } from "../../mail/reply.ts";
import { act, type Change } from "../finding.ts";
import type { Asked } from "../run.ts";
import { domainCheck, type DomainTools, say } from "./question.ts";
import { tellRefused } from "./servers.ts";
import { removalOf } from "./stale-mx.ts";
import { placeOf, type SmtpVisit, type Transaction } from "./visit.ts";

export const recipients = domainCheck({
  name: "recipients",
  needs: ["mx", "servers"],
  async run(asked, { mx, servers }) {
    for (const seen of servers) {
      const removal = removalOf(seen.target.host, mx, { servers, isUseful: takesSome });
      const asks = seen.transactions.filter(({ purpose }) => purpose !== "relay");
      const states = asks.map((transaction) => lookAt(transaction, { seen, removal }, asked));
      if (states.length > 0 && states.every(Boolean)) say(asked, "recipients.good", { about: placeOf(seen) });
    }
  },
});

/** Mail for the domain is no stranger's to it. */
const takesSome = ({ transactions }: SmtpVisit): boolean =>
  transactions.some(({ purpose, rcpt }) => purpose !== "relay" && rcpt !== undefined && rcpt.code < 300);

interface Visited {
  readonly seen: SmtpVisit;
  readonly removal: readonly Change[];
}

/** True: it takes the recipient. */
function lookAt(transaction: Transaction, { seen, removal }: Visited, asked: Asked<DomainTools>): boolean {
  const { purpose, recipient, mail, rcpt } = transaction;
  const about = placeOf(seen);
  const { host } = seen.target;
  const reply = replyText(mail ?? rcpt!);
  const code = (mail ?? rcpt!).code;
  const said = { about, values: { host, recipient, reply }, evidence: [reply] };
  if (code < 300) return true;
  if (code < 500) say(asked, "recipients.deferred", { ...said, changes: [act("come-again")] });
  else if (isAboutUs(reply)) tellRefused((mail ?? rcpt)!, { about, stage: "rcpt" }, asked);
  else if (isForOthers(reply)) {
    // said once: it knows the whole domain not
    if (purpose === "postmaster")
      say(asked, "recipients.not-here", { ...said, changes: [...removal, act("domain-at-host", { host })] });
  } else if (mail !== undefined) {
    // said once: the other transaction meets the same
    if (purpose === "postmaster")
      say(asked, "server.null-sender-refused", { ...said, changes: [act("let-null-sender")] });
  } else
    say(asked, purpose === "abuse" ? "recipients.abuse" : "recipients.postmaster", {
      ...said,
      changes: [act("add-mailbox"), ...removal],
    });
  return false;
}

/** Causes that lie in the machine that asks, and say nothing of the recipient. */
const ours: ReadonlySet<CauseName> = new Set([
  "no-reverse-name",
  "bad-server-name",
  "server-listed",
  "server-refused",
  "poor-reputation",
  "sending-too-fast",
  "too-many-connections",
  "encryption-needed",
]);

const isAboutUs = (text: string): boolean => ours.has(explain({ text, stage: "rcpt" }).cause);

/** To it, the domain is not its own. */
const isForOthers = (text: string): boolean => explain({ text, stage: "rcpt" }).cause === "relaying-denied";

export const relay = domainCheck({
  name: "relay",
  needs: ["servers"],
  async run(asked, { servers }) {
    for (const seen of servers.filter(({ transactions }) => transactions.length > 0)) {
      const about = placeOf(seen);
      const { host } = seen.target;
      const asks = seen.transactions.find(({ purpose }) => purpose === "relay");
      if (host === asked.tools.question.hello)
        say(asked, "relay.not-asked", { about, changes: [act("ask-elsewhere")] });
      else if (asks?.rcpt !== undefined && asks.rcpt.code < 300)
        say(asked, "relay.open", {
          about,
          values: { host, recipient: asks.recipient },
          changes: [act("close-relay")],
          evidence: [replyText(asks.rcpt)],
        });
      else if (asks !== undefined) say(asked, "relay.good", { about });
    }
  },
});
