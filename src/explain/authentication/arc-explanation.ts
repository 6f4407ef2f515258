// The whole account of a message's ARC chain: who sealed it, what each says it saw, whether the chain holds. RFC 8617.
import type { RecordingResolver } from "../../dns/recording-resolver.ts";
import { oneLine } from "../../mail/failure-text.ts";
import type { ArcVerdict } from "../../mail/verdict.ts";
import { type BodyFinding, compareBody } from "./body-hash.ts";
import { bodyStep, lookUpKey } from "./dkim-explanation.ts";
import { type DkimSignature, readSignature } from "./dkim-signature.ts";
import { type MessageFile, valuesOf } from "./message-file.ts";
import { advice, check, type Step } from "./step.ts";
import { packed, readTagList } from "./tag-list.ts";

export interface ArcAsked {
  readonly message: MessageFile;
  readonly verdict: ArcVerdict;
  readonly resolver: RecordingResolver;
}

/** What one forwarder added; a field that is missing breaks the chain. */
interface ArcSet {
  readonly instance: number;
  readonly seal?: Seal;
  readonly signature?: DkimSignature;
  /** Of ARC-Authentication-Results, after the instance. */
  readonly saw?: string;
}

interface Seal {
  readonly domain: string;
  readonly selector: string;
  /** What the sealer found of the chain before it. */
  readonly chain: string;
}

export async function explainArc({ message, verdict, resolver }: ArcAsked): Promise<Step[]> {
  const sets = readSets(message);
  const told: Step[] = [];
  for (const set of sets) told.push(await setStep(set, set === sets.at(-1), { message, resolver }));
  return [...told, resultStep(verdict), ...arcAdvice(sets, verdict, message).map(advice)];
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
  const [domain, selector, chain] = ["d", "s", "cv"].map((name) => packed(tags.get(name)).toLowerCase());
  return { domain: domain!, selector: selector!, chain: chain! };
}

async function setStep(
  { instance, seal, signature, saw }: ArcSet,
  newest: boolean,
  { message, resolver }: Pick<ArcAsked, "message" | "resolver">,
): Promise<Step> {
  const missing = [
    ...(seal === undefined ? ["ARC-Seal"] : []),
    ...(signature === undefined ? ["ARC-Message-Signature"] : []),
    ...(saw === undefined ? ["ARC-Authentication-Results"] : []),
  ];
  const who = seal === undefined ? "nobody" : oneLine(seal.domain);
  const steps: Step[] = [
    ...(missing.length === 0 ? [] : [check("set", `${missing.join(" and ")} of this instance is missing`, "bad")]),
    ...(saw === undefined ? [] : [check("saw", `${who} says it saw: ${oneLine(saw)}`)]),
    ...(seal === undefined ? [] : [chainStep(seal, instance), ...(await lookUpKey(seal, resolver)).steps]),
    ...(signature === undefined ? [] : signatureSteps(signature, newest, message)),
  ];
  return {
    ...check("instance", `Instance ${instance}: sealed by ${who}`, missing.length > 0 ? "bad" : undefined),
    steps,
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

function resultStep({ result, because, sealer, passed = [] }: ArcVerdict): Step {
  const tone = result === "pass" ? "good" : result === "none" ? "warning" : "bad";
  const saw = passed.map(({ method, domain }) => `${method.toUpperCase()} of ${oneLine(domain)}`).join(", ");
  const vouched =
    sealer === undefined ? "" : `. ${oneLine(sealer)} sealed last; the first sealer saw pass: ${saw || "nothing"}`;
  return { kind: "result", result, text: `${result}: ${oneLine(because)}${vouched}`, tone };
}

function arcAdvice(sets: readonly ArcSet[], { result, sealer }: ArcVerdict, { body }: MessageFile): string[] {
  const newest = sets.at(-1);
  const by = oneLine(newest?.seal?.domain ?? "the last forwarder");
  switch (result) {
    case "none":
      return [
        "Nothing to change: ARC is for forwarders and mailing lists; a message that comes straight from its author has none",
      ];
    case "pass":
      return [
        `The chain says only what its sealers say: it helps the message where the receiver trusts ${oneLine(sealer ?? by)}, and where all before it are trusted`,
      ];
    case "temperror":
      return [
        "DNS did not answer for a key of the chain: try again; if it stays so, see to the name servers of that domain",
      ];
    case "fail": {
      const { hashed, bodyHash = "" } = newest?.signature ?? {};
      const changed = hashed !== undefined && compareBody(body, hashed, bodyHash).kind !== "same";
      const broken = sets.find(({ seal }) => seal?.chain === "fail")?.seal;
      return [
        changed
          ? `The text was changed after ${by} sealed it: who changes a message must seal after that, not before`
          : broken !== undefined
            ? `The chain was broken before it came to ${oneLine(broken.domain)}: look at the hop before`
            : `The sealers' keys and fields are as shown: the owner of each domain publishes its key, and no hop may change the ARC fields of those before it`,
      ];
    }
  }
}
