// All types that a hook is written with: `import type { Check, Facts, Finding } from "waybill"`.
export type { Address, Domain, ReversePath } from "../../mail/address.ts";
export type { Client, TlsFacts } from "../../mail/client.ts";
export type { NotifyWish, OriginalRecipient, Recipient } from "../../mail/envelope.ts";
export type { HeaderField } from "../../mail/header.ts";
export type { EnhancedCode, Reply } from "../../mail/reply.ts";
export type {
  ArcVerdict,
  Authentication,
  DkimResult,
  DkimVerdict,
  DmarcPolicy,
  DmarcVerdict,
  Identity,
  IprevVerdict,
  SenderVerdicts,
  SpfResult,
  SpfVerdict,
} from "../../mail/verdict.ts";
export type { Check, ContentFacts, Facts, Finding, Phase } from "../check.ts";
