// Each address of the next hop is asked as a delivery would ask it: connection, greeting, EHLO, TLS, login, MAIL, RCPT.
import { causeOf } from "../../explain/failure.ts";
import type { Failure } from "../../mail/failure.ts";
import { replyText } from "../../mail/reply.ts";
import { act } from "../finding.ts";
import type { Asked } from "../run.ts";
import { tellFailure } from "./failure-findings.ts";
import {
  deliveryCheck,
  type DeliveryTools,
  type HopTarget,
  type HostAnswer,
  placeText,
  type RemoteHop,
  tell,
  type Way,
} from "./question.ts";
import { rehearse } from "./rehearsal.ts";

export const hosts = deliveryCheck({
  name: "delivery-hosts",
  needs: ["delivery-route"],
  async run(asked, { "delivery-route": ways }) {
    return (await Promise.all(ways.map((way) => askWay(way, asked)))).flat();
  },
});

/** Asked of one hop; more is for nobody's good. */
const mostTargets = 8;

async function askWay(way: Way, asked: Asked<DeliveryTools>): Promise<HostAnswer[]> {
  if (way.routing.kind === "failed") return [];
  const { hop } = way.routing;
  if (hop.kind === "maildir") return [await askMaildir(way, hop.path, asked)];
  const { visitMs } = asked.tools.question.limits;
  const targets = targetsOf(hop).slice(0, mostTargets);
  const heard = await Promise.all(
    targets.map(async (target): Promise<Heard> => {
      const about = placeText(target);
      const whole = await asked.part(about, visitMs, (part) => askHost(way, { hop, target }, part));
      return whole ?? { way, target, isOpened: false, because: late(target, visitMs), evidence: [] };
    }),
  );
  const deciding = heard.find(({ isOpened }) => isOpened);
  for (const answer of heard) {
    const isSpared = deciding !== undefined && answer !== deciding;
    tellOf(answer, hop, { asked, isSpared });
  }
  if (hop.kind === "smtp" && heard.every(({ because }) => because !== undefined && isUnanswered(because)))
    tell(asked, "server.port-blocked", {
      recipient: way.recipient,
      values: { port: targets[0]?.port },
      changes: [act("other-network")],
    });
  return heard;
}

/** As when a network lets nobody out. */
const isUnanswered = (because: Failure): boolean =>
  because.kind === "unreachable" && (because.problem === "timeout" || because.problem === "no-route");

interface Heard extends HostAnswer {
  readonly evidence: readonly string[];
  readonly hasEightBit?: boolean;
  /** Of STARTTLS, before it went on in clear text. */
  readonly tlsFailure?: Failure;
}

const late = ({ name, address, port }: HopTarget, timeoutMs: number): Failure => ({
  kind: "silent",
  host: { name, address, port },
  stage: "greeting",
  timeoutMs,
});

function targetsOf(hop: RemoteHop): HopTarget[] {
  if (hop.kind === "smtp")
    return hop.hosts.flatMap(({ name, addresses, port }) => addresses.map((address) => ({ name, address, port })));
  const { to } = hop;
  return [
    "path" in to ? { name: to.path, address: to.path, port: 0 } : { name: to.host, address: to.host, port: to.port },
  ];
}

async function askHost(
  way: Way,
  { hop, target }: { readonly hop: RemoteHop; readonly target: HopTarget },
  { tools, signal }: Asked<DeliveryTools>,
): Promise<Heard> {
  const { sender, sizeBytes } = tools.delivery;
  const opened = await tools.prospects.open(hop, target, signal);
  // a session was possible in clear text only
  const tlsFailure = opened.steps.findLast(({ failure }) => failure !== undefined)?.failure;
  const seen = { way, target, ...(tlsFailure && { tlsFailure }) };
  if (opened.kind === "failed") return { ...seen, isOpened: false, because: opened.because, evidence: opened.heard };
  const { session } = opened;
  const { wire, offered } = session;
  const rehearsed = await rehearse(session, { sender, recipient: way.recipient, sizeBytes });
  return {
    ...seen,
    isOpened: true,
    hasEightBit: offered.eightBitMime,
    ...(wire.tls && { tls: wire.tls }),
    ...(rehearsed.because && { because: rehearsed.because }),
    evidence: [...opened.heard, ...rehearsed.replies],
  };
}

interface Telling {
  readonly asked: Asked<DeliveryTools>;
  /** A delivery would open a session with another host, and not come to this one. */
  readonly isSpared: boolean;
}

function tellOf(answer: Heard, hop: RemoteHop, { asked, isSpared }: Telling): void {
  const { way, target, because, isOpened, tls, evidence, hasEightBit } = answer;
  const about = placeText(target);
  if (because !== undefined) {
    const isGreylisted = causeOf(because, way.recipient) === "greylisted";
    if (isGreylisted) tell(asked, "delivery.greylisted", { about, values: { reply: replyOf(because) }, evidence });
    else tellFailure(because, { way, about, target, evidence, isSpared }, asked);
  } else
    tell(asked, "delivery.accepts", {
      about,
      recipient: way.recipient,
      values: { tls: tls && `${tls.version} ${tls.cipher}` },
      evidence,
    });
  if (!isOpened || hop.kind !== "smtp") return;
  if (hasEightBit === false) tell(asked, "delivery.no-8bit", { about });
  if (tls === undefined && hop.tls !== "never") tellClearText(answer, asked);
}

const replyOf = (because: Failure): string | undefined =>
  because.kind === "refused" ? replyText(because.reply) : undefined;

/** What goes to this very machine can be read by nobody on the way. */
const isLoopback = (address: string): boolean => /^(?:127\.|::1$)/.test(address);

function tellClearText({ target, tlsFailure }: Heard, asked: Asked<DeliveryTools>): void {
  const about = placeText(target);
  const values = { host: target.name };
  if (tlsFailure === undefined) {
    if (!isLoopback(target.address)) tell(asked, "tls.not-offered", { about, values, changes: [act("offer-tls")] });
  } else if (tlsFailure.kind === "refused") {
    const reply = replyText(tlsFailure.reply);
    tell(asked, "tls.refused", { about, values: { ...values, reply }, evidence: [reply], changes: [act("see-tls")] });
  } else {
    const problem = "text" in tlsFailure ? tlsFailure.text : tlsFailure.kind;
    // the message goes, if in clear text
    tell(asked, "tls.handshake", {
      about,
      level: "warning",
      values: { ...values, problem },
      changes: [act("see-tls")],
    });
  }
}

async function askMaildir(way: Way, path: string, asked: Asked<DeliveryTools>): Promise<HostAnswer> {
  const because = await asked.tools.prospects.maildir(path);
  if (because === undefined) tell(asked, "delivery.maildir-good", { about: path });
  else tellFailure(because, { way, about: path }, asked);
  const target = { name: path, address: path, port: 0 };
  return { way, target, isOpened: true, ...(because && { because }) };
}
