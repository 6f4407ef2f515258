// An MX host that is of no use beside others: its record can go. RFC 5321 §5.1.
import type { Change } from "../finding.ts";
import type { MxFacts } from "./question.ts";
import type { SmtpVisit } from "./visit.ts";

/** To remove its records, where a host of another name is as it should be, and no address of this one is. */
export function removalOf(
  host: string,
  { records = [] }: MxFacts,
  { servers, isUseful }: { readonly servers: readonly SmtpVisit[]; readonly isUseful: (seen: SmtpVisit) => boolean },
): Change[] {
  const useful = servers.filter(isUseful);
  if (useful.length === 0 || useful.some(({ target }) => target.host === host)) return [];
  return records.filter(({ value }) => value.endsWith(` ${host}`)).map((record) => ({ kind: "remove", record }));
}
