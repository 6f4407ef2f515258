// A DMARC record as it was probably meant: what web forms and pasting add is taken away. RFC 9989 §4.7.
import { isDmarcRecord, readDmarcRecord } from "../authentication/dmarc-record.ts";

/** Undefined: that does not make it one. */
export function mendDmarc(record: string): string | undefined {
  const mended = record
    .replaceAll(/["\\\u200b\ufeff“”]/g, "")
    .replace(/^\s*v?\s*=?\s*DMARC\s*1?\b[\s;:,]*/i, "v=DMARC1; ")
    .replaceAll(/,(?=\s*\w+=)/g, ";")
    .trim();
  return mended !== record && isDmarcRecord(mended) && readDmarcRecord(mended).faults.length === 0 ? mended : undefined;
}
