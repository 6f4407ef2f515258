// Whether a mechanism matches the client, and why. RFC 7208 §5.
import type { Answer } from "../../dns/resolver.ts";
import { oneLine } from "../../mail/printable.ts";
import { isWithin } from "./spf-address.ts";
import { expandDomain, isAscii, isTargetName, usesClientName, usesLocalPart } from "./spf-macro.ts";
import type { Mechanism } from "./spf-record.ts";
import { loopText, loopTo, type SpfCause, spfLimits, type Walk, type Walked } from "./spf-walked.ts";
import { answerText, ask, type Step } from "./step.ts";

export type Seen = {
  readonly why: string;
  /** What the domain-spec stands for, where it says more than itself. */
  readonly expanded?: string;
  /** Which DNS lookup of all it was, for those that ask DNS. */
  readonly lookups?: number;
  readonly steps: readonly Step[];
} & (
  | { readonly kind: "match" | "no-match" }
  | { readonly kind: "error"; readonly result: "permerror" | "temperror"; readonly cause: SpfCause }
);

interface Asked {
  readonly walk: Walk;
  /** Whose record the mechanism stands in. */
  readonly domain: string;
  readonly mechanism: Mechanism;
}

interface Looking extends Asked {
  /** What the mechanism asks for. */
  readonly target: string;
  /** What was asked on the way. */
  readonly steps: Step[];
  /** check_host() for another domain. */
  readonly walkInto: (domain: string) => Promise<Walked>;
}

export async function lookAt(asked: Asked, walkInto: Looking["walkInto"]): Promise<Seen> {
  const { walk, domain, mechanism } = asked;
  const { name, spec } = mechanism;
  if (name === "all") return { kind: "match", why: "all is everyone", steps: [] };
  if (name === "ip4" || name === "ip6") return lookAtNetwork(walk, mechanism);
  const steps: Step[] = [];
  if (spec !== undefined && usesLocalPart(spec) && !isAscii(walk.localPart))
    return { kind: "no-match", why: "the local part of the sender is not ASCII (RFC 8616 §4)", steps };
  const clientName = usesClientName(spec ?? "") ? await nameOfClient(walk, domain, steps) : undefined;
  const values = { ...walk, domain, ...(clientName !== undefined && { clientName }) };
  const target = spec === undefined ? domain : expandDomain(spec, values);
  const looking = { ...asked, target, steps, walkInto };
  const seen = isTargetName(target) ? await lookUp(looking) : badTarget(looking);
  return spec === undefined || spec === target
    ? seen
    : { ...seen, expanded: target, why: `it stands for ${oneLine(target)}; ${seen.why}` };
}

async function lookUp(looking: Looking): Promise<Seen> {
  const { walk, domain, mechanism, steps } = looking;
  const { name, term } = mechanism;
  const lookups = ++walk.counts.lookups;
  if (lookups <= spfLimits.lookups && name in lookers)
    return { ...(await lookers[name as keyof typeof lookers](looking)), lookups };
  const cause: SpfCause = { kind: "lookups", domain, term };
  return { kind: "error", result: "permerror", cause, why: "one DNS lookup too many", lookups, steps };
}

/** RFC 7208 §4.8: nothing can have such a name; what would have included its record cannot go on. */
function badTarget({ domain, mechanism, target, steps }: Looking): Seen {
  const why = `"${oneLine(target)}" cannot be a domain`;
  const { name, term } = mechanism;
  return name === "include"
    ? { kind: "error", result: "permerror", cause: { kind: "bad-target", domain, term, target }, why, steps }
    : { kind: "no-match", why, steps };
}

const lookers = { include: lookAtInclude, a: lookAtA, mx: lookAtMx, exists: lookAtExists, ptr: lookAtPtr } as const;

function lookAtNetwork({ client }: Walk, { name, spec = "", bits4, bits6 }: Mechanism): Seen {
  const why = (is: boolean): string => `${client.toString()} is ${is ? "" : "not "}in it`;
  if (client.kind() !== (name === "ip4" ? "ipv4" : "ipv6"))
    return { kind: "no-match", why: `${client.toString()} is of the other kind of address`, steps: [] };
  const isIn = isWithin(client, spec, name === "ip4" ? bits4 : bits6);
  return { kind: isIn ? "match" : "no-match", why: why(isIn), steps: [] };
}

/** RFC 7208 §5.2 */
async function lookAtInclude({ walk, walkInto, domain, mechanism, target, steps }: Looking): Promise<Seen> {
  const { term } = mechanism;
  const way = loopTo(walk, target);
  if (way !== undefined)
    return {
      kind: "error",
      result: "permerror",
      cause: { kind: "loop", domain, term, way },
      why: loopText(way),
      steps,
    };
  const walked = await walkInto(target);
  const told = [...steps, ...walked.steps];
  const shown = oneLine(target);
  switch (walked.result) {
    case "pass":
      return { kind: "match", why: `${shown} says pass`, steps: told };
    case "fail":
    case "softfail":
    case "neutral":
      return {
        kind: "no-match",
        why: `${shown} says ${walked.result}, and only its pass counts here`,
        steps: told.map(toneless),
      };
    case "temperror":
    case "permerror":
      return { kind: "error", result: walked.result, cause: walked.cause, why: `in ${shown}`, steps: told };
    case "none": {
      const cause: SpfCause = { kind: "bad-target", domain, term, target };
      return { kind: "error", result: "permerror", cause, why: `${shown} has no SPF record`, steps: told };
    }
  }
}

/** What an included record says of others decides nothing. */
const toneless = ({ tone: _, ...step }: Step): Step => step;

const addressType = ({ client }: Walk): "a" | "aaaa" => (client.kind() === "ipv4" ? "a" : "aaaa");

async function lookAtA(looking: Looking): Promise<Seen> {
  const { walk, target, steps } = looking;
  const { answer, step } = await ask(walk.resolver, addressType(walk), target);
  steps.push(step);
  const failed = failureOf(looking, answer);
  if (failed !== undefined) return failed;
  const addresses = answer.kind === "found" ? answer.records : [];
  const isOne = addresses.some((address) => isNear(looking, address));
  return { kind: isOne ? "match" : "no-match", why: addressWhy(looking, oneLine(target), isOne), steps };
}

/** RFC 7208 §5.4 */
async function lookAtMx(looking: Looking): Promise<Seen> {
  const { walk, domain, mechanism, target, steps } = looking;
  const { answer, step } = await ask(walk.resolver, "mx", target);
  steps.push(step);
  const failed = failureOf(looking, answer);
  if (failed !== undefined) return failed;
  const hosts = answer.kind === "found" ? answer.records.toSorted((a, b) => a.preference - b.preference) : [];
  for (const [i, { exchange }] of hosts.filter(({ exchange }) => exchange !== "").entries()) {
    if (i === spfLimits.mxHosts) {
      const cause: SpfCause = { kind: "mx-hosts", domain, term: mechanism.term };
      return { kind: "error", result: "permerror", cause, why: `more than ${spfLimits.mxHosts} MX hosts`, steps };
    }
    const asked = await ask(walk.resolver, addressType(walk), exchange);
    steps.push(asked.step);
    const failed = failureOf(looking, asked.answer, "one of several");
    if (failed !== undefined) return failed;
    if (asked.answer.kind === "found" && asked.answer.records.some((address) => isNear(looking, address)))
      return { kind: "match", why: addressWhy(looking, `the MX host ${oneLine(exchange)}`, true), steps };
  }
  const who = hosts.length === 0 ? `an MX host of ${oneLine(target)}, which has none` : `any MX host`;
  return { kind: "no-match", why: addressWhy(looking, who, false), steps };
}

/** RFC 7208 §5.7: always an A record, whatever the client's address is. */
async function lookAtExists(looking: Looking): Promise<Seen> {
  const { walk, target, steps } = looking;
  const { answer, step } = await ask(walk.resolver, "a", target);
  steps.push(step);
  const failed = failureOf(looking, answer);
  if (failed !== undefined) return failed;
  const exists = answer.kind === "found";
  return {
    kind: exists ? "match" : "no-match",
    why: `the name ${exists ? "has an A record" : "has no A record"}`,
    steps,
  };
}

/** RFC 7208 §5.5 */
async function lookAtPtr(looking: Looking): Promise<Seen> {
  const { walk, target, steps } = looking;
  const names = await validatedNames(walk, steps);
  if (names === "voids") return tooManyVoids(looking);
  const wanted = target.toLowerCase();
  const below = names.find((name) => name === wanted || name.endsWith(`.${wanted}`));
  const why =
    below === undefined
      ? `${walk.client.toString()} has no name at or below ${oneLine(target)} that leads back to it`
      : `${walk.client.toString()} is called ${oneLine(below)}`;
  return { kind: below === undefined ? "no-match" : "match", why, steps };
}

/** The client's names that lead back to it; a DNS error means none. */
async function validatedNames(walk: Walk, steps: Step[]): Promise<string[] | "voids"> {
  const { answer, step } = await ask(walk.resolver, "ptr", walk.client.toString());
  steps.push(step);
  if (isVoid(answer) && ++walk.counts.voids > spfLimits.voidLookups) return "voids";
  const names: string[] = [];
  for (const name of answer.kind === "found" ? answer.records.slice(0, spfLimits.names) : []) {
    const asked = await ask(walk.resolver, addressType(walk), name);
    steps.push(asked.step);
    const addresses = asked.answer.kind === "found" ? asked.answer.records : [];
    if (addresses.some((address) => isWithin(walk.client, address, bitsOf(walk)))) names.push(name.toLowerCase());
  }
  return names;
}

/** RFC 7208 §7.3, %{p}: the domain itself, else a name below it, else any. It counts as a lookup, too. */
async function nameOfClient(walk: Walk, domain: string, steps: Step[]): Promise<string> {
  walk.counts.lookups++;
  const names = await validatedNames(walk, steps);
  if (names === "voids") return "unknown";
  return (
    names.find((name) => name === domain) ?? names.find((name) => name.endsWith(`.${domain}`)) ?? names[0] ?? "unknown"
  );
}

const isVoid = ({ kind }: Answer<unknown>): boolean => kind === "no-such-domain" || kind === "no-data";

/** RFC 7208 §4.6.4: the hosts of one mx are not counted as void lookups. */
function failureOf(looking: Looking, answer: Answer<unknown>, which?: "one of several"): Seen | undefined {
  const { walk, target, steps } = looking;
  if (answer.kind === "server-failure" || answer.kind === "timeout") {
    const problem = answerText(answer);
    return { kind: "error", result: "temperror", cause: { kind: "dns", name: target, problem }, why: problem, steps };
  }
  if (which === undefined && isVoid(answer) && ++walk.counts.voids > spfLimits.voidLookups)
    return tooManyVoids(looking);
  return undefined;
}

const tooManyVoids = ({ domain, mechanism: { term }, steps }: Looking): Seen => ({
  kind: "error",
  result: "permerror",
  cause: { kind: "voids", domain, term },
  why: `more than ${spfLimits.voidLookups} DNS lookups found nothing`,
  steps,
});

const bitsOf = ({ client }: Walk): number => (client.kind() === "ipv4" ? 32 : 128);

const isNear = ({ walk, mechanism: { bits4, bits6 } }: Looking, address: string): boolean =>
  isWithin(walk.client, address, walk.client.kind() === "ipv4" ? bits4 : bits6);

function addressWhy({ walk, mechanism: { bits4, bits6 } }: Looking, whose: string, is: boolean): string {
  const bits = walk.client.kind() === "ipv4" ? bits4 : bits6;
  const near = bits === bitsOf(walk) ? "" : `within /${bits} of `;
  return `${walk.client.toString()} is ${is ? "" : "not "}${near}an address of ${whose}`;
}
