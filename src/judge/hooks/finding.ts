// What a hook returned, put right where it would break the protocol or the log. RFC 5321 §4.2, RFC 3463 §2.
import { asciiLine, oneLine } from "../../mail/printable.ts";
import { type EnhancedCode, type Reply, replyLineChars } from "../../mail/reply.ts";
import { type Finding, nothing } from "../check.ts";
import { show } from "./shape.ts";

interface Cleaned {
  readonly finding: Finding;
  /** What the author should put right; absent: nothing. */
  readonly fault?: string;
}

export function cleanFinding(check: string, returned: unknown): Cleaned {
  const { kind, because, reply } = recordOf(returned);
  switch (kind) {
    case "nothing":
      return { finding: nothing };
    case "mark": {
      const words = typeof because === "string" ? oneLine(because) : "";
      return words === ""
        ? {
            finding: { kind, check, because: "no reason was given" },
            fault:
              'it returned a mark without a reason: write { kind: "mark", check, because: "why it is suspicious" }',
          }
        : { finding: { kind, check, because: words } };
    }
    case "defer":
    case "refuse": {
      const { reply: cleaned, faults } = cleanReply(kind, recordOf(reply));
      const finding = { kind, check, reply: cleaned } as const;
      return faults.length === 0
        ? { finding }
        : { finding, fault: `it returned "${kind}" with a reply that ${faults.join(", and ")}` };
    }
  }
  const wrong = kind === undefined ? show(returned) : `the kind ${show(kind)}`;
  return {
    finding: nothing,
    fault: `it returned ${returned === undefined ? "nothing at all" : wrong}: return { kind: "nothing" }, "mark", "defer" or "refuse"`,
  };
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

const usual = {
  defer: { code: 451, text: "a rule of this mail server puts this off; please try again later" },
  refuse: { code: 550, text: "a rule of this mail server forbids this; ask its postmaster" },
} as const;

function cleanReply(
  kind: "defer" | "refuse",
  { code, enhanced, lines }: Readonly<Record<string, unknown>>,
): { readonly reply: Reply; readonly faults: readonly string[] } {
  const faults: string[] = [];
  const first = kind === "defer" ? 4 : 5;
  const isCode = typeof code === "number" && new RegExp(`^${first}[0-5]\\d$`).test(String(code)); // RFC 5321 §4.2
  if (!isCode) faults.push(`has the code ${show(code)} (write one from ${first}00 to ${first}59)`);
  const isEnhanced = typeof enhanced === "string" && new RegExp(`^${first}\\.\\d{1,3}\\.\\d{1,3}$`).test(enhanced);
  if (enhanced !== undefined && !isEnhanced)
    faults.push(`has the enhanced code ${show(enhanced)} (write one like "${first}.7.1", or none)`);
  const text = cleanText(lines);
  if (text === "") faults.push('has no text (write lines: ["what is wrong, and what to do"])');
  return {
    reply: {
      code: isCode ? code : usual[kind].code,
      enhanced: isEnhanced ? (enhanced as EnhancedCode) : `${first}.7.1`,
      lines: [text === "" ? usual[kind].text : text],
    },
    faults,
  };
}

/** One line of printable ASCII: it may have a stranger's words in it. */
function cleanText(lines: unknown): string {
  const text = Array.isArray(lines) ? lines.filter((line) => typeof line === "string").join(" ") : "";
  return asciiLine(oneLine(text), replyLineChars);
}
