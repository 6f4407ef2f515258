// Checks of a domain, run for a delivery: of another domain than the recipient's perhaps, and only what matters here is told.
import type { DomainQuestion, DomainTools } from "../domain/question.ts";
import { type Finding, levels } from "../finding.ts";
import type { Asked } from "../run.ts";
import type { DeliveryTools } from "./question.ts";

export interface Gathered extends Asked<DomainTools> {
  readonly findings: Finding[];
}

/** As a check of a domain is asked; what it finds is kept. */
export function gathering(asked: Asked<DeliveryTools>, changes: Partial<DomainQuestion>): Gathered {
  const findings: Finding[] = [];
  const { question } = asked.tools;
  const tools: DomainTools = { ...asked.tools, question: { ...question, ...changes } };
  return { ...asked, tools, findings, found: (finding) => void findings.push(finding) };
}

/** Tells what would be told of, none worse than `worst`. What is but good to know of the domain says nothing of this message. */
export function passOn(
  { findings }: Gathered,
  asked: Asked<DeliveryTools>,
  { worst, leaveOut }: { readonly worst: Finding["level"]; readonly leaveOut: ReadonlySet<string> },
): void {
  for (const finding of findings) {
    const { id, level } = finding;
    if (level === "note" || leaveOut.has(id)) continue;
    asked.found(levels.indexOf(level) < levels.indexOf(worst) ? { ...finding, level: worst } : finding);
  }
}
