// Checks as they run, and what they found: each check's lines once it is done, then what to do about it, worst first.
import type { Language } from "../explain/explanation.ts";
import { zoneLine } from "../check/dns-record.ts";
import { type Change, type Finding, type Level, levels } from "../check/finding.ts";
import { checkTexts, checkTitle, filled } from "../check/languages/language.ts";
import type { Progress, Report } from "../check/run.ts";
import { wordsOf } from "../check/words.ts";
import { type Context, type Paint, paintFor, printLines, type Style } from "./context.ts";
import { wrap } from "./step-drawing.ts";

const glyphs: Readonly<Record<Level, string>> = { good: "✔", note: "·", warning: "!", error: "✘", unknown: "?" };
const asciiGlyphs: Readonly<Record<Level, string>> = { good: "+", note: "-", warning: "!", error: "x", unknown: "?" };

const styles: Readonly<Record<Level, Style>> = {
  good: "green",
  note: "dim",
  warning: "yellow",
  error: "red",
  unknown: "cyan",
};

export interface CheckDrawing {
  readonly glyphs: Readonly<Record<Level, string>>;
  readonly paint: Paint;
  /** Columns. */
  readonly width: number;
  readonly language: Language;
  /** A last line that changes is possible. */
  readonly isLive: boolean;
}

export function checkDrawingFor(context: Context, language: Language): CheckDrawing {
  const { isTTY = false, columns = widest } = context.stdout;
  return {
    glyphs: isTTY ? glyphs : asciiGlyphs,
    paint: paintFor(context),
    width: isTTY ? Math.min(columns, widest) : paperWidth,
    language,
    isLive: isTTY && context.environment["TERM"] !== "dumb",
  };
}

/** Longer lines are hard to read on any terminal. */
const widest = 100;
/** A report that goes to a file or a printer is to fit on a sheet. */
const paperWidth = 80;

/** Told of what happens, it shows each check once it and those before it are done; on a terminal also what is under way. */
export function progressDrawer(names: readonly string[], drawing: CheckDrawing, context: Context) {
  const findings = new Map<string, Finding[]>();
  /** Under way, with their parts. */
  const under = new Map<string, Set<string>>();
  const done = new Set<string>();
  let shown = 0;

  const clear = (): void => {
    if (drawing.isLive) context.stdout.write("\r\u001b[K");
  };
  const showLive = (): void => {
    if (!drawing.isLive || under.size === 0) return;
    const waiting = [...under].map(([name, parts]) => {
      const title = checkTitle(drawing.language, name);
      return parts.size === 0 ? title : `${title} (${[...parts].join(", ")})`;
    });
    const line = `… ${done.size}/${names.length}  ${waiting.join(", ")}`;
    context.stdout.write(drawing.paint("dim", line.slice(0, drawing.width - 1)));
  };
  const showDone = (): void => {
    for (; shown < names.length && done.has(names[shown]!); shown++) {
      const name = names[shown]!;
      printLines(context, drawCheck(checkTitle(drawing.language, name), findings.get(name) ?? [], drawing));
    }
  };
  return (progress: Progress): void => {
    const { check } = progress;
    switch (progress.kind) {
      case "finding":
        findings.set(check, [...(findings.get(check) ?? []), progress.finding]);
        break;
      case "started":
        if (progress.part === undefined) under.set(check, new Set());
        else under.get(check)?.add(progress.part);
        break;
      case "done":
        if (progress.part !== undefined) under.get(check)?.delete(progress.part);
        else {
          under.delete(check);
          done.add(check);
        }
    }
    clear();
    showDone();
    showLive();
  };
}

/** A line for each finding, behind the title of its check. */
function drawCheck(title: string, findings: readonly Finding[], drawing: CheckDrawing): string[] {
  return findings.flatMap((finding, i) => {
    const head = `${(i === 0 ? title : "").padEnd(titleWidth)} `;
    const { found } = wordsOf(finding, drawing.language);
    return hang(`${glyphOf(finding.level, drawing)} ${head}`, found, { drawing, indent: titleWidth + 3 });
  });
}

const titleWidth = 22;

const glyphOf = (level: Level, { glyphs, paint }: CheckDrawing): string => paint(styles[level], glyphs[level]);

interface Hanging {
  readonly drawing: CheckDrawing;
  readonly indent: number;
}

/** `text` behind `head`, its further lines indented. */
const hang = (head: string, text: string, { drawing, indent }: Hanging): string[] =>
  wrap(text, Math.max(drawing.width - indent, narrowest)).map(
    (line, i) => `${i === 0 ? head : " ".repeat(indent)}${line}`,
  );

/** Narrower than this, wrapping makes nothing easier to read. */
const narrowest = 40;

/** What is not in order, worst first, with why it matters, who can fix it and what to change; and the sum of all. */
export function drawReport({ about, findings, tookMs }: Report, drawing: CheckDrawing): string[] {
  const troubles = findings
    .filter(({ level }) => level !== "good")
    .toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const words = checkTexts(drawing.language);
  const counts = levels.flatMap((level) => {
    const count = findings.filter((finding) => finding.level === level).length;
    return count === 0 ? [] : [filled(words.counts[level], { count, one: count === 1 ? "1" : undefined })];
  });
  const sum = `${about}: ${counts.join(", ")} (${(tookMs / 1_000).toFixed(1)} s)`;
  const alike = Map.groupBy(troubles, (finding) => adviceOf(finding, drawing)).values();
  const drawn = [...alike].flatMap((findings) => ["", ...drawAlike(findings, drawing)]);
  return [...drawn, "", drawing.paint("bold", sum)];
}

/** The same for findings that differ only in where they were found, or in the record to publish: they are told together. */
function adviceOf(finding: Finding, { language }: CheckDrawing): string {
  const { why, who, todo } = wordsOf(finding, language);
  const advice = isOnlyRecords(finding) ? "publish" : todo;
  return JSON.stringify([finding.id, finding.level, why, who, advice]);
}

const isRecord = (change: Change | undefined): change is Change & { readonly kind: "publish" } =>
  change?.kind === "publish" && change.instead === undefined;

const isOnlyRecords = ({ changes }: Finding): boolean => changes.length > 0 && changes.every(isRecord);

function drawAlike(findings: readonly Finding[], drawing: CheckDrawing): string[] {
  const finding = findings[0]!;
  const { why, who } = wordsOf(finding, drawing.language);
  const { levels: levelWords } = checkTexts(drawing.language);
  const level = drawing.paint(styles[finding.level], levelWords[finding.level]);
  const glyph = `${glyphOf(finding.level, drawing)} `;
  const found = findings.map((one) => drawing.paint("bold", wordsOf(one, drawing.language).found));
  return [
    ...found.flatMap((text) => hang(glyph, text, { drawing, indent: 2 })),
    ...(why === undefined ? [] : labelled("Why", why, drawing)),
    ...(who === undefined ? [] : labelled("Who", who, drawing)),
    ...drawChanges(isOnlyRecords(finding) ? findings : [finding], drawing),
    ...labelled("Id", `${finding.id} (${level})`, drawing),
  ];
}

/** A record is there to be copied: on a line of its own, never wrapped; what is said before several is said once. */
function drawChanges(findings: readonly Finding[], drawing: CheckDrawing): string[] {
  let before = "";
  return findings.flatMap((finding) =>
    wordsOf(finding, drawing.language).todo.flatMap((text, i) => {
      const change = finding.changes[i];
      const label = before === "" ? "Change" : "";
      const words = isRecord(change) ? text.slice(0, text.indexOf(":") + 1) : text;
      const said = words === before ? [] : labelled(label, words, drawing);
      before = words;
      return isRecord(change) ? [...said, `  ${" ".repeat(labelWidth)}${zoneLine(change.record)}`] : said;
    }),
  );
}

const labelled = (label: string, text: string, drawing: CheckDrawing): string[] =>
  hang(`  ${drawing.paint("dim", label.padEnd(labelWidth))}`, text, { drawing, indent: labelWidth + 2 });

const labelWidth = 8;
