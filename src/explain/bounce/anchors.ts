// Where a report names the recipients it is about: on lines of their own, behind a label, in a sentence, or in a command.
import { type FoundAddress, findAddresses } from "./addresses.ts";
import { labelKind, plainLower, speaksOf } from "./words.ts";

export interface Anchor {
  readonly address: string;
  /** Index of the line. */
  readonly line: number;
  /** What the line says behind the address: often the reason. */
  readonly rest: string;
  /** The best first: see `bestAnchors`. */
  readonly kind: "line" | "label" | "sentence" | "reply" | "command" | "summary" | "mention";
}

export const maxRecipients = 1_000;

/** Of the kind that names recipients most clearly; "line" and "label" count alike. */
export function bestAnchors(lines: readonly string[], isSender: (address: string) => boolean): readonly Anchor[] {
  const anchors = findAnchors(lines);
  const clear = anchors.filter(({ kind }) => kind === "line");
  const foreign = clear.filter(({ address }) => !isSender(address));
  if (foreign.length > 0) return foreign;
  for (const kind of ["label", "sentence", "command", "reply", "summary", "mention"] as const) {
    const of = anchors.filter((anchor) => anchor.kind === kind);
    const others = of.filter(({ address }) => !isSender(address));
    if (others.length > 0) return others;
  }
  return clear.length > 0 ? clear : anchors.filter(({ kind }) => kind === "label" || kind === "command");
}

function findAnchors(lines: readonly string[]): Anchor[] {
  const anchors: Anchor[] = [];
  for (const [line, text] of lines.entries()) {
    if (anchors.length >= maxRecipients) break;
    if (!text.includes("@")) continue;
    const addresses = findAddresses(text);
    if (addresses.length === 0) continue;
    anchors.push(
      ...anchorsIn(text, addresses, { line, above: labelAbove(lines, line), inSummary: isInSummary(lines, line) }),
    );
  }
  return anchors.slice(0, maxRecipients);
}

/** "To:" on one line, the address on the next. */
function labelAbove(lines: readonly string[], line: number): "recipient" | "other" | undefined {
  const at = lines[line - 1]?.trim() === "" ? line - 2 : line - 1;
  const above = lines[at]?.trim() ?? "";
  if (!/[:：]$/.test(above)) return undefined;
  if (speaksOf("help", `${lines[at - 1] ?? ""} ${above}`)) return "other";
  return at === line - 1 && above.length < 60 ? labelKind(above.slice(0, -1)) : undefined;
}

interface Place {
  readonly line: number;
  readonly above: "recipient" | "other" | undefined;
  readonly inSummary: boolean;
}

/** "To:" beside "Subject:" and "Date:" tells to whom the message went, not who did not get it. */
function isInSummary(lines: readonly string[], line: number): boolean {
  if (!/^\s*(?:to|an|à|para|cc|a|宛先)\s*[:：]/i.test(lines[line]!)) return false;
  return lines
    .slice(Math.max(0, line - 3), line + 4)
    .some((near) => /^\s*(?:subject|date|sent|from|betreff|objet|asunto|件名)\s*[:：]/i.test(near));
}

/** What may stand in front of an address that begins its line: bullets, brackets, quotes, a type. */
const opening =
  /^[\s<"'([{*•·‣▪◦○●+–—|>.,;-]*(?:\d{1,3}[.)]\s{0,3})?(?:\[?(?:smtp|mailto|rfc822|email|internet)\s?[:;]\s?)?[<"'([]{0,3}$/i;

function anchorsIn(text: string, addresses: readonly FoundAddress[], { line, above, inSummary }: Place): Anchor[] {
  const first = addresses[0]!;
  const before = text.slice(0, first.start);
  const rest = text.slice(addresses.at(-1)!.end).replace(/^[\s>"'\])},;:.]{0,20}/, "");
  const isList = addresses.every(
    (found, i) =>
      i === 0 ||
      /^[\s<>"'[\](),;&]*(?:and|und|et|y|SMTP:)?[\s<>"'[\](),;&]*$/i.test(
        text.slice(addresses[i - 1]!.end, found.start),
      ),
  );
  const all = (kind: Anchor["kind"], restOf = rest): Anchor[] =>
    addresses.slice(0, maxRecipients).map(({ address }) => ({ address, line, rest: restOf, kind }));
  const one = (kind: Anchor["kind"], found = first): Anchor[] => [
    { address: found.address, line, rest: text.slice(found.end).replace(/^[\s>"'\])},;:.]{0,20}/, ""), kind },
  ];
  if (/^\s*(?:pipe to |save to |"?\|)/.test(before))
    return one("line").map((anchor) => ({ ...anchor, rest: text.trim() }));
  if (opening.test(before)) {
    if (above === "other") return [];
    return isList && rest === "" ? all("line") : one("line");
  }
  const command = /\brcpt to\b/i.exec(text);
  const commanded = command === null ? undefined : addresses.find(({ start }) => start > command.index);
  if (commanded !== undefined) return one("command", commanded);
  if (/^[\s<>*|-]{0,12}[245]\d\d[ -]/.test(before)) return one("reply");
  const label =
    /^[\s*•·>|-]{0,10}([^:：=|]{1,60}?)\s{0,5}[:：=|]\s*[<"'([]{0,3}(?:(?:smtp|mailto|rfc822)[:;]\s?)?(?:[^@:]{0,60}[<[(])?$/i.exec(
      before,
    );
  const kind = label === null ? undefined : labelKind(label[1]!);
  if (inSummary) return all("summary");
  if (kind === "recipient") return isList ? all("label") : one("label");
  if (kind === "other") return [];
  return sentence(text, addresses, line);
}

/** "Unable to deliver message to <…>": an address in words about a failure, not an offer of help. */
function sentence(text: string, addresses: readonly FoundAddress[], line: number): Anchor[] {
  const lower = plainLower(text);
  const isAbout =
    speaksOf("failure", lower) ||
    /\b(?:to|for|of|recipient|user|mailbox|address)\s{1,3}[<"'([]{0,3}$/.test(lower.slice(0, addresses[0]!.start));
  return addresses
    .filter(({ start }) => !speaksOf("help", lower.slice(Math.max(0, start - 60), start)))
    .filter(
      ({ start }) =>
        !/(?:from|sender|by|von|de la part de|mailto:|message-id)[\s:]{0,3}[<"'([]{0,3}$/.test(lower.slice(0, start)),
    )
    .slice(0, 5)
    .map(({ address, end }) => ({
      address,
      line,
      rest: text.slice(end),
      kind: isAbout ? ("sentence" as const) : ("mention" as const),
    }));
}
