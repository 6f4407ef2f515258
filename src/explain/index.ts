// The library `waybill/explain`: failures of mail in words, and bounces read. Runs in Node and in browsers, without a server.
export { explain, type ExplainOptions } from "./explain.ts";
export { explainBounce, type ExplainedBounce, type ExplainedRecipient } from "./explain-bounce.ts";
export { type BounceReport, type OriginalMessage, readBounce, type ReportedRecipient } from "./bounce/bounce.ts";
export { readLogLine } from "./log-line.ts";
export { causeNames } from "./knowledge/causes.ts";
export { extendedKnowledge, type Knowledge, type RuleFile } from "./knowledge/knowledge.ts";
export { languageOf, languages } from "./languages/reader.ts";
export type {
  CauseName,
  Confidence,
  Evidence,
  Explanation,
  FailureReport,
  Language,
  Permanence,
  ReplyStage,
  WhoActs,
} from "./explanation.ts";
