// An explanation as lines for a person: what happened, who can set it right, what to do, and last the technical part.
import type { ExplainedRecipient, ExplainedBounce } from "../explain/explain-bounce.ts";
import type { CauseName, Explanation, Language, Permanence } from "../explain/explanation.ts";
import type { HttpExplanation } from "../explain/http.ts";
import { textsIn } from "../explain/languages/language.ts";
import { oneLine } from "../mail/printable.ts";
import { type Context, type Paint, paintFor, type Style } from "./context.ts";
import { wrap } from "./step-drawing.ts";

/** A message that was read, or a text, each with what it tells of recipients. */
export interface Explained extends Omit<ExplainedBounce, "kind"> {
  /** File, or the text itself. */
  readonly name: string;
  readonly kind: ExplainedBounce["kind"] | "text";
  /** For a status of HTTP; then there are no recipients. */
  readonly http?: HttpExplanation;
}

export interface ExplanationDrawing {
  readonly paint: Paint;
  /** Columns. */
  readonly width: number;
  readonly language: Language;
}

export const explanationDrawingFor = (context: Context, language: Language): ExplanationDrawing => ({
  paint: paintFor(context),
  width: context.stdout.isTTY ? Math.min(context.stdout.columns ?? 100, 100) : 100,
  language,
});

export function drawExplained(explained: Explained, drawing: ExplanationDrawing): string[] {
  const { paint, language } = drawing;
  const { name, kind, recipients, original, http } = explained;
  if (http) return drawHttp(http, drawing);
  const { commandLine, others } = textsIn(language);
  const about = original.subject === undefined ? "" : `: ${oneLine(original.subject)}`;
  const title = kind === "text" ? oneLine(name) : `${name}, ${commandLine.kinds[kind]}${about}`;
  const several = recipients.length > 1 || kind !== "text";
  const isNotice = kind === "failure" || kind === "delay";
  return [
    ...(kind === "text" && !several ? [] : [paint("bold", title)]),
    ...(original.messageId === undefined ? [] : [`Message-ID: ${oneLine(original.messageId)}`]),
    ...(recipients.length === 0 ? [commandLine.nobody] : []),
    ...recipients.flatMap((recipient, i) => [
      ...(i > 0 || several ? [""] : []),
      ...drawRecipient(recipient, kind, drawing),
    ]),
    ...(isNotice && recipients.length > 0 ? ["", ...wrap(others, drawing.width)] : []),
  ];
}

function drawHttp({ status, name, meaning, steps, redirect, source }: HttpExplanation, drawing: ExplanationDrawing) {
  const { paint, width } = drawing;
  return [
    paint("bold", `HTTP ${status} ${name}`),
    ...wrap(meaning, width),
    ...(redirect ? [redirect.asks, redirect.why].flatMap((words) => wrap(words, width)) : []),
    ...steps.flatMap((step, i) => numbered(step, i + 1, width)),
    source,
  ];
}

const styleOf: Readonly<Record<Permanence, Style>> = { temporary: "yellow", permanent: "red", over: "red" };

/** What became of the message at a recipient whom it reached needs no more words than the summary. */
const arrived: ReadonlySet<CauseName> = new Set(["delivered", "no-failure", "complaint", "auto-reply"]);

function drawRecipient(
  { address, text, explanation }: ExplainedRecipient,
  kind: Explained["kind"],
  drawing: ExplanationDrawing,
): string[] {
  const { paint, width, language } = drawing;
  const { headings, confidence } = textsIn(language);
  const hasArrived = arrived.has(explanation.cause);
  const style = hasArrived ? "green" : styleOf[explanation.permanence];
  return [
    ...(address === "" ? [] : [paint("bold", oneLine(address))]),
    ...wrap(explanation.summary, width).map((line) => paint(style, line)),
    ...(hasArrived ? [] : wrap(prospect(explanation, kind), width)),
    ...drawActor(explanation, drawing),
    "",
    paint("bold", headings.steps),
    ...explanation.steps.flatMap((step, i) => numbered(step, i + 1, width)),
    "",
    paint("bold", headings.details),
    ...drawDetails(explanation, text).flatMap((line) => indented(line, width)),
    ...indented(`${explanation.cause}: ${confidence[explanation.confidence]}`, width),
  ];
}

const indented = (words: string, width: number): string[] => wrap(words, width - 2).map((line) => `  ${line}`);

/** A notice of a delay says for certain what else can only be supposed: that it is still tried. */
function prospect({ permanence, language }: Explanation, kind: Explained["kind"]): string {
  const { commandLine, permanence: words } = textsIn(language);
  return kind === "delay" && permanence === "temporary" ? commandLine.stillTried : words[permanence];
}

/** Where all is well, there is nothing to set right. */
function drawActor({ cause, whoActs }: Explanation, { width, language }: ExplanationDrawing): string[] {
  const { headings, whoActs: words, colon } = textsIn(language);
  if (whoActs === "nobody" && arrived.has(cause)) return [];
  return wrap(`${headings.whoActs}${colon}${words[whoActs]}`, width);
}

const numbered = (step: string, number: number, width: number): string[] =>
  wrap(step, width - 5).map((line, i) => `${i === 0 ? `  ${number}. ` : "     "}${line}`);

function drawDetails({ forOperator, evidence, disagreement, sources }: Explanation, text: string): string[] {
  const said = oneLine(text);
  return [
    ...(said === "" ? [] : [`"${said}"`]),
    ...(evidence.text === "" || evidence.text === said ? [] : [`→ "${oneLine(evidence.text)}"`]),
    ...forOperator,
    ...(disagreement === undefined ? [] : [disagreement]),
    ...(sources.length === 0 ? [] : [sources.join(", ")]),
  ];
}
