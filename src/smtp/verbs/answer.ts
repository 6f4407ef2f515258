// Short ways to write what a verb answers.
import { type EnhancedCode, reply } from "../../mail/reply.ts";
import type { Next } from "../rule.ts";

type Answer = Extract<Next, { kind: "answer" }>;

export const answer = (code: number, enhanced: EnhancedCode | undefined, ...lines: string[]): Answer => ({
  kind: "answer",
  reply: reply(code, enhanced, ...lines),
});

/** RFC 5321 §4.1.4: a command out of sequence; `remedy` says which one is due. */
export const outOfSequence = (remedy: string): Answer => answer(503, "5.5.1", remedy);
