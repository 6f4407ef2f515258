// The part of a notice that people read: what happened, whether to wait, what to do, and the other server's words last.
import type { Instant } from "../base/world.ts";
import { type Address, displayAddress } from "../mail/address.ts";
import type { Failure } from "../mail/failure.ts";
import type { Explanation } from "../explain/describe.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";
import { wrap } from "./lines.ts";
import type { NoticeAction } from "../mail/outcome.ts";
import type { ExplainedRecipient, ExplainedRequest } from "./notice.ts";
import type { Remembered } from "./original.ts";

/** An address as people write it, fit for a line. */
export const addressText = (address: Address): string => clean(displayAddress(address), textLimits.address);

/** More than these are left to the report for programs. */
const shown = { addressesPerCause: 20, answers: 10 } as const;

/** Recipients whose mail met the same fate. */
interface Group {
  readonly told: readonly ExplainedRecipient[];
  /** Absent: all went well. */
  readonly explanation?: Explanation;
}

/** Paragraphs with CRLF at each line's end. */
export function writeLetter(request: ExplainedRequest, remembered: Remembered): string {
  const groups = groupByCause(request);
  const paragraphs = [
    ...news(request, groups),
    ...outlook(request),
    aboutMessage(request, remembered),
    ...answers(request),
  ];
  return paragraphs.map((lines) => lines.map((line) => `${line}\r\n`).join("")).join("\r\n");
}

function groupByCause({ recipients }: ExplainedRequest): Group[] {
  const groups = Map.groupBy(recipients, ({ explanation }) =>
    JSON.stringify([explanation?.summary, explanation?.whoActs, explanation?.steps]),
  );
  return [...groups.values()].map((told) => {
    const { explanation } = told[0]!;
    return { told, ...(explanation && { explanation }) };
  });
}

/** What happened to which address, why, and what to do. */
function news({ action, recipients }: ExplainedRequest, groups: readonly Group[]): string[][] {
  const opening = openings[action](recipients.length === 1 ? "this address" : "these addresses");
  const about = groups.flatMap(({ told, explanation }) => [
    addressList(told),
    ...(explanation === undefined ? [] : [wrap(explanation.summary)]),
    ...(explanation === undefined || action !== "failed" ? [] : [stepList(explanation)]),
  ]);
  return [wrap(opening), ...about];
}

const openings: Record<NoticeAction, (whom: string) => string> = {
  failed: (whom) => `Your message could not be delivered to ${whom}:`,
  delayed: (whom) => `Your message could not be delivered yet to ${whom}:`,
  delivered: (whom) => `Your message was delivered to ${whom}:`,
  relayed: (whom) => `Your message was passed on to the mail server that is in charge of ${whom}:`,
};

function addressList(told: readonly ExplainedRecipient[]): string[] {
  const addresses = told
    .slice(0, shown.addressesPerCause)
    .map(({ recipient }) => `    ${addressText(recipient.address)}`);
  const more = told.length - addresses.length;
  return more === 0 ? addresses : [...addresses, `    and ${more} more, named in the report attached to this notice`];
}

const stepList = ({ steps }: Explanation): string[] => [
  "What you can do:",
  ...steps.flatMap((step) => wrap(step, "  - ")),
];

/** Whether anything is left to do or to wait for. */
function outlook({ action, recipients }: ExplainedRequest): string[][] {
  switch (action) {
    case "failed":
      return [wrap("Nothing more will be tried.")];
    case "delayed": {
      const times = recipients.map(({ willRetryUntil }) => willRetryUntil).filter((time) => time !== undefined);
      const until = times.length === 0 ? "" : ` until ${timeText(Math.max(...times))}`;
      return [
        wrap(`You do not need to do anything: we keep trying${until}, and tell you if it does not work.`),
        wrap("If the message is urgent, reach the recipient in another way."),
      ];
    }
    case "delivered":
      return [wrap("You do not need to do anything. You get this notice because it was asked for with the message.")];
    case "relayed":
      return [
        wrap(
          "You do not need to do anything. You asked to be told when it is delivered, but that mail server does not tell us. If it cannot deliver the message, it should write to you.",
        ),
      ];
  }
}

function aboutMessage({ message, hostname }: ExplainedRequest, { subject, date }: Remembered): string[] {
  return [
    "Your message:",
    ...(subject === undefined ? [] : wrap(subject, "    Subject: ")),
    ...wrap(date ?? timeText(message.receivedAt), "    Sent:    "),
    ...wrap(`${message.queueId} at ${hostname}`, "    Number:  "),
  ];
}

/** The words of the other servers; the same words once. */
function answers({ recipients }: ExplainedRequest): string[][] {
  const answered = recipients.flatMap(({ failure, explanation, recipient: { address } }) => {
    const evidence = explanation?.evidence;
    return evidence === undefined ? [] : [{ address, evidence, server: answeringServer(failure) }];
  });
  const different = Map.groupBy(answered, ({ server, evidence }) => JSON.stringify([server, evidence]));
  return [...different.values()].slice(0, shown.answers).map((same) => {
    const { server, evidence, address } = same[0]!;
    const others = same.length === 1 ? "" : ` and ${same.length - 1} more`;
    const about = recipients.length === 1 ? "" : ` about ${addressText(address)}${others}`;
    const title =
      server === undefined ? `Our mail server noted${about}:` : `The mail server ${server} answered${about}:`;
    return [...wrap(title), ...wrap(evidence, "    ")];
  });
}

/** The name of the server whose words the evidence is. */
function answeringServer(failure: Failure | undefined): string | undefined {
  if (failure === undefined) return undefined;
  if (failure.kind === "expired") return answeringServer(failure.last);
  return failure.kind === "refused" ? clean(failure.host.name, 255) : undefined;
}

/** "Friday 27 November 2026, 14:00 UTC" */
function timeText(at: Instant): string {
  const options = {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  } as const;
  const format = new Intl.DateTimeFormat("en-GB", { ...options, hourCycle: "h23", timeZone: "UTC" });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part["weekday"]} ${part["day"]} ${part["month"]} ${part["year"]}, ${part["hour"]}:${part["minute"]} UTC`;
}
