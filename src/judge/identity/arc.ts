// ARC: the chain of those who changed a message on its way, and what the first of them saw. RFC 8617
import { arc } from "mailauth/lib/arc/index.js";
import type { ArcSet } from "mailauth/lib/dkim/dkim-verifier.js";
import { parseDomain } from "../../mail/address.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { ArcVerdict } from "../../mail/verdict.ts";
import { signatureLimits } from "./limits.ts";
import type { Questions } from "./questions.ts";
import type { Verifier } from "./verifier.ts";

export const noArc: ArcVerdict = { result: "none", because: "no ARC fields" };

/** After the body. */
export async function arcVerdict(verifier: Verifier, { ask, troubles }: Questions): Promise<ArcVerdict> {
  const { chain } = verifier.arc;
  const sets = chain === false ? [] : chain;
  const passed = sets[0] === undefined ? [] : passedAt(sets[0]); // read first: the library changes what it reads
  const { status } = await arc(verifier.arc, {
    resolver: ask,
    minBitLength: signatureLimits.keyBits,
    strict: true,
  });
  if (status.result === "none") return noArc;
  if (status.result === "fail") {
    const trouble = status.comment === undefined || isKeyless(status.comment) ? keyTrouble(sets, troubles) : undefined;
    return trouble === undefined
      ? { result: "fail", because: `the chain is broken: ${asciiLine(status.comment ?? "unknown", 200)}` }
      : { result: "temperror", because: `a key of the chain could not be had: ${trouble}` };
  }
  if ((verifier.arc.lastEntry?.messageSignature?.status.underSized ?? 0) > 0)
    return { result: "fail", because: "the newest signature of the chain leaves a part of the body unsigned (l=)" };
  const sealers = sets.map(({ "arc-seal": seal }) => domainIn(seal.parsed?.d?.value) ?? "?");
  return {
    result: "pass",
    because: `sealed by ${sealers.join(", then ")}, and not changed since`,
    sealer: sealers.at(-1)!,
    earlierSealers: sealers.slice(0, -1),
    passed,
  };
}

/** The library takes a signature whose key it could not get for one that is wrong. */
const isKeyless = (comment: string): boolean => comment.endsWith("no valid signature");

const keyTrouble = (sets: readonly ArcSet[], troubles: Questions["troubles"]): string | undefined => {
  const domains = sets.map(({ "arc-seal": seal }) => String(seal.parsed?.d?.value).toLowerCase());
  const isKey = (name: string): boolean =>
    domains.some((domain) => name.toLowerCase().endsWith(`._domainkey.${domain}`));
  return [...troubles].find(([name]) => isKey(name))?.[1];
};

/** What an ARC-Authentication-Results field says has passed, by the domain that it passed for. RFC 8601 §2.7 */
function passedAt({ "arc-authentication-results": field }: ArcSet): NonNullable<ArcVerdict["passed"]> {
  const of = (method: "spf" | "dkim" | "dmarc", part: unknown, paths: readonly string[]) => {
    if (part === undefined || String(read(part, "value")).toLowerCase() !== "pass") return [];
    const domain = paths.map((path) => domainIn(read(part, path))).find((found) => found !== undefined);
    return domain === undefined ? [] : [{ method, domain }];
  };
  const { spf, dkim, dmarc } = field.parsed ?? {};
  return [
    ...of("dmarc", dmarc, ["header.from"]),
    ...(Array.isArray(dkim) ? dkim.slice(0, signatureLimits.evaluated) : []).flatMap((part) =>
      of("dkim", part, ["header.d", "header.i"]),
    ),
    ...of("spf", spf, ["smtp.mailfrom"]),
  ];
}

const read = (from: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined), from);

const domainIn = (text: unknown): string | undefined =>
  typeof text === "string" ? parseDomain(text.slice(text.lastIndexOf("@") + 1)) : undefined;
