// An explanation as lines for a person: what happened, who can set it right, what to do, and last the technical part.
import type { ExplainedRecipient, ExplainedBounce } from "../explain/explain-bounce.ts";
import type { Explanation, Language, Permanence } from "../explain/explanation.ts";
import { textsIn } from "../explain/languages/language.ts";
import { oneLine } from "../mail/printable.ts";
import { type Context, type Paint, paintFor, type Style } from "./context.ts";
import { wrap } from "./step-drawing.ts";

/** A message that was read, or a text, each with what it tells of recipients. */
export interface Explained extends Omit<ExplainedBounce, "kind"> {
  /** File, or the text itself. */
  readonly name: string;
  readonly kind: ExplainedBounce["kind"] | "text";
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
  const { name, kind, recipients, original } = explained;
  const { commandLine } = textsIn(language);
  const about = original.subject === undefined ? "" : `: ${oneLine(original.subject)}`;
  const title = kind === "text" ? oneLine(name) : `${name}, ${commandLine.kinds[kind]}${about}`;
  const several = recipients.length > 1 || kind !== "text";
  return [
    ...(kind === "text" && !several ? [] : [paint("bold", title)]),
    ...(recipients.length === 0 ? [commandLine.nobody] : []),
    ...recipients.flatMap((recipient, i) => [...(i > 0 || several ? [""] : []), ...drawRecipient(recipient, drawing)]),
  ];
}

const styleOf: Readonly<Record<Permanence, Style>> = { temporary: "yellow", permanent: "red", over: "red" };

function drawRecipient({ address, text, explanation }: ExplainedRecipient, drawing: ExplanationDrawing): string[] {
  const { paint, width, language } = drawing;
  const { headings, whoActs, permanence, confidence, colon } = textsIn(language);
  const paragraph = (words: string, indent = ""): string[] =>
    wrap(words, width - indent.length).map((line) => `${indent}${line}`);
  const labelled = (label: string, words: string): string[] => paragraph(`${label}${colon}${words}`);
  const style = styleOf[explanation.permanence];
  return [
    ...(address === "" ? [] : [paint("bold", oneLine(address))]),
    ...paragraph(explanation.summary).map((line) => paint(style, line)),
    ...paragraph(permanence[explanation.permanence]),
    ...labelled(headings.whoActs, whoActs[explanation.whoActs]),
    "",
    paint("bold", headings.steps),
    ...explanation.steps.flatMap((step, i) => numbered(step, i + 1, width)),
    "",
    paint("bold", headings.details),
    ...drawDetails(explanation, text).flatMap((line) => paragraph(line, "  ")),
    ...paragraph(`${explanation.cause}: ${confidence[explanation.confidence]}`, "  "),
  ];
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
