// What the running server knows: is the destination closed or suspended, is the recipient, does mail for it wait, and what
// became of mail to it before.
import { explainFailure } from "../../explain/failure.ts";
import type { Event } from "../../journal/event.ts";
import type { Address } from "../../mail/address.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { deliveryCheck, type DeliveryTools, type SiteStanding, type Standing, tell, type Waiting } from "./question.ts";

export const state = deliveryCheck({
  name: "delivery-state",
  needs: ["delivery-route"],
  async run(asked, { "delivery-route": ways }) {
    const standing = await asked.tools.prospects.standing(ways);
    if (standing.kind === "no-server") {
      tell(asked, "delivery.no-server", { values: { problem: standing.why }, changes: [act("start-waybill")] });
      return undefined;
    }
    for (const site of standing.sites) tellSite(site, asked);
    for (const { address, because, until, cause } of standing.suppressions)
      tell(asked, "delivery.suppressed", {
        about: address,
        cause,
        values: { because, until: minuteText(until) },
        recipient: address,
        changes: [act("lift-suppression")],
      });
    tellWaiting(standing, asked);
    tellHistory(standing, asked);
    return standing;
  },
});

/** "2026-03-01 13:00 UTC" */
export const minuteText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;

function tellSite({ site, state, suspended, because, until }: SiteStanding, asked: Asked<DeliveryTools>): void {
  const about = site;
  const { recipient, sender } = asked.tools.delivery;
  const explained = because === undefined ? undefined : explainFailure(because, { recipient });
  const values = {
    site,
    because: explained?.summary,
    until: until === undefined ? undefined : minuteText(until),
    words: suspended === "" ? undefined : suspended,
    sender,
  };
  const evidence = explained === undefined ? [] : [explained.fact];
  const cause = explained === undefined ? {} : { cause: explained.cause };
  switch (state) {
    case "suspended":
      return tell(asked, "delivery.suspended", { about, values, changes: [act("resume-site", { site })] });
    case "closed":
      return tell(asked, "delivery.closed", {
        about,
        values,
        evidence,
        ...cause,
        changes: [act("drain-site", { site })],
      });
    case "slowed":
      return tell(asked, "delivery.slowed", { about, values, evidence, ...cause });
    case "open":
      return tell(asked, "delivery.open", { about, values });
  }
}

function tellWaiting({ waiting, waitingForDomain }: Standing, asked: Asked<DeliveryTools>): void {
  const values = { count: waiting.length, all: waitingForDomain };
  const failed = waiting.findLast(({ lastFailure }) => lastFailure !== undefined);
  const held = waiting.find(({ state }) => state === "held");
  if (held !== undefined)
    tell(asked, "delivery.held", {
      values: { ...values, queueId: held.queueId },
      changes: [act("release-held", { queueId: held.queueId })],
    });
  if (failed === undefined) {
    if (held === undefined) tell(asked, waiting.length > 0 ? "delivery.waiting" : "delivery.none-waiting", { values });
  } else tellStuck(failed, { count: waiting.length }, asked);
}

function tellStuck(
  { queueId, attempts, dueAt, lastFailure }: Waiting,
  { count }: { readonly count: number },
  asked: Asked<DeliveryTools>,
): void {
  const { recipient } = asked.tools.delivery;
  const { summary, cause, whoActs, fact, steps } = explainFailure(lastFailure!, { recipient });
  tell(asked, "delivery.stuck", {
    cause,
    whoActs,
    values: { count, queueId, attempts, next: minuteText(dueAt), because: summary },
    evidence: [fact],
    changes: [...steps.map((text) => act("words", { text })), act("see-trace", { queueId })],
  });
}

type Ended = Extract<Event, { kind: "delivered" | "bounced" | "bounced-later" }>;

/** The newest end of a delivery to the recipient, or to whom it leads. */
function tellHistory({ history }: Standing, asked: Asked<DeliveryTools>): void {
  const { recipient } = asked.tools.delivery;
  const ended = history.filter((event) => isEnd(event)).toSorted((a, b) => a.at - b.at);
  const last = ended.at(-1);
  if (last === undefined) return;
  const values = { at: minuteText(last.at), queueId: last.queueId };
  if (last.kind === "delivered")
    return tell(asked, "delivery.arrived-before", { values: { ...values, host: last.host.name } });
  const { summary, fact, ...words } = wordsOf(last, recipient);
  const times = ended.filter(({ kind }) => kind !== "delivered").length;
  tell(asked, "delivery.came-back-before", {
    ...words,
    values: { ...values, because: summary, times: times > 1 ? times : undefined },
    evidence: [fact],
    changes: [act("see-trace", { queueId: last.queueId })],
  });
}

const isEnd = (event: Event): event is Ended =>
  event.kind === "delivered" || event.kind === "bounced" || event.kind === "bounced-later";

function wordsOf(event: Exclude<Ended, { kind: "delivered" }>, recipient: Address) {
  if (event.kind === "bounced-later") return { cause: event.cause, summary: event.summary, fact: event.text };
  const { cause, whoActs, summary, fact } = explainFailure(event.because, { recipient, givenUp: true });
  return { cause, whoActs, summary, fact };
}
