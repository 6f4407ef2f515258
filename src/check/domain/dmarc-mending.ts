// A DMARC record as it was probably meant: what web forms and pasting add is taken away, misspelt values are put right. RFC 9989 §4.7.
import { nearest } from "../../config/nearest.ts";
import { isDmarcRecord, readDmarcRecord } from "../authentication/dmarc-record.ts";

/** Undefined: that does not make it one. */
export function mendDmarc(record: string): string | undefined {
  const mended = record
    .replaceAll(/["\\\u200b\ufeff“”]/g, "")
    .replace(/^\s*v?\s*=?\s*DMARC\s*1?\b[\s;:,]*/i, "v=DMARC1; ")
    .replaceAll(/,(?=\s*\w+=)/g, ";")
    .split(";")
    .map(mendTag)
    .join("; ")
    .trim();
  return mended !== record && isDmarcRecord(mended) && readDmarcRecord(mended).faults.length === 0 ? mended : undefined;
}

function mendTag(part: string): string {
  const [, name = "", value = ""] = /^\s*(\w+)\s*=\s*(.*?)\s*$/s.exec(part) ?? [];
  switch (name.toLowerCase()) {
    case "p":
    case "sp":
    case "np":
      return `${name.toLowerCase()}=${nearest(value.toLowerCase(), ["none", "quarantine", "reject"]) ?? value}`;
    case "rua":
    case "ruf":
      return `${name.toLowerCase()}=${value.split(",").map(mendUri).join(",")}`;
  }
  return part.trim();
}

const mendUri = (uri: string): string => uri.trim().replace(/^(?:mailto:)?\s*(?=[^\s:@]+@[^\s@]+$)/i, "mailto:");
