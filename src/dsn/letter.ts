// The part of a notice that people read: what happened, whether to wait, what to do; the other server's words come last.
import { type Address, displayAddress } from "../mail/address.ts";
import type { Failure } from "../mail/failure.ts";
import type { Explanation } from "../explain/explanation.ts";
import { dateIn, fillIn, type Texts, textsIn } from "../explain/languages/language.ts";
import { clean, textLimits } from "../mail/foreign-text.ts";
import type { ExplainedRecipient, ExplainedRequest } from "./notice.ts";
import type { Remembered } from "./original.ts";

/** A piece of the letter, before it is plain text or HTML. */
export type Block =
  | { readonly kind: "title" | "heading" | "text"; readonly text: string }
  | { readonly kind: "labelled"; readonly label: string; readonly text: string }
  | { readonly kind: "addresses"; readonly addresses: readonly string[]; readonly more?: string }
  | { readonly kind: "steps"; readonly steps: readonly string[] }
  /** Between addresses that met different fates. */
  | { readonly kind: "rule" }
  | { readonly kind: "table"; readonly rows: readonly (readonly [string, string])[] }
  /** Words of another server, under a line that says whose they are. */
  | { readonly kind: "quote"; readonly title: string; readonly text: string }
  /** For administrators, in English. */
  | { readonly kind: "technical"; readonly lines: readonly string[] };

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

export function writeLetter(request: ExplainedRequest, remembered: Remembered): Block[] {
  const texts = textsIn(request.language);
  return [
    ...news(request, texts),
    ...outlook(request, texts, remembered),
    ...aboutMessage(request, texts, remembered),
    ...details(request, texts),
  ];
}

function groupByCause(recipients: readonly ExplainedRecipient[]): Group[] {
  const groups = Map.groupBy(recipients, ({ explanation }) =>
    JSON.stringify([explanation?.summary, explanation?.whoActs, explanation?.steps]),
  );
  return [...groups.values()].map((told) => {
    const { explanation } = told[0]!;
    return { told, ...(explanation && { explanation }) };
  });
}

/** What happened to which address, why, and what to do. */
function news({ action, recipients }: ExplainedRequest, texts: Texts): Block[] {
  const { one, several } = texts.notice.openings[action];
  return [
    { kind: "title", text: recipients.length === 1 ? one : several },
    ...groupByCause(recipients).flatMap(({ told, explanation }, i): Block[] => [
      ...(i > 0 ? [{ kind: "rule" } as const] : []),
      addressList(told, texts),
      ...(explanation ? why(explanation, texts) : []),
      ...(explanation && action === "failed" ? whatToDo(explanation, texts) : []),
    ]),
  ];
}

function addressList(told: readonly ExplainedRecipient[], { notice }: Texts): Block {
  const addresses = told.slice(0, shown.addressesPerCause).map(({ recipient }) => addressText(recipient.address));
  const count = told.length - addresses.length;
  return {
    kind: "addresses",
    addresses,
    ...(count > 0 && { more: fillIn(notice.moreAddresses, { count: String(count) }) }),
  };
}

const why = ({ summary }: Explanation, { headings }: Texts): Block[] => [
  { kind: "heading", text: headings.happened },
  { kind: "text", text: summary },
];

const whatToDo = ({ steps, whoActs }: Explanation, texts: Texts): Block[] => [
  { kind: "heading", text: texts.headings.steps },
  { kind: "steps", steps },
  { kind: "labelled", label: texts.headings.whoActs, text: texts.whoActs[whoActs] },
];

/** Whether anything is left to do or to wait for, and what of the others. */
function outlook(
  { action, recipients, language }: ExplainedRequest,
  { notice, others }: Texts,
  { sent }: Remembered,
): Block[] {
  const times = recipients.map(({ willRetryUntil }) => willRetryUntil).filter((time) => time !== undefined);
  const date = times.length === 0 ? undefined : dateIn(language, Math.max(...times), sent?.zone);
  const isTrouble = action === "failed" || action === "delayed";
  const texts = [
    notice.outlooks[action],
    ...(action === "delayed" ? [notice.outlooks.urgent] : []),
    ...(isTrouble ? [others] : []),
  ];
  return texts.map((text) => ({ kind: "text", text: fillIn(text, { date }) }));
}

function aboutMessage(
  { message, hostname, language }: ExplainedRequest,
  texts: Texts,
  remembered: Remembered,
): Block[] {
  const { fields, number } = texts.notice;
  const { at, zone } = remembered.sent ?? { at: message.receivedAt };
  return [
    { kind: "heading", text: texts.headings.message },
    {
      kind: "table",
      rows: [
        ...(remembered.subject === undefined ? [] : ([[fields.subject, remembered.subject]] as const)),
        [fields.sent, dateIn(language, at, zone)],
        [fields.number, fillIn(number, { name: message.queueId, host: hostname })],
      ],
    },
  ];
}

/** The words of the other servers, the same words once; under them, what they mean to those who run mail servers. */
function details({ recipients }: ExplainedRequest, texts: Texts): Block[] {
  const answered = recipients.flatMap(({ failure, explanation, isReported, recipient: { address } }) => {
    if (failure === undefined || explanation === undefined || explanation.fact === "") return [];
    const server = answeringServer(failure);
    if (!isReported || server === undefined) return [{ address, ...explanation, server }];
    return [{ address, ...explanation, fact: `${server}: ${explanation.fact}`, server: undefined }];
  });
  if (answered.length === 0) return [];
  const different = Map.groupBy(answered, ({ server, fact }) => JSON.stringify([server, fact]));
  const groups = [...different.values()].slice(0, shown.answers);
  const quotes = groups.map((same): Block => {
    const { server, fact, address } = same[0]!;
    const whom = recipients.length === 1 ? undefined : addressesText(address, same.length - 1, texts);
    const title = server === undefined ? texts.notice.noted : texts.notice.answered;
    return { kind: "quote", title: fillIn(title, { name: server, address: whom }), text: fact };
  });
  // what names the server again says nothing new
  const lines = groups.flatMap(([{ forOperator, server } = answered[0]!]) =>
    forOperator.filter((line) => server === undefined || !line.includes(server)),
  );
  const technical = [...new Set(lines.map((line) => clean(line, textLimits.evidence)))];
  return [
    { kind: "heading", text: texts.headings.details },
    ...quotes,
    ...(technical.length === 0 ? [] : [{ kind: "technical", lines: technical } as const]),
  ];
}

function addressesText(first: Address, more: number, { notice }: Texts): string {
  const address = addressText(first);
  return more === 0 ? address : fillIn(notice.andMore, { address, count: String(more) });
}

/** The name of the server whose words they are. */
function answeringServer(failure: Failure): string | undefined {
  if (failure.kind === "expired") return failure.last && answeringServer(failure.last);
  return failure.kind === "refused" ? clean(failure.host.name, 255) : undefined;
}
