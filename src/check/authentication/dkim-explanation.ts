// The whole account of a message's DKIM signatures: key, fields, body, time, verdict, and what to change. RFC 6376.
import type { Instant } from "../../base/world.ts";
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { DkimVerdict } from "../../mail/verdict.ts";
import { type BodyFinding, compareBody } from "./body-hash.ts";
import { type DkimSigned, dkimAdvice, dkimReason } from "./dkim-advice.ts";
import { type DkimKey, keyText, readDkimKey } from "./dkim-key.ts";
import { type DkimSignature, readSignature } from "./dkim-signature.ts";
import { type MessageFile, valuesOf } from "./message-file.ts";
import type { DkimReason } from "./reasons.ts";
import { advice, ask, check, type Step, type Tone } from "./step.ts";

export interface DkimAsked {
  readonly message: MessageFile;
  readonly verdicts: readonly DkimVerdict[];
  readonly now: Instant;
  readonly resolver: RecordingResolver;
}

export interface DkimExplained {
  readonly steps: readonly Step[];
  /** One for each signature, in order. */
  readonly reasons: readonly DkimReason[];
}

export async function explainDkim(asked: DkimAsked): Promise<DkimExplained> {
  const signatures = valuesOf(asked.message, "dkim-signature").map(readSignature);
  if (signatures.length === 0) return { steps: unsigned, reasons: [] };
  const reasons: DkimReason[] = [];
  const told: Step[] = [];
  const remedies: string[] = [];
  for (const [i, signature] of signatures.entries()) {
    const signed = await lookAtSignature(signature, verdictOf(asked, i, signatures.length), asked);
    const steps = [...signed.steps, resultStep(signed)];
    told.push({ ...check("signature", signatureTitle(signature, i), toneOf(signed.verdict)), steps });
    remedies.push(...dkimAdvice(signed, asked.message));
    reasons.push(dkimReason(signed, asked.message));
  }
  const decisive = asked.verdicts.findIndex(({ result }) => result === dkimResult(asked.verdicts));
  const end = summary(asked.verdicts, reasons[decisive] ?? "not-checked");
  return { steps: [...told, end, ...[...new Set(remedies)].map(advice)], reasons };
}

const unsigned: readonly Step[] = [
  {
    kind: "result",
    result: "none",
    reason: "no-signature",
    text: "none: the message has no DKIM signature",
    tone: "warning",
  },
  advice(
    "Let the server that sends the domain's mail sign it with DKIM, and publish the key: waybill dkim keygen makes one",
  ),
];

const signatureTitle = ({ domain, selector, algorithm }: DkimSignature, i: number): string =>
  `Signature ${i + 1}: by ${oneLine(domain) || "nobody"}, selector ${oneLine(selector) || "none"}, ${oneLine(algorithm) || "no algorithm"}`;

/** One for each, in order; of a message that was not looked at, one for all. */
const verdictOf = ({ verdicts }: DkimAsked, i: number, signatures: number): DkimVerdict | undefined =>
  verdicts.length === signatures ? verdicts[i] : verdicts.find(({ domain }) => domain === "");

async function lookAtSignature(
  signature: DkimSignature,
  verdict: DkimVerdict | undefined,
  { message, now, resolver }: DkimAsked,
): Promise<DkimSigned & { steps: Step[] }> {
  const { key, found, steps } = await lookUpKey(signature, resolver);
  const unsignedFields = dangerous.filter(
    (name) => !signature.fields.includes(name) && (name === "from" || valuesOf(message, name).length > 0),
  );
  const { hashed, bodyHash } = signature;
  const body = hashed === undefined || bodyHash === "" ? undefined : compareBody(message.body, hashed, bodyHash);
  const expired = signature.expiresAt !== undefined && signature.expiresAt < now;
  const signed = { signature, verdict, key, keyFound: found, unsignedFields, body, expired };
  return { ...signed, steps: [...steps, ...propertySteps(signed)] };
}

/** Fields of which a reader believes what they say; RFC 6376 §5.4.1. */
const dangerous = [
  "from",
  "subject",
  "to",
  "cc",
  "date",
  "reply-to",
  "sender",
  "message-id",
  "mime-version",
  "content-type",
];

/** The key that belongs to a signature, with the steps of finding it. */
export async function lookUpKey(
  { selector, domain }: Pick<DkimSignature, "selector" | "domain">,
  resolver: RecordingResolver,
): Promise<{ key?: DkimKey; found: DkimSigned["keyFound"]; steps: Step[] }> {
  if (selector === "" || domain === "") return { found: "not-asked", steps: [] };
  const { answer, step } = await ask(resolver, "txt", `${selector}._domainkey.${domain}`);
  switch (answer.kind) {
    case "found": {
      if (answer.records.length > 1) return { found: "several", steps: [step] };
      const key = readDkimKey(answer.records[0]!);
      return { key, found: "found", steps: [step, keyStep(key)] };
    }
    case "no-such-domain":
    case "no-data":
      return { found: "absent", steps: [step, check("key", "There is no key at that name", "bad")] };
    case "server-failure":
    case "timeout":
      return { found: "dns-failed", steps: [step] };
  }
}

function keyStep(key: DkimKey): Step {
  if (key.revoked) return check("key", "The key was revoked: p= is empty", "bad");
  if (key.faults.length > 0) return check("key", `The key record is wrong: ${oneLine(key.faults.join("; "))}`, "bad");
  const weak = key.bits === undefined ? undefined : key.bits < 1_024 ? "bad" : key.bits < 2_048 ? "warning" : undefined;
  const notes = [
    keyText(key),
    ...(weak === undefined ? [] : [weak === "bad" ? "too weak to count (RFC 8301)" : "weak by today's measure"]),
    ...(key.flags.includes("y") ? ["t=y: the domain is only testing"] : []),
    ...(key.flags.includes("s") ? ["t=s: not for subdomains"] : []),
    ...(key.hashes.length > 0 ? [`only with ${key.hashes.join(", ")}`] : []),
    ...(key.services.length > 0
      ? [`only for ${key.services.map((one) => (one === "*" ? "all" : one)).join(", ")}`]
      : []),
  ];
  return check("key", `Key: ${oneLine(notes.join("; "))}`, weak ?? "good");
}

function propertySteps({ signature, unsignedFields, body, expired }: DkimSigned): Step[] {
  const { faults, canonicalization, fields, lengthBytes, signedAt, expiresAt, identity } = signature;
  const time = (at: number | undefined): string =>
    at === undefined
      ? ""
      : Number.isNaN(new Date(at).getTime())
        ? "a time that does not exist"
        : new Date(at).toISOString();
  return [
    ...(faults.length === 0
      ? []
      : [check("syntax", `The signature field is wrong: ${oneLine(faults.join("; "))}`, "bad")]),
    check(
      "canonicalization",
      `Canonicalization ${oneLine(canonicalization)}: ${canonicalizationText(canonicalization)}`,
    ),
    check("signed fields", `Signed fields: ${oneLine(fields.join(", ")) || "none"}`),
    ...(unsignedFields.length === 0
      ? []
      : [
          check(
            "unsigned fields",
            `Not signed, so anybody may have changed: ${unsignedFields.join(", ")}`,
            unsignedFields.includes("from") ? "bad" : "warning",
          ),
        ]),
    ...(body === undefined ? [] : [bodyStep(body)]),
    ...(lengthBytes === undefined
      ? []
      : [
          check(
            "length",
            `l=${lengthBytes}: only the first ${lengthBytes} octets of the body are signed; what follows may be anybody's`,
            "warning",
          ),
        ]),
    ...(identity === undefined ? [] : [check("identity", `On behalf of ${oneLine(identity)} (i=)`)]),
    ...(signedAt === undefined && expiresAt === undefined
      ? []
      : [
          check(
            "time",
            [
              ...(signedAt === undefined ? [] : [`Signed at ${time(signedAt)}`]),
              ...(expiresAt === undefined ? [] : [`${expired ? "expired" : "expires"} at ${time(expiresAt)}`]),
            ].join(", "),
            expired ? "bad" : undefined,
          ),
        ]),
  ];
}

function canonicalizationText(canonicalization: string): string {
  const [header, body] = canonicalization.split("/");
  const bears = { relaxed: "may get other spacing", simple: "must not change at all" } as Record<string, string>;
  return `the header ${bears[header ?? ""] ?? "is handled in an unknown way"}, the body ${bears[body ?? ""] ?? "is handled in an unknown way"}`;
}

/** What became of a body since it was signed. */
export function bodyStep(body: BodyFinding): Step {
  switch (body.kind) {
    case "same":
      return check("body hash", "The body is as it was signed (body hash)", "good");
    case "added":
      return check(
        "body hash",
        `The body was signed without its last ${body.count === 1 ? "line" : `${body.count} lines`}, which were added later: ${body.lines.map((line) => `"${oneLine(line)}"`).join(", ")}${body.count > body.lines.length ? " …" : ""}`,
        "bad",
      );
    case "changed":
      return check("body hash", "The body is not what was signed (body hash)", "bad");
  }
}

function resultStep({ verdict }: DkimSigned): Step {
  const result = verdict?.result ?? "not checked";
  const why = verdict === undefined ? "the server did not look at it" : oneLine(verdict.because);
  const tone = toneOf(verdict);
  return { kind: "check", about: "result", text: `${result}: ${why}`, ...(tone !== undefined && { tone }) };
}

const toneOf = (verdict: DkimVerdict | undefined): Tone | undefined =>
  verdict === undefined
    ? undefined
    : verdict.result === "pass"
      ? "good"
      : verdict.result === "none"
        ? undefined
        : "bad";

function summary(verdicts: readonly DkimVerdict[], reason: DkimReason): Step {
  const passed = verdicts.filter(({ result }) => result === "pass").map(({ domain }) => oneLine(domain));
  const result = dkimResult(verdicts);
  return passed.length > 0
    ? {
        kind: "result",
        result,
        reason,
        text: `pass: ${[...new Set(passed)].join(", ")} vouches for this message`,
        tone: "good",
      }
    : {
        kind: "result",
        result,
        reason,
        text: `${result}: no signature holds, so no domain vouches for this message`,
        tone: "bad",
      };
}

/** The best of all: one signature that holds is enough. RFC 6376 §6.1 */
export const dkimResult = (verdicts: readonly DkimVerdict[]): DkimVerdict["result"] =>
  (["pass", "temperror", "fail", "policy", "neutral", "permerror"] as const).find((wanted) =>
    verdicts.some(({ result }) => result === wanted),
  ) ?? "none";
