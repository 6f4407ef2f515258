// What is said of a sender where nothing could be found out: DNS too slow, or the thread gone. RFC 8601 §2.7: temperror
import { domainOf } from "../../mail/address.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { IprevVerdict, SenderVerdicts, SpfVerdict } from "../../mail/verdict.ts";
import type { ContentVerdicts } from "./content.ts";
import type { Survey } from "./limits.ts";
import type { AboutSender } from "./work.ts";

export const lateWords = (limitMs: number): string => `it took longer than ${limitMs / 1_000} s`;

export const lateIprev = (because: string): IprevVerdict => ({ result: "temperror", because });

export const lateSpf = ({ mailFrom, helo }: AboutSender, because: string): SpfVerdict[] => [
  mailFrom === ""
    ? { scope: "helo", domain: asciiLine(helo, 255), result: "temperror", because }
    : { scope: "mailfrom", domain: domainOf(mailFrom), result: "temperror", because },
];

export const unknownSender = (about: AboutSender, because: string): SenderVerdicts => ({
  iprev: lateIprev(because),
  spf: lateSpf(about, because),
});

/** Of signatures that are not told apart. */
export const unnamed = { domain: "", selector: "", algorithm: "", signature: "" } as const;

/** Where there are signatures, "none" would say that there are not. RFC 8601 §2.7.1 */
export const unknownContent = (because: string, { hasDkim }: Pick<Survey, "hasDkim">): ContentVerdicts => ({
  dkim: hasDkim ? [{ ...unnamed, result: "temperror", because }] : [],
  arc: { result: "temperror", because },
  dmarc: { result: "temperror", because, author: "one" },
});

/** Of the author is known what can be known without the signatures; what they may have proven is open. */
export function unknownSignatures({ dmarc }: ContentVerdicts, unknown: ContentVerdicts): ContentVerdicts {
  const { because } = unknown.dmarc;
  switch (dmarc.result) {
    case "fail":
      return { ...unknown, dmarc: { ...dmarc, result: "temperror", because } };
    case "temperror":
      return { ...unknown, dmarc: { ...dmarc, because } };
    case "none":
    case "pass":
    case "permerror":
      return { ...unknown, dmarc };
  }
}
