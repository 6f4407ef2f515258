// Whether what SPF and DKIM proved belongs to the domain of From, and why. RFC 9989 §4.10.2.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { DkimVerdict, SpfVerdict } from "../../mail/verdict.ts";
import type { DmarcRecord } from "./dmarc-record.ts";
import { walkTree } from "./dmarc-walk.ts";
import { check, type Step, type Tone } from "./step.ts";

/** One step for SPF, one for each signature. */
export async function alignmentSteps(
  author: Author,
  spf: SpfVerdict | undefined,
  dkim: readonly DkimVerdict[],
): Promise<Step[]> {
  const { aspf, adkim } = author.record;
  const bySpf =
    spf === undefined
      ? check("SPF", "SPF: not known; give --ip, --mail-from and --helo, and it is checked, too")
      : await identifierStep({ ...spf, what: "SPF", mode: aspf }, author);
  const signatures = dkim.filter(({ result }) => result !== "none").slice(0, mostSignatures);
  const byDkim = await Promise.all(
    signatures.map((verdict) => identifierStep({ ...verdict, what: "DKIM", mode: adkim }, author)),
  );
  return [bySpf, ...(byDkim.length > 0 ? byDkim : [check("DKIM", "DKIM: the message is not signed", "warning")])];
}

/** More are not looked at. */
const mostSignatures = 10;

async function identifierStep(one: Identifier, author: Author): Promise<Step> {
  const { is, why, steps } = await alignment(one, author);
  const passed = one.result === "pass";
  const end = passed ? (is ? "it counts" : "it does not count") : "it did not pass, so it does not count";
  const tone: Tone = passed && is ? "good" : "bad";
  const text = `${one.what}: ${one.result} for ${oneLine(one.domain)}; ${why}: ${end}`;
  return { ...check(one.what, text, tone), ...(steps.length > 0 && { steps }) };
}

interface Identifier {
  readonly what: "SPF" | "DKIM";
  readonly domain: string;
  readonly result: string;
  readonly mode: "r" | "s";
}

/** Whom the message says it is from. */
export interface Author {
  readonly domain: string;
  readonly record: DmarcRecord;
  readonly organization: string | undefined;
  readonly resolver: RecordingResolver;
}

/** RFC 9989 §4.10.2 */
async function alignment(
  { domain, mode }: Identifier,
  author: Author,
): Promise<{ is: boolean; why: string; steps: readonly Step[] }> {
  const shown = oneLine(author.domain);
  if (domain === author.domain) return { is: true, why: `that is the domain of From`, steps: [] };
  if (mode === "s") return { is: false, why: `that is not ${shown} itself, and the policy is strict`, steps: [] };
  const { organization } = author;
  if (organization === undefined)
    return { is: false, why: "DNS failed, so whether they belong together is not known", steps: [] };
  const whose = organization === author.domain ? shown : `${oneLine(organization)}, the organization of ${shown}`;
  const below = domain === organization || domain.endsWith(`.${organization}`);
  if (!below) return { is: false, why: `that is neither ${whose} nor below it`, steps: [] };
  const { organization: other, steps } = await walkTree(domain, author.resolver);
  return other === organization
    ? { is: true, why: `that belongs to ${whose}`, steps }
    : { is: false, why: `that belongs to ${oneLine(other ?? "nobody known")}, and not to ${whose}`, steps };
}
