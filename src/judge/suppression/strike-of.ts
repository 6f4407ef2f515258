// Which events are a reason to stop mail to an address.
import { explainFailure } from "../../explain/failure.ts";
import type { Event } from "../../journal/event.ts";
import type { Address } from "../../mail/address.ts";
import { type Failure, isPermanent } from "../../mail/failure.ts";
import { shortLine } from "../../mail/printable.ts";
import { replyText } from "../../mail/reply.ts";
import type { Strike } from "./suppression-store.ts";

/** Of the reason, in words. */
const becauseChars = 400;

/** Only what lies in the address itself, is said in so many words, and is no guess: anything else may pass. */
export function strikeOf(event: Event): Strike | undefined {
  switch (event.kind) {
    case "bounced": {
      const { because, to, at } = event;
      // what we gave up on, or stopped ourselves, says nothing of the address
      if (because.kind === "expired" || because.kind === "operator" || !isPermanent(because)) return undefined;
      const { cause, permanence, confidence, summary, fact } = explainFailure(because, { recipient: to });
      return permanence === "permanent" && confidence !== "guess"
        ? { ...all(to), cause, because: told(summary, factOf(because, fact)), at }
        : undefined;
    }
    case "bounced-later": {
      const { to, at, cause, permanence, confidence, summary, text, reportedBy, final, isShared } = event;
      // where an alias of theirs leads to may be gone, the alias is not; nor may one recipient stop mail to another
      const isSure = final === undefined && !isShared && confidence !== "guess";
      return permanence === "permanent" && isSure
        ? { ...all(to), cause, because: told(summary, reportedBy === undefined ? text : `${reportedBy}: ${text}`), at }
        : undefined;
    }
    case "complained": {
      const { to, from, at, feedbackType, reportedBy, sender, isShared } = event;
      // no mail of ours; or one recipient may speak for another
      if (sender !== undefined || from === "" || isShared) return undefined;
      const key = { address: to.toLowerCase(), sender: from.toLowerCase() };
      const who = reportedBy === undefined ? "" : `, told by ${reportedBy}`;
      const because = told("The recipient complained about a message of this sender.", `${feedbackType}${who}`);
      return { ...key, cause: "complaint", because, at };
    }
    case "received":
    case "refused":
    case "delivered":
    case "deferred":
    case "notice":
    case "notice-suppressed":
    case "operator":
      return undefined;
  }
}

const all = (address: Address) => ({ address: address.toLowerCase(), sender: "" });

const told = (summary: string, words: string): string =>
  shortLine(words === "" ? summary : `${summary} (${words})`, becauseChars, "…");

const factOf = (because: Failure, fact: string): string =>
  because.kind === "refused" ? `${because.host.name}: ${replyText(because.reply)}` : fact;
