// The recipients of a report: what its fields say and what its words say, put together.
import { findAddresses, sameAddress } from "./addresses.ts";
import type { HumanPart, TextRecipient } from "./human-part.ts";
import { findReplies, hostIn, stageIn, statusIn } from "./reply-text.ts";
import type { ReportedAction, ReportedRecipient } from "./report.ts";
import type { StatusGroup } from "./status-part.ts";
import { isProgramFailure, type Why } from "./why.ts";
import { bareWords, continues, isTelling, speaksOf } from "./words.ts";

/** What is asked where neither fields nor words say it. */
export interface LastSources {
  /** X-Failed-Recipients and its like. */
  readonly named: readonly string[];
  /** To of the message that came back. */
  readonly originalTo: readonly string[];
  /** Something to show where the report gives no reason: its subject. */
  readonly subject: string;
}

/** `action` of those whose fields name none. */
export function recipientsOfGroups(
  groups: readonly StatusGroup[],
  human: HumanPart,
  sources: LastSources,
): readonly ReportedRecipient[] {
  const known = [...human.recipients.map(({ address }) => address), ...sources.named, ...sources.originalTo];
  const recipients = groups.map((group, i) => {
    const inItsPlace = groups.length === 1 ? known[0] : human.recipients[i]?.address;
    const address = fullAddress(group.address, known) ?? inItsPlace ?? "";
    const said = human.find(address, group.originalAddress ?? address);
    const only = human.recipients.length === 1 && groups.length === 1 ? human.recipients[0]!.why : undefined;
    const why = betterWhy(said?.why ?? only, human) ?? human.general();
    return {
      address,
      ...recipientOfGroup(group, why, sources.subject),
      ...(group.originalAddress !== undefined && { originalAddress: group.originalAddress }),
    };
  });
  return distinctRecipients(recipients).map((recipient) => ({
    ...recipient,
    ...(recipient.address !== "" && { recipient: recipient.address }),
  }));
}

/** Of a report that breaks off in its fields: those that only its words name, as they name the others, and say why. */
export function recipientsBeyond(told: readonly ReportedRecipient[], human: HumanPart): readonly ReportedRecipient[] {
  const namesOf = ({ address, originalAddress = address }: TextRecipient): string[] =>
    [address, originalAddress].map((name) => name.toLowerCase());
  const known = new Set(told.flatMap(namesOf));
  const named = new Set(human.recipients.flatMap(namesOf));
  const isSameList = told.every((one) => namesOf(one).some((name) => named.has(name)));
  if (!isSameList || human.recipients.length <= told.length) return [];
  return human.recipients
    .filter((one) => !namesOf(one).some((name) => known.has(name)))
    .flatMap(({ address, why }) => (why === undefined ? [] : { address, recipient: address, ...why }));
}

/** A name alone: another part of the report knows the address. Undefined: there is no name. */
function fullAddress(name: string, known: readonly string[]): string | undefined {
  if (name === "" || name.includes("@")) return name || undefined;
  const prefix = `${name.toLowerCase()}@`;
  return known.find((address) => address.toLowerCase().startsWith(prefix)) ?? name;
}

function recipientOfGroup(
  group: StatusGroup,
  why: Why | undefined,
  subject: string,
): Omit<ReportedRecipient, "address"> {
  const { diagnostic = "", diagnosticType, remoteHost, action } = group;
  const chosen = why !== undefined && saysMore(why, { diagnostic, diagnosticType }) ? why : undefined;
  const text = chosen?.text ?? (diagnostic || why?.text || "");
  const least = action === "delivered" || action === "relayed" || action === "expanded" ? 200 : 400;
  // what a program printed is no reply
  const isReply = !isProgramFailure(diagnostic);
  const replies = isReply ? findReplies(diagnostic).filter(({ code }) => code >= least) : [];
  const reply = replies.find(({ isSure }) => isSure) ?? replies[0];
  const code = reply?.code ?? why?.code;
  const status = bestStatus(group.status, statusIn(diagnostic.slice(reply?.start ?? 0)) ?? statusIn(text));
  const stage =
    stageIn(diagnostic.slice(0, reply?.start ?? 0)) ??
    stageIn(/\(in reply to .{0,60}/i.exec(diagnostic)?.[0] ?? "") ??
    why?.stage;
  const host = remoteHost ?? why?.host ?? hostIn(diagnostic.slice(0, reply?.start));
  return {
    text: text === "" ? reasonIn(subject) : text,
    ...(action !== undefined && { action }),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(stage !== undefined && { stage }),
    ...(host !== undefined && { host }),
  };
}

/** The words count where the diagnostic says nothing, or was cut off where they go on. */
function saysMore(
  why: Why,
  { diagnostic, diagnosticType }: { readonly diagnostic: string; readonly diagnosticType: string | undefined },
): boolean {
  if (!isTelling(why.text)) return false;
  if (diagnosticType === "x-unix" || bareWords(diagnostic) === "") return true;
  if (isTelling(diagnostic)) return continues(why.text, diagnostic);
  return why.code !== undefined || why.status !== undefined;
}

/** X.0.0 and X.1.0 say little: the reply's own status says more. */
function bestStatus(status: string | undefined, inText: string | undefined): string | undefined {
  if (status === undefined || inText === undefined) return inText ?? status;
  return status.endsWith(".0.0") || (status.endsWith(".0") && !inText.endsWith(".0")) ? inText : status;
}

/** "Returned mail: User unknown"; of most subjects nothing, and never the subject of the message itself. */
export function reasonIn(subject: string): string {
  const reason =
    /^\s{0,5}(?:(?:fwd?|re|warning): )?(?:returned mail|returned message|delivery failure|delivery error|mail delivery (?:failed|failure|error)|failed mail|mail system error|undelivered mail)\s{0,3}[:-]\s{0,3}(.{1,300})/i.exec(
      subject,
    )?.[1] ?? "";
  return isTelling(reason) &&
    !/^(?:returning message|returned mail|see transcript|returned to sender|cannot send)/i.test(reason)
    ? reason
    : "";
}

/** Of a report that has words only. */
export function recipientsOfText(human: HumanPart, sources: LastSources): readonly ReportedRecipient[] {
  const addresses = addressesOf(human, sources);
  return addresses.map((address) => {
    const only = addresses.length === 1 ? human.recipients.find(({ why }) => why !== undefined)?.why : undefined;
    const said = human.find(address);
    const why = betterWhy(said?.why ?? only, human) ?? human.general();
    const alias = said?.originalAddress;
    return {
      address,
      text: reasonIn(sources.subject) || (said?.around ?? ""),
      ...(alias !== undefined && !sameAddress(alias, address) && { originalAddress: alias }),
      ...why,
      ...(address !== "" && { recipient: address }),
    };
  });
}

/**
 * What is said in front of the recipients: to the only one a reply in it tells more than prose, and to all some systems name
 * the cause there and quote a reply that says less.
 */
function betterWhy(why: Why | undefined, human: HumanPart): Why | undefined {
  if (why === undefined) return undefined;
  const isAlone = human.recipients.length === 1 && why.code === undefined && why.status === undefined;
  if (!isAlone && !human.hasTellingIntro) return why;
  const general = human.general();
  if (general === undefined) return why;
  if (isAlone && general.code !== undefined) return general;
  const intro = general.text.split(/(?<=[.。!])\s/).find((sentence) => speaksOf("tellingIntro", sentence));
  return intro === undefined || why.text.includes(intro) ? why : { ...why, text: `${intro} ${why.text}` };
}

/** The words count unless a field names others; without either, the only one the message went to. */
function addressesOf(human: HumanPart, { named, originalTo }: LastSources): readonly string[] {
  const inText = human.recipients.map(({ address }) => address);
  if (named.length > 0) return unique(named);
  if (inText.length > 0) return unique(inText);
  return [originalTo.length === 1 ? originalTo[0]! : ""];
}

const unique = (addresses: readonly string[]): readonly string[] =>
  [...new Map(addresses.toReversed().map((address) => [address.toLowerCase(), address])).values()].toReversed();

const rank: Readonly<Record<ReportedAction, number>> = { failed: 4, delayed: 3, expanded: 1, relayed: 1, delivered: 1 };

/** A recipient that is named twice is one; what is worse counts. */
export function distinctRecipients(recipients: readonly ReportedRecipient[]): readonly ReportedRecipient[] {
  const known = new Map<string, ReportedRecipient>();
  for (const recipient of recipients) {
    const key = recipient.address.toLowerCase();
    const before = known.get(key);
    if (before === undefined || rankOf(recipient) > rankOf(before)) known.set(key, recipient);
  }
  return [...known.values()];
}

const rankOf = ({ action }: ReportedRecipient): number => (action === undefined ? 2 : rank[action]);

/** The addresses of a field, as X-Failed-Recipients has them; commas may be missing. */
export const addressesIn = (value: string): string[] =>
  findAddresses(value.slice(0, 50_000), 1_000).map(({ address }) => address);
