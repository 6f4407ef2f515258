// What all commands of `waybill check` share: the display, the output, how they end.
import type { Level } from "../check/finding.ts";
import type { Progress, Report } from "../check/run.ts";
import { wordsOf } from "../check/words.ts";
import { checkDrawingFor, drawReport, progressDrawer } from "./check-drawing.ts";
import type { CommonOptions } from "./commands/options.ts";
import { type Context, printJson, printLines } from "./context.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

export interface CheckOptions extends CommonOptions {
  readonly resolver?: string;
}

export interface Checking {
  /** Of the checks, in their order. */
  readonly names: readonly string[];
  readonly run: (tell: (progress: Progress) => void) => Promise<Report>;
  /** More for the object that --json prints. */
  readonly more?: () => Promise<object>;
}

/** Runs it, shows it, and ends the command with the code for the worst finding. */
export async function runAndTell(checking: Checking, { json }: CommonOptions, context: Context): Promise<void> {
  const report = await runAndShow(checking, { json }, context);
  endWith(report.worst);
}

/** Runs it and shows it. */
export async function runAndShow(checking: Checking, { json }: CommonOptions, context: Context): Promise<Report> {
  if (json) {
    const report = await checking.run(() => {});
    printJson(context, [{ ...reportJson(report), ...(await checking.more?.()) }]);
    return report;
  }
  const drawing = checkDrawingFor(context, "en");
  const report = await checking.run(progressDrawer(checking.names, drawing, context));
  printLines(context, drawReport(report, drawing));
  return report;
}

/** For programs: the findings, each with its words. */
const reportJson = (report: Report): object => ({
  ...report,
  findings: report.findings.map((finding) => ({ ...finding, words: wordsOf(finding) })),
});

/** Throws, unless all is well. */
export function endWith(worst: Level): void {
  const code = codes[worst];
  if (code !== exitCodes.ok) throw new CommandError(code);
}

const codes: Readonly<Record<Level, number>> = {
  good: exitCodes.ok,
  note: exitCodes.ok,
  unknown: exitCodes.tryAgain,
  warning: exitCodes.checkWarned,
  error: exitCodes.checkFailed,
};
