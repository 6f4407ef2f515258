// Walks through SPF records as RFC 7208 §4 has it, to tell each step. The verdict itself is the server's (src/judge).
import { oneLine } from "../../mail/printable.ts";
import type { SpfResult } from "../../mail/verdict.ts";
import { expandDomain, isAscii, isTargetName, usesLocalPart } from "./spf-macro.ts";
import { lookAt, type Seen } from "./spf-mechanisms.ts";
import { isSpfRecord, type Mechanism, type Modifier, type Qualifier, readSpfRecord, type Term } from "./spf-record.ts";
import { loopText, loopTo, type SpfCause, spfLimits, type Walk, type Walked } from "./spf-walked.ts";
import { answerText, ask, type Step } from "./step.ts";

/** check_host() of RFC 7208 §4 for `domain`, told step by step. */
export async function walkSpf(walk: Walk, domain: string): Promise<Walked> {
  if (!isTargetName(domain)) return ended("none", { kind: "not-a-domain", domain }, []);
  const { answer, step } = await ask(walk.resolver, "txt", domain);
  if (answer.kind === "server-failure" || answer.kind === "timeout")
    return ended("temperror", { kind: "dns", name: `TXT of ${domain}`, problem: answerText(answer) }, [step]);
  const texts = answer.kind === "found" ? answer.records : [];
  const [record, ...others] = texts.filter(isSpfRecord);
  if (record === undefined) {
    const similar = texts.find((text) => /spf[12]|^\s*v=spf/i.test(text));
    const exists = answer.kind !== "no-such-domain";
    return ended("none", { kind: "no-record", domain, exists, ...(similar !== undefined && { similar }) }, [step]);
  }
  if (others.length > 0)
    return ended("permerror", { kind: "several-records", domain, records: [record, ...others] }, [step]);
  const read: Step = { kind: "record", text: `Record of ${domain}: ${oneLine(record)}`, name: domain, record };
  const within = [...(walk.within ?? []), domain.toLowerCase()];
  const walked = await walkRecord({ ...walk, within }, domain, record);
  return { ...walked, steps: [step, read, ...walked.steps] };
}

const ended = (result: SpfResult, cause: SpfCause, steps: readonly Step[]): Walked => ({ result, cause, steps });

async function walkRecord(walk: Walk, domain: string, record: string): Promise<Walked> {
  const terms = readSpfRecord(record);
  const [wrong, ...others] = terms.filter((term) => term.kind === "wrong");
  if (wrong !== undefined)
    return ended("permerror", { kind: "syntax", domain, faults: [wrong, ...others] }, terms.map(unusedStep));
  const steps: Step[] = [];
  const mechanisms = terms.filter((term) => term.kind === "mechanism");
  const modifiers = terms.filter((term) => term.kind === "modifier");
  for (const [i, mechanism] of mechanisms.entries()) {
    const seen = await lookAt({ walk, domain, mechanism }, (name) => walkSpf(walk, name));
    steps.push(mechanismStep(walk, mechanism, seen));
    if (seen.kind === "no-match") continue;
    const rest = [...mechanisms.slice(i + 1), ...modifiers].map(unusedStep);
    if (seen.kind === "error") return ended(seen.result, seen.cause, [...steps, ...rest]);
    const cause: SpfCause = { kind: "matched", domain, record, mechanism };
    return ended(resultOf[mechanism.qualifier], cause, [...steps, ...rest]);
  }
  const redirect = modifiers.find(({ name }) => name === "redirect");
  const rest = modifiers.filter((modifier) => modifier !== redirect).map(unusedStep);
  if (redirect === undefined) return ended("neutral", { kind: "nothing-matched", domain, record }, [...steps, ...rest]);
  const walked = await follow(walk, domain, redirect);
  return { ...walked, steps: [...steps, ...walked.steps, ...rest] };
}

/** RFC 7208 §4.6.2 */
const resultOf: Readonly<Record<Qualifier, SpfResult>> = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" };

/** RFC 7208 §6.1 */
async function follow(walk: Walk, domain: string, { term, value }: Modifier): Promise<Walked> {
  const target = expandDomain(value, { ...walk, domain });
  const head = { kind: "modifier", term, expanded: target } as const;
  const shown = `${oneLine(term)}: nothing matched`;
  if (!isTargetName(target) || (usesLocalPart(value) && !isAscii(walk.localPart)))
    return ended("permerror", { kind: "bad-target", domain, term, target }, [
      { ...head, text: `${shown}, but "${oneLine(target)}" is no domain`, tone: "bad" },
    ]);
  walk.counts.lookups++;
  const counts = { lookups: walk.counts.lookups, voidLookups: walk.counts.voids };
  const text = `${shown}, so the record of ${oneLine(target)} decides${lookupText(walk.counts.lookups)}`;
  if (walk.counts.lookups > spfLimits.lookups)
    return ended("permerror", { kind: "lookups", domain, term }, [{ ...head, ...counts, text, tone: "bad" }]);
  const way = loopTo(walk, target);
  if (way !== undefined)
    return ended("permerror", { kind: "loop", domain, term, way }, [
      { ...head, ...counts, text: `${text}: ${loopText(way)}`, tone: "bad" },
    ]);
  const { result, cause, steps } = await walkSpf(walk, target);
  const told: Step = { ...head, ...counts, text, steps };
  return result === "none"
    ? ended("permerror", { kind: "bad-target", domain, term, target }, [{ ...told, tone: "bad" }])
    : ended(result, cause, [told]);
}

const lookupText = (lookups: number): string => ` (DNS lookup ${lookups} of at most ${spfLimits.lookups})`;

function mechanismStep({ counts }: Walk, { term, qualifier }: Mechanism, seen: Seen): Step {
  const { kind, why, expanded, lookups, steps } = seen;
  const tone = kind === "error" ? "bad" : kind === "match" ? toneOf[qualifier] : undefined;
  const word = { match: `matches → ${resultOf[qualifier]}`, "no-match": "no match", error: "error" }[kind];
  const counted = lookups === undefined ? "" : lookupText(lookups);
  return {
    kind: "mechanism",
    term,
    text: `${oneLine(term)}: ${word}: ${why}${counted}`,
    ...(kind !== "error" && { matched: kind === "match" }),
    ...(expanded !== undefined && { expanded }),
    ...(tone !== undefined && { tone }),
    ...(steps.length > 0 && { steps }),
    ...(lookups !== undefined && { lookups, voidLookups: counts.voids }),
  };
}

const toneOf = { "+": "good", "-": "bad", "~": "warning", "?": "warning" } as const;

/** A term that nobody looked at, or that has no say. */
function unusedStep(term: Term): Step {
  const shown = oneLine(term.term);
  switch (term.kind) {
    case "wrong":
      return { kind: "mechanism", term: term.term, text: `"${shown}" is wrong: ${oneLine(term.problem)}`, tone: "bad" };
    case "mechanism":
      return { kind: "mechanism", term: term.term, text: `${shown}: not looked at` };
    case "modifier": {
      const text = {
        exp: "names a text for those who are refused",
        redirect: "not followed, because a mechanism matched",
      }[term.name];
      return { kind: "modifier", term: term.term, text: `${shown}: ${text ?? "unknown, and so ignored"}` };
    }
  }
}
