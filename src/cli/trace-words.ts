// The words of a trace: each event of a message as a line, and more about it below.
import type { Instant } from "../base/world.ts";
import { explainFailure } from "../explain/failure.ts";
import type { Event } from "../journal/event.ts";
import type { Address } from "../mail/address.ts";
import type { Client } from "../mail/client.ts";
import { failureText, hostText } from "../mail/failure-text.ts";
import { oneLine } from "../mail/printable.ts";
import type { Failure } from "../mail/failure.ts";
import type { Step } from "../mail/outcome.ts";
import { replyText } from "../mail/reply.ts";
import type { Style } from "./context.ts";
import { dueText, pathText, sinceText, sizeText, timeText } from "./human-units.ts";

export type Received = Extract<Event, { kind: "received" }>;
export type Refused = Extract<Event, { kind: "refused" }>;
/** What happens to one recipient's delivery. */
export type Along = Exclude<Event, Received | Refused>;

/** When the drawing is made, and the zone of its times; without one, local time. */
export interface Viewed {
  readonly now: Instant;
  readonly timeZone?: string;
}

/** A line on the way, and more about it below. */
interface Stop {
  readonly glyph: "delivered" | "deferred" | "bounced" | "notice" | "operator";
  readonly style: Style;
  readonly text: string;
  /** What was tried on the way to it. */
  readonly steps?: readonly string[];
  /** What it means, for people. */
  readonly meaning?: string;
  /** What comes next. */
  readonly next?: string;
}

interface StopFacts {
  readonly sender: Received["from"] | undefined;
  /** No attempt came after it. */
  readonly latest: boolean;
  readonly viewed: Viewed;
}

export function stopOf(event: Along, { sender, latest, viewed }: StopFacts): Stop {
  switch (event.kind) {
    case "delivered": {
      const tls = event.tls === undefined ? "" : ` over ${oneLine(event.tls.version)}`;
      const text = `attempt ${event.attempt} delivered to ${hostText(event.host)}${tls}: ${oneLine(replyText(event.reply))}`;
      return { glyph: "delivered", style: "green", text, steps: stepTexts(event.steps) };
    }
    case "deferred": {
      const what = event.untried ? "not tried now" : `attempt ${event.attempt} deferred`;
      const text = `${what}: ${failureText(event.because)}`;
      const when = latest ? dueText(event.retryAt, viewed.now) : `after ${sinceText(event.at, event.retryAt)}`;
      const next = `next attempt ${when}, at ${timeText(event.retryAt, viewed.timeZone)}`;
      return {
        glyph: "deferred",
        style: "yellow",
        text,
        steps: stepTexts(event.steps, event.because),
        ...meaning(event),
        next,
      };
    }
    case "bounced": {
      const what = event.attempt === 0 ? "failed for good" : `attempt ${event.attempt} failed for good`;
      const text = `${what}: ${failureText(event.because)}`;
      return { glyph: "bounced", style: "red", text, steps: stepTexts(event.steps, event.because), ...meaning(event) };
    }
    case "bounced-later": {
      const final = event.final === undefined ? "" : ` (at ${oneLine(event.final)})`;
      const text = `bounced later${final}, as ${tellerText(event.reportedBy)}: ${event.summary}`;
      return { glyph: "bounced", style: "red", text, steps: event.text === "" ? [] : [oneLine(event.text)] };
    }
    case "complained": {
      const text = `called unwanted by the recipient (${oneLine(event.feedbackType)}), as ${tellerText(event.reportedBy)}`;
      return { glyph: "bounced", style: "red", text };
    }
    case "notice": {
      const whom = sender === undefined ? "the sender" : pathText(sender);
      const text = `told ${whom} ${noticeText[event.action]}: waybill trace ${event.noticeId}`;
      return { glyph: "notice", style: "cyan", text };
    }
    case "notice-suppressed":
      return { glyph: "notice", style: "cyan", text: `nobody was told: ${oneLine(event.text)}` };
    case "operator":
      return { glyph: "operator", style: "cyan", text: operatorText[event.action] };
  }
}

const tellerText = (reportedBy: string | undefined): string =>
  reportedBy === undefined ? "a report told" : `${oneLine(reportedBy)} told`;

/** What happened and who can set it right. */
function meaning({ because, to, kind }: Extract<Along, { kind: "deferred" | "bounced" }>): {
  readonly meaning: string;
} {
  const { summary, whoActs } = explainFailure(because, { recipient: to, givenUp: kind === "bounced" });
  return { meaning: `${summary} ${actorText[whoActs]}` };
}

const actorText = {
  sender: "The sender can set it right.",
  "sender-admin": "You can set it right, on this side.",
  recipient: "The recipient can set it right.",
  "recipient-admin": "Those who run the recipient's mail can set it right.",
  provider: "The recipient's provider can set it right.",
  nobody: "Nobody needs to do anything.",
} as const;

const noticeText = {
  failed: "that delivery failed",
  delayed: "that delivery is delayed",
  delivered: "that it was delivered",
  relayed: "that it was passed on to a server that confirms nothing",
} as const;

const operatorText = {
  retry: "the operator asked for an attempt at once",
  hold: "held by the operator: no attempt until it is released",
  release: "released by the operator",
  drop: "dropped by the operator; nobody is told",
  bounce: "the operator gave it up",
} as const;

/** The failure that decided stands in the line above already. */
function stepTexts(steps: readonly Step[], because?: Failure): string[] {
  const decisive = because && failureText(because);
  const texts: string[] = [];
  let last = "";
  for (const { host, failure, text } of steps) {
    const why = failure && failureText(failure);
    if (why !== undefined && why === decisive) continue;
    const where = host === undefined ? "" : hostText(host);
    // what went well at one host is one line
    if (why === undefined && where !== "" && where === last) texts.push(`${texts.pop()}, ${oneLine(text)}`);
    else if (why === undefined) texts.push(where === "" ? oneLine(text) : `${where}: ${oneLine(text)}`);
    else texts.push(text === "" ? why : `${oneLine(text)}: ${why}`);
    last = why === undefined ? where : "";
  }
  return texts;
}

export const receivedText = ({ from, author, asked = [], sizeBytes, client }: Received): string =>
  `received${fromText(from, author)}${asked.length === 0 ? "" : ` for ${pathsText(asked)}`}, ${sizeText(sizeBytes)}, ${clientText(client)}`;

export function refusedText({ client, stage, account, from, author, reply, ...refused }: Refused): string {
  const { to, recipients = to === undefined ? [] : [to] } = refused;
  const whose = loggedInText(client) === "" ? "" : `${loggedInText(client)},`;
  const login = account === undefined ? "" : ` as ${oneLine(account)}`;
  const path = `${from === undefined ? "" : fromText(from, author)}${recipients.length === 0 ? "" : ` to ${pathsText(recipients)}`}`;
  return `refused ${clientName(client)}${whose} ${stageText[stage]}${login}${path}: ${oneLine(replyText(reply))}`;
}

const fromText = (from: Received["from"], author: Address | undefined): string =>
  ` from ${pathText(from)}${author === undefined ? "" : ` (From: ${pathText(author)})`}`;

/** The first few. */
const pathsText = (paths: readonly Address[]): string =>
  `${paths.slice(0, 3).map(pathText).join(", ")}${paths.length > 3 ? ` and ${paths.length - 3} more` : ""}`;

const loggedInText = ({ account }: Client): string =>
  account === undefined ? "" : `, logged in as ${oneLine(account)}`;

const stageText = {
  connect: "when it connected",
  login: "at AUTH",
  mail: "at MAIL FROM",
  rcpt: "at RCPT TO",
  data: "at DATA",
  content: "after the message",
} as const;

function clientText(client: Client): string {
  if (client.protocol === "LOCAL") return "from this machine";
  const tls = client.tls === undefined ? "" : ` over ${oneLine(client.tls.version)}`;
  return `by ${client.protocol}${tls} from ${clientName(client)}${loggedInText(client)}`;
}

function clientName({ name, helloName, address }: Client): string {
  const called = name ?? helloName;
  return called === undefined ? `[${address}]` : `${oneLine(called)} [${address}]`;
}
