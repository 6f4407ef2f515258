// What would become of the message: accepted, refused or kept waiting; by whom, why, and who can do what.
import { explainFailure } from "../../explain/failure.ts";
import { type Failure, isPermanent } from "../../mail/failure.ts";
import { act, type FindingId, type Found } from "../finding.ts";
import { adviceFor } from "./failure-findings.ts";
import { type DeliveryFacts, deliveryCheck, type HostAnswer, placeText, tell, type Way } from "./question.ts";
import { isOurResolvers } from "./own-resolver.ts";
import { minuteText } from "./state.ts";

type Known = Pick<DeliveryFacts, "delivery-route" | "delivery-hosts" | "delivery-sender" | "delivery-state">;

export const verdict = deliveryCheck({
  name: "delivery-verdict",
  needs: ["delivery-route", "delivery-hosts", "delivery-sender", "delivery-state"],
  async run(asked, known) {
    const ways = known["delivery-route"];
    for (const way of ways) {
      const { id, said } = (await isOurResolvers(way, asked)) ? nothingKnown : fateOf(way, known);
      tell(asked, id, { ...said, recipient: way.recipient });
    }
    const { recipient } = asked.tools.delivery;
    if (ways.length > 0) return;
    const { summary, cause, whoActs } = explainFailure(nobody, { recipient });
    const values = { because: withoutStop(summary) };
    tell(asked, "verdict.refused", { cause, whoActs, values, changes: [act("correct-address")] });
  },
});

/** In one of our domains, where nobody is called so. */
const nobody: Failure = { kind: "local", problem: "no-such-mailbox", text: "" };

const nothingKnown = { id: "verdict.unknown", said: {} } as const;

interface Fate {
  readonly id: FindingId;
  readonly said: Partial<Found>;
}

/** In the order in which the server would meet it. */
function fateOf(way: Way, known: Known): Fate {
  const before = stoppedByUs(way, known);
  if (before !== undefined) return before;
  if (way.routing.kind === "failed") return failedFate(way.routing.because, way);
  const answers = known["delivery-hosts"].filter((answer) => answer.way === way);
  // as when it is delivered: who opens a session has the word; else one that may yet take it is a reason to wait
  const deciding =
    answers.find(({ isOpened }) => isOpened) ??
    answers.findLast(({ because }) => because !== undefined && !isPermanent(because)) ??
    answers.at(-1);
  if (deciding === undefined) return { id: "verdict.unknown", said: {} };
  if (deciding.because !== undefined) return failedFate(deciding.because, way);
  return closedFate(way, known) ?? proofFate(way, known) ?? acceptedFate(deciding);
}

function stoppedByUs({ recipient, routing }: Way, { "delivery-state": standing }: Known): Fate | undefined {
  const stopped = standing?.suppressions.find(({ address }) => address === recipient);
  if (stopped !== undefined) {
    const { cause, until } = stopped;
    const because = withoutStop(stopped.because);
    const changes = [act("lift-suppression")];
    return {
      id: "verdict.refused",
      said: { cause, whoActs: "sender-admin", values: { stopped: because, until: minuteText(until) }, changes },
    };
  }
  const site = routing.kind === "hop" ? routing.hop.site : undefined;
  const suspended = standing?.sites.find((one) => one.site === site && one.state === "suspended");
  if (suspended === undefined) return undefined;
  const values = { suspended: site };
  const changes = [act("resume-site", { site })];
  return { id: "verdict.waits", said: { cause: "held-back", whoActs: "sender-admin", values, changes } };
}

function failedFate(because: Failure, way: Way): Fate {
  const { summary, cause, fact } = explainFailure(because, { recipient: way.recipient });
  const isOver = isPermanent(because);
  return {
    id: isOver ? "verdict.refused" : "verdict.waits",
    said: {
      // the second attempt is taken, some minutes later
      ...(cause === "greylisted" && { level: "note" }),
      cause,
      ...adviceFor(because, way),
      values: { because: withoutStop(summary) },
      evidence: [fact],
    },
  };
}

/** The hosts would take it, but the server does not ask them yet. */
function closedFate({ routing }: Way, { "delivery-state": standing }: Known): Fate | undefined {
  const closed = standing?.sites.find(
    ({ site, state }) => state === "closed" && routing.kind === "hop" && routing.hop.site === site,
  );
  if (closed?.until === undefined || closed.until <= standing!.now) return undefined;
  const { site, until } = closed;
  const values = { closed: site, until: minuteText(until) };
  return { id: "verdict.waits", said: { cause: "still-trying", values, changes: [act("drain-site", { site })] } };
}

function proofFate({ routing }: Way, { "delivery-sender": proof }: Known): Fate | undefined {
  if (proof.fails !== "reject" || routing.kind !== "hop" || routing.hop.kind !== "smtp") return undefined;
  const changes = [act("pass-dmarc")];
  const values = { policy: proof.fails };
  const said = { cause: "authentication-failed", whoActs: "sender-admin", values, changes } as const;
  return { id: "verdict.refused", said };
}

const acceptedFate = ({ target, way }: HostAnswer): Fate => ({
  id: "verdict.accepted",
  said: { values: { host: placeText(target), onward: way.isByRule ? target.name : undefined } },
});

/** Words behind it go on. */
const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");
