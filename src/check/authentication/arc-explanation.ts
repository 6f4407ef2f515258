// The whole account of a message's ARC chain: who sealed it, what each says it saw, whether the chain holds. RFC 8617.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import type { ArcVerdict } from "../../mail/verdict.ts";
import { type BodyFinding, compareBody } from "./body-hash.ts";
import { arcFinding, type ArcFinding, missingFields } from "./arc-advice.ts";
import type { KeySigned } from "./dkim-advice.ts";
import { bodyStep, lookUpKey } from "./dkim-explanation.ts";
import { type DkimSignature, readSignature } from "./dkim-signature.ts";
import { type MessageFile, valuesOf } from "./message-file.ts";
import { advice, check, type Step } from "./step.ts";
import { packed, readTagList } from "../../mail/tag-list.ts";

export interface ArcAsked {
  readonly message: MessageFile;
  readonly verdict: ArcVerdict;
  readonly resolver: RecordingResolver;
}

/** What one forwarder added; a field that is missing breaks the chain. */
export interface ArcSet {
  readonly instance: number;
  readonly seal?: Seal;
  readonly signature?: DkimSignature;
  /** Of ARC-Authentication-Results, after the instance. */
  readonly saw?: string;
}

export interface Seal {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** What the sealer found of the chain before it. */
  readonly chain: string;
}

export interface ArcExplained {
  readonly steps: readonly Step[];
  /** Why, in words. */
  readonly because: string;
}

export async function explainArc({ message, verdict, resolver }: ArcAsked): Promise<ArcExplained> {
  const sets = readSets(message);
  const told: Step[] = [];
  const keys: KeySigned[] = [];
  for (const set of sets) {
    const asked = await lookAtSet(set, set === sets.at(-1), { message, resolver });
    told.push(asked.step);
    keys.push(...asked.keys);
  }
  const found = arcFinding({ sets, keys, verdict, message });
  return {
    steps: [...told, resultStep(verdict, found), ...[...new Set(found.advice)].map(advice)],
    because: found.because,
  };
}

/** RFC 8617 §4.2.1 */
const mostSets = 50;

function readSets(message: MessageFile): ArcSet[] {
  const sets = new Map<number, ArcSet>();
  const add = (value: string, part: (value: string) => Partial<ArcSet>): void => {
    const instance = Number(/^(?:.*;)?\s*i\s*=\s*(\d{1,2})\s*(?:;|$)/s.exec(value)?.[1] ?? 0);
    sets.set(instance, { instance, ...sets.get(instance), ...part(value) });
  };
  for (const value of valuesOf(message, "arc-seal")) add(value, (text) => ({ seal: readSeal(text) }));
  for (const value of valuesOf(message, "arc-message-signature"))
    add(value, (text) => ({ signature: readSignature(text) }));
  for (const value of valuesOf(message, "arc-authentication-results"))
    add(value.slice(0, value.indexOf(";") + 1), () => ({ saw: value.slice(value.indexOf(";") + 1).trim() }));
  return [...sets.values()].toSorted((a, b) => a.instance - b.instance).slice(0, mostSets);
}

function readSeal(value: string): Seal {
  const { tags } = readTagList(value);
  const tag = (name: string): string => packed(tags.get(name)).toLowerCase();
  return { domain: tag("d"), selector: tag("s"), algorithm: tag("a"), chain: tag("cv") };
}

/** The set told, and the keys that it needs; that of the signature nearly always is the seal's. */
async function lookAtSet(
  set: ArcSet,
  newest: boolean,
  { message, resolver }: Pick<ArcAsked, "message" | "resolver">,
): Promise<{ readonly step: Step; readonly keys: readonly KeySigned[] }> {
  const { instance, seal, signature, saw } = set;
  const missing = missingFields(set);
  const sealKey = seal === undefined ? undefined : await lookUpKey(seal, resolver);
  const same = seal?.domain === signature?.domain && seal?.selector === signature?.selector;
  const ownKey = signature === undefined || same ? undefined : await lookUpKey(signature, resolver);
  const who = seal === undefined ? "nobody" : oneLine(seal.domain);
  const steps: Step[] = [
    ...(missing.length === 0 ? [] : [check("set", `${missing.join(" and ")} of this instance is missing`, "bad")]),
    ...(saw === undefined ? [] : [check("saw", `${who} says it saw: ${oneLine(saw)}`)]),
    ...(seal === undefined ? [] : [chainStep(seal, instance), ...(sealKey?.steps ?? [])]),
    ...(signature === undefined ? [] : signatureSteps(signature, newest, message)),
    ...(ownKey?.steps ?? []),
  ];
  const signed = (by: Seal | DkimSignature | undefined, looked: typeof sealKey): KeySigned[] =>
    by === undefined || looked === undefined ? [] : [{ signature: by, key: looked.key, keyFound: looked.found }];
  return {
    step: {
      ...check("instance", `Instance ${instance}: sealed by ${who}`, missing.length > 0 ? "bad" : undefined),
      steps,
    },
    keys: [...signed(seal, sealKey), ...signed(signature, ownKey)],
  };
}

/** RFC 8617 §4.1.3: the first has nothing before it; every other must have found the chain whole. */
function chainStep({ chain, selector }: Seal, instance: number): Step {
  const shown = `Seal with selector ${oneLine(selector)}, cv=${oneLine(chain)}`;
  switch (chain) {
    case "none":
      return instance === 1
        ? check("seal", `${shown}: the first of the chain`)
        : check("seal", `${shown}: not the first, so it must not say none`, "bad");
    case "pass":
      return instance === 1
        ? check("seal", `${shown}: the first, so there is nothing that could have passed`, "bad")
        : check("seal", `${shown}: it found the chain before it whole`);
    case "fail":
      return check("seal", `${shown}: the chain was broken when it came here`, "bad");
    default:
      return check("seal", `${shown}: not understood`, "bad");
  }
}

function signatureSteps(signature: DkimSignature, newest: boolean, message: MessageFile): Step[] {
  const { domain, selector, hashed, bodyHash, fields } = signature;
  const by = `Message signature by ${oneLine(domain)}, selector ${oneLine(selector)}; fields: ${oneLine(fields.join(", "))}`;
  const body = hashed === undefined ? undefined : compareBody(message.body, hashed, bodyHash);
  return [check("message signature", by), ...(body === undefined ? [] : [setBodyStep(body, newest)])];
}

/** Only the newest has to hold: a forwarder that changes a message signs it anew. RFC 8617 §5.2 */
function setBodyStep(body: BodyFinding, newest: boolean): Step {
  if (newest || body.kind === "same") return bodyStep(body);
  return check("body hash", "The body was changed after this hop, which is allowed: the next one signed it anew");
}

function resultStep({ result, sealer, passed = [] }: ArcVerdict, { because, reason }: ArcFinding): Step {
  const tone = result === "pass" ? "good" : result === "none" ? "warning" : "bad";
  const saw = passed.map(({ method, domain }) => `${method.toUpperCase()} of ${oneLine(domain)}`).join(", ");
  const vouched =
    sealer === undefined ? "" : `. ${oneLine(sealer)} sealed last; the first sealer saw pass: ${saw || "nothing"}`;
  return { kind: "result", result, reason, text: `${result}: ${oneLine(because)}${vouched}`, tone };
}
