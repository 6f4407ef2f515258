// A failure that a delivery would meet, as a finding: in words of explain, under an id of its own kind.
import type { CauseName, WhoActs } from "../../explain/explanation.ts";
import { explainFailure } from "../../explain/failure.ts";
import { type Failure, isPermanent } from "../../mail/failure.ts";
import { replyText } from "../../mail/reply.ts";
import { problemOf } from "../domain/dns-trouble.ts";
import { act, type Change, type FindingId, type Values } from "../finding.ts";
import type { ActionId } from "../languages/language.ts";
import type { Asked } from "../run.ts";
import { type DeliveryTools, type HopTarget, tell, type Way } from "./question.ts";

interface Met {
  readonly way: Way;
  /** What was looked at. */
  readonly about: string;
  /** Of the next hop, if it came so far. */
  readonly target?: HopTarget;
  /** As it was heard. */
  readonly evidence?: readonly string[];
  /** Another host has the word. */
  readonly isSpared?: boolean;
}

/** Tells of it. */
export function tellFailure(because: Failure, met: Met, asked: Asked<DeliveryTools>): void {
  const { way, about, target, evidence = [], isSpared = false } = met;
  const { cause, fact } = explainFailure(because, { recipient: way.recipient });
  const { id, values, changes } = shapeOf(because, way);
  tell(asked, id, {
    about,
    level: isSpared ? "note" : isPermanent(because) ? "error" : "warning",
    cause,
    recipient: way.recipient,
    values: { ...hostValues(target, asked), ...values },
    evidence: evidence.length > 0 ? evidence : [fact],
    changes: changes ?? explained(because, way).changes,
    whoActs: whoActsOn(because, way),
  });
}

interface Advice {
  readonly whoActs: WhoActs;
  readonly changes: readonly Change[];
}

/** For those who send: while it is tried again, they need do nothing. */
export function adviceFor(because: Failure, way: Way): Advice {
  const whoActs = isOwn(because, way) ? "sender-admin" : explained(because, way).whoActs;
  const { changes } = isOwn(because, way) ? shapeOf(because, way) : explained(because, way);
  return { whoActs, changes: changes ?? explained(because, way).changes };
}

/** Who asks here looks after our server; explain's steps are for those who wrote a message. */
const forOperator: Partial<Readonly<Record<CauseName, ActionId>>> = {
  "server-listed": "leave-list",
  "poor-reputation": "mend-reputation",
  "authentication-failed": "prove-sender",
  "no-reverse-name": "give-reverse-name",
  "bad-server-name": "give-server-name",
};

function explained(because: Failure, { recipient }: Way): Advice {
  const { whoActs, steps, cause, fact } = explainFailure(because, { recipient });
  const action = forOperator[cause];
  if (action === undefined) return { whoActs, changes: steps.map((text) => act("words", { text })) };
  const page = /https?:\/\/[^\s;,"'<>)]+(?<!\.)/i.exec(fact)?.[0];
  return { whoActs, changes: [act(action, { page })] };
}

/** Who can mend it, whether or not it passes by itself. */
function whoActsOn(because: Failure, way: Way): WhoActs {
  if (isOwn(because, way)) return "sender-admin";
  const { whoActs } = explainFailure(because, { recipient: way.recipient, givenUp: true });
  return isTheirs(because) ? "recipient-admin" : whoActs;
}

/** Something does not work at the other end, or on the way to it. */
const isTheirs = ({ kind }: Failure): boolean =>
  kind === "unreachable" || kind === "lost" || kind === "silent" || kind === "not-smtp";

/** Our own settings are in the way, or our machine. */
const isOwn = (because: Failure, way: Way): boolean =>
  because.kind === "internal" ||
  because.kind === "mx-is-us" ||
  because.kind === "tls" || // only where a route asks for it
  (because.kind === "local" && because.problem !== "no-such-mailbox") ||
  (because.kind === "refused" && because.stage === "auth") ||
  (because.kind === "unsupported" && because.extension === "AUTH") ||
  (isTheirs(because) && isLmtp(way));

const isLmtp = ({ routing }: Way): boolean => routing.kind === "hop" && routing.hop.kind === "lmtp";

interface Shape {
  readonly id: FindingId;
  readonly values?: Values;
  /** Where explain's steps are not the right ones. */
  readonly changes?: readonly Change[];
}

function shapeOf(because: Failure, way: Way): Shape {
  if (isTheirs(because) && isLmtp(way)) {
    const problem = "text" in because ? because.text : "it says nothing";
    return { id: "delivery.mailbox-server-down", values: { problem }, changes: [act("start-mailbox-server")] };
  }
  switch (because.kind) {
    case "dns":
      return dnsShape(because);
    case "null-mx":
      return { id: "mx.null" };
    case "mx-is-us":
      return { id: "delivery.leads-back", changes: [act("take-domain", { domain: because.domain })] };
    case "unreachable":
      return { ...unreachable[because.problem], values: { problem: because.text, stage: "connect" } };
    case "lost":
      return { ...hangsUp, values: { problem: because.text, stage: because.stage } };
    case "silent":
      return { id: "server.silent", values: { stage: because.stage }, changes: [act("see-server-log")] };
    case "not-smtp":
      return { id: "server.not-smtp", values: { said: because.text }, changes: [act("port-to-smtp")] };
    case "refused":
      return refusedShape(because);
    case "tls":
      return tlsShape(because, way);
    case "unsupported":
      return unsupportedShape(because);
    case "local":
      return because.problem === "no-such-mailbox"
        ? { id: "delivery.no-such-mailbox", changes: [act("correct-address"), act("add-own-mailbox")] }
        : {
            id: "delivery.mailbox-not-writable",
            values: { problem: because.text },
            changes: [act("let-write", { path: hopPath(way) })],
          };
    case "expired":
    case "operator":
    case "held-back":
    case "internal":
      return {
        id: "delivery.own-fault",
        values: { problem: "text" in because ? because.text : because.kind },
        changes: [act("mend-own")],
      };
  }
}

const nameServers = [act("see-to-name-servers")];

function dnsShape({ problem, name }: Extract<Failure, { kind: "dns" }>): Shape {
  switch (problem) {
    case "no-such-domain":
      return { id: "domain.no-such-domain" };
    case "no-data":
      return { id: "mx.none" };
    case "server-failure":
      return { id: "dns.server-failure", values: { problem: `DNS failed for ${name}` }, changes: nameServers };
    case "timeout":
      return { id: "dns.no-answer", values: { problem: problemOf({ kind: "timeout" }) }, changes: nameServers };
  }
}

const hangsUp: Shape = { id: "server.hangs-up", changes: [act("see-server-log")] };

const unreachable: Readonly<Record<Extract<Failure, { kind: "unreachable" }>["problem"], Shape>> = {
  refused: { id: "server.refused", changes: [act("start-server")] },
  timeout: { id: "server.no-answer", changes: [act("open-firewall")] },
  "no-route": { id: "server.no-route", changes: [act("other-network")] },
  reset: hangsUp,
  other: hangsUp,
};

function refusedShape(because: Extract<Failure, { kind: "refused" }>): Shape {
  const { stage, reply } = because;
  const values = { reply: replyText(reply) };
  switch (stage) {
    case "greeting":
    case "hello":
    case "starttls":
      return { id: "server.refuses-us", values };
    case "auth":
      return { id: "delivery.login-refused", values, changes: [act("correct-login")] };
    case "mail":
    case "data":
    case "content":
    case "quit":
      return { id: isPermanent(because) ? "delivery.sender-refused" : "delivery.deferred", values };
    case "rcpt":
      return { id: isPermanent(because) ? "delivery.recipient-refused" : "delivery.deferred", values };
  }
}

const tlsShape = ({ text: problem }: Extract<Failure, { kind: "tls" }>, { routing }: Way): Shape => ({
  id: "delivery.tls-required",
  values: { problem, mode: routing.kind === "hop" && routing.hop.kind === "smtp" ? routing.hop.tls : undefined },
  changes: [act("see-route-tls")],
});

function unsupportedShape({ extension, text }: Extract<Failure, { kind: "unsupported" }>): Shape {
  switch (extension) {
    case "SIZE":
      return { id: "delivery.too-big", values: { problem: text } };
    case "AUTH":
      return { id: "delivery.login-not-offered", values: { problem: text }, changes: [act("correct-login")] };
    case "SMTPUTF8":
    case "8BITMIME":
    case "BINARYMIME":
      return { id: "delivery.feature-missing", values: { extension } };
  }
}

const hopPath = ({ routing }: Way): string | undefined =>
  routing.kind === "hop" && routing.hop.kind === "maildir" ? routing.hop.path : undefined;

/** For the words of servers. */
function hostValues(target: HopTarget | undefined, { tools }: Asked<DeliveryTools>): Values {
  if (target === undefined) return {};
  const { name: host, address, port } = target;
  return { host, address, port, seconds: tools.question.limits.connectMs / 1_000 };
}
