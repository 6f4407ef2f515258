// The steps of an explanation as lines: nested by indentation, the verdict and the advice set apart.
import type { Step, Tone } from "../check/authentication/step.ts";
import { wrapText } from "../mail/wrap.ts";
import { type Context, type Paint, paintFor, type Style } from "./context.ts";

export const stepGlyphs = { good: "✔", bad: "✘", warning: "!", plain: "·", question: "?", record: "»", advice: "→" };

export const asciiStepGlyphs: typeof stepGlyphs = {
  ...stepGlyphs,
  good: "+",
  bad: "x",
  plain: "-",
  record: "=",
  advice: ">",
};

export interface StepDrawing {
  readonly glyphs: typeof stepGlyphs;
  readonly paint: Paint;
  /** Columns; longer text is wrapped. Infinity: it is not. */
  readonly width: number;
}

/** For this terminal; for a pipe plain lines, one for each step. */
export function stepDrawingFor(context: Context): StepDrawing {
  const { isTTY = false, columns = 100 } = context.stdout;
  return {
    glyphs: isTTY ? stepGlyphs : asciiStepGlyphs,
    paint: paintFor(context),
    width: isTTY ? columns : Infinity,
  };
}

/** What to change has a title of its own; it stands where the first piece of advice does. */
export function drawSteps(steps: readonly Step[], drawing: StepDrawing, depth = 0): string[] {
  return steps.flatMap((step, i) => {
    const first = step.kind === "advice" && steps[i - 1]?.kind !== "advice";
    const indent = "  ".repeat(depth);
    return [
      ...(first ? ["", `${indent}${drawing.paint("bold", "What to change")}`] : []),
      ...(step.kind === "result" && i > 0 ? [""] : []),
      ...drawStep(step, drawing, indent),
      ...drawSteps(step.steps ?? [], drawing, depth + 1),
    ];
  });
}

function drawStep(step: Step, { glyphs, paint, width }: StepDrawing, indent: string): string[] {
  const glyph = glyphs[glyphOf(step)];
  const style = step.tone === undefined ? plainStyles[step.kind] : tones[step.tone];
  const lines = wrap(step.text, Math.max(width - indent.length - 2, narrowest));
  const shown = (line: string): string => {
    if (step.kind === "result" && style !== undefined) return paint("bold", paint(style, line));
    return step.tone === undefined && style !== undefined ? paint(style, line) : line;
  };
  return lines.map((line, i) => {
    const mark = style === undefined ? glyph : paint(style, glyph);
    return `${indent}${i === 0 ? mark : " "} ${shown(line)}`;
  });
}

const tones: Readonly<Record<Tone, Style>> = { good: "green", bad: "red", warning: "yellow" };

const plainStyles: Partial<Record<Step["kind"], Style>> = { question: "dim", record: "cyan" };

function glyphOf({ kind, tone }: Step): keyof typeof stepGlyphs {
  if (kind === "question" || kind === "record" || kind === "advice") return kind;
  return tone ?? "plain";
}

/** Lines of at most `room` columns, broken at spaces; a word that is too long stands over. */
/** A paragraph in lines of at most `room` columns. */
export const wrap = (text: string, room: number): string[] => wrapText(text, { width: room });

/** Narrower than this, wrapping makes nothing easier to read. */
const narrowest = 30;
