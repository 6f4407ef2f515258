// The machine-readable part of a DSN, however it is written. RFC 3464 §2, RFC 6533 §4
import { readTypedAddress } from "./addresses.ts";
import { decodeWords } from "./header.ts";
import { statusIn, withoutRepeatedCodes } from "./reply-text.ts";
import type { ReportedAction } from "./report.ts";
import { isTelling } from "./words.ts";

export interface StatusGroup {
  /** Final recipient; a name without a domain, or "", where the system says no more. */
  readonly address: string;
  readonly originalAddress?: string;
  readonly action?: ReportedAction;
  readonly status?: string;
  /** The most telling of the diagnostics. */
  readonly diagnostic?: string;
  /** "smtp", "x-unix", … */
  readonly diagnosticType?: string;
  readonly remoteHost?: string;
}

export interface StatusReport {
  readonly reportedBy?: string;
  readonly envelopeId?: string;
  readonly groups: readonly StatusGroup[];
}

const limits = { groups: 1_000, values: 20, valueChars: 4_000 } as const;

/** A line that begins a field which a delivery status has, and hardly anything else. */
const statusField =
  /^(?:final-recipient|original-recipient|x-actual-recipient|action|status|diagnostic-code|remote-mta|reporting-mta|arrival-date|last-attempt-date|will-retry-until|received-from-mta|dsn-gateway|original-envelope-id|final-log-id|x-(?:postfix|notes|supplementary|display|exim|original|queue|sender|sun|outbound|spam|ms|mailer|actual|failed)[\w-]{0,40})[ \t]{0,5}:/i;

export const isStatusField = (line: string): boolean => statusField.test(line);

/** A text that has a delivery status in it, though its type may not say so. */
export const hasStatusFields = (text: string): boolean =>
  /(?:^|\n)[ \t>]{0,8}(?:final|original)-recipient[ \t]{0,5}:/i.test(text) &&
  /(?:^|\n)[ \t>]{0,8}(?:action|status|diagnostic-code)[ \t]{0,5}:/i.test(text);

type Fields = Map<string, string[]>;

const anyField = /^([A-Za-z][\w-]{1,60})[ \t]{0,5}:(.*)$/s;

export function readStatusPart(text: string): StatusReport {
  const groups: Fields[] = [new Map()];
  let last: string[] | undefined;
  for (const line of text.split("\n")) {
    if (line.trim() === "") {
      if (groups.at(-1)!.size > 0) groups.push(new Map());
      last = undefined;
      continue;
    }
    if (groups.length > limits.groups + 2) break;
    const [, name = "", value = ""] =
      (/^\s/.test(line) && last !== undefined ? null : anyField.exec(line.trimStart())) ?? [];
    if (name === "") {
      // folded, with or without the white space that says so
      if (last !== undefined && last.at(-1)!.length < limits.valueChars)
        last.push(`${last.pop()!} ${line.trim()}`.trim());
      continue;
    }
    last = fieldOf(groups, name.toLowerCase());
    if (last.length < limits.values) last.push(value.trim().slice(0, limits.valueChars));
  }
  return assemble(groups);
}

/** Where a field's value goes: a recipient that is named again begins a new group, empty line or not. */
function fieldOf(groups: Fields[], name: string): string[] {
  const group = groups.at(-1)!;
  const isNew = (name === "final-recipient" || name === "original-recipient") && group.has(name);
  const target = isNew ? new Map<string, string[]>() : group;
  if (isNew) groups.push(target);
  const values = target.get(name) ?? [];
  target.set(name, values);
  return values;
}

const recipientFields = ["final-recipient", "original-recipient", "x-actual-recipient"];
const detailFields = ["action", "status", "diagnostic-code"];

function assemble(groups: readonly Fields[]): StatusReport {
  const message: Fields = new Map();
  const recipients: Fields[] = [];
  for (const group of groups) {
    const isRecipient = recipientFields.some((name) => group.has(name));
    const isDetail = detailFields.some((name) => group.has(name));
    const previous = recipients.at(-1);
    if (isRecipient && previous !== undefined && isPrelude(previous)) merge(previous, group);
    else if (isRecipient || (isDetail && previous === undefined)) recipients.push(group);
    else if (isDetail) merge(previous!, group);
    else if (previous !== undefined && !group.has("reporting-mta")) merge(previous, group);
    merge(message, group);
  }
  const reportedBy = mtaName(first(message, "reporting-mta") || first(message, "dsn-gateway"));
  const envelopeId = first(message, "original-envelope-id") || first(message, "x-original-envelope-id");
  return {
    ...(reportedBy !== "" && { reportedBy }),
    ...(envelopeId !== "" && { envelopeId }),
    groups: recipients.slice(0, limits.groups).map(readGroup),
  };
}

/** Details that stand in front of the recipient they belong to, an empty line between them. */
const isPrelude = (group: Fields): boolean => recipientFields.every((name) => !group.has(name));

function merge(into: Fields, group: Fields): void {
  for (const [name, values] of group) if (!into.has(name)) into.set(name, values);
}

/** The charset is undone already. */
const plain = (value: string): string => (value.includes("=?") ? decodeWords(value) : value);

const first = (group: Fields, name: string): string => group.get(name)?.[0] ?? "";

function readGroup(group: Fields): StatusGroup {
  const final = readTypedAddress(plain(first(group, "final-recipient")));
  const original = readTypedAddress(plain(first(group, "original-recipient")));
  const actual = readTypedAddress(plain(first(group, "x-actual-recipient")));
  const address = [final, original, actual].find((text) => text.includes("@")) ?? (final || original || actual);
  const before = original.includes("@") && original.toLowerCase() !== address.toLowerCase() ? original : undefined;
  const status = statusIn(first(group, "status"));
  const diagnostic = bestDiagnostic([
    ...(group.get("diagnostic-code") ?? []),
    ...(group.get("x-supplementary-info") ?? []),
    ...(group.get("x-exim-diagnostic") ?? []),
    ...(group.get("x-notes-diagnostic") ?? []),
    ...commentOf(first(group, "status")),
  ]);
  const remoteHost = mtaName(first(group, "remote-mta"));
  const action = readAction(first(group, "action"));
  return {
    address,
    ...(before !== undefined && { originalAddress: before }),
    ...(action !== undefined && { action }),
    ...(status !== undefined && { status }),
    ...diagnostic,
    ...(remoteHost !== "" && { remoteHost }),
  };
}

/** "5.1.1 (user unknown)" says more than it has to. */
function commentOf(status: string): string[] {
  const comment = /\d[ \t]{1,5}\(?([^()]{4,300})/.exec(status)?.[1];
  return comment === undefined ? [] : [comment.trim()];
}

/** RFC 3464 §2.3.3; "failure", "deferred" and the like are not in it. */
function readAction(value: string): ReportedAction | undefined {
  const word = /^[\s"']{0,5}([a-z]{4,15})/i.exec(value)?.[1]?.toLowerCase() ?? "";
  if (word.startsWith("fail") || word === "undeliverable" || word === "expired" || word === "bounced") return "failed";
  if (word.startsWith("delay") || word.startsWith("defer")) return "delayed";
  if (word === "delivered" || word === "deliverable" || word === "success") return "delivered";
  if (word === "relayed" || word === "relay") return "relayed";
  return word === "expanded" ? "expanded" : undefined;
}

/** "dns; mx.example.org (192.0.2.1)" → the name. */
export const mtaName = (value: string): string =>
  value
    .replace(/^[\w-]{0,20};/, "")
    .trim()
    .split(/[\s(;,]/)[0]!
    .replaceAll(/[[\]<>"]|\.$/g, "")
    .slice(0, 255);

interface Diagnostic {
  readonly diagnostic?: string;
  readonly diagnosticType?: string;
}

/** Of several the first that tells why. */
function bestDiagnostic(values: readonly string[]): Diagnostic {
  const read = values.map(readDiagnostic).filter(({ diagnostic = "" }) => diagnostic !== "");
  return read.find(({ diagnostic = "" }) => isTelling(diagnostic)) ?? read[0] ?? {};
}

function readDiagnostic(value: string): Diagnostic {
  const [type = "", name] = /^[\s"]{0,5}([A-Za-z][\w-]{1,20})[ \t]{0,3};/.exec(value) ?? [];
  const text = withoutRepeatedCodes(plain(value.slice(type.length)).trim());
  return { diagnostic: text, ...(name !== undefined && { diagnosticType: name.toLowerCase() }) };
}
