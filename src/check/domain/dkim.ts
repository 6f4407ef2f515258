// DKIM keys: those that are ours or were named, and those under names that many use. RFC 6376 §3.6.1, RFC 8301.
import { isFailure, recordsIn } from "../../dns/answer.ts";
import { packed, readTagList } from "../../mail/tag-list.ts";
import { type DkimKey, keyText, readDkimKey } from "../authentication/dkim-key.ts";
import { type DnsRecord, longestString, txt } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isCutOff, mendKey, strictFault } from "./dkim-mending.ts";
import { problemOf } from "./dns-trouble.ts";
import { tellOfMisplaced } from "./misplaced.ts";
import { domainCheck, type DomainTools, isHopeless, say } from "./question.ts";

export const dkim = domainCheck({
  name: "dkim",
  needs: ["mx"],
  async run(asked, { mx }) {
    if (isHopeless(mx)) return;
    const { resolver, question } = asked.tools;
    const { domain } = question;
    const named = [...new Set([...question.selectors, ...ourSelectors(asked)])];
    if (named.length > 0) {
      await Promise.all(named.map((selector) => lookAt({ selector, isNamed: true }, asked)));
      return;
    }
    const guesses = usualSelectors.map((selector) => lookAt({ selector, isNamed: false }, asked));
    const isFound = (await Promise.all(guesses)).some((isThere) => isThere);
    if (isFound || mx.kind === "null" || mx.isParked === true) return; // who takes no mail often sends none
    // RFC 8020: if this name does not exist, nothing below it does
    const below = await resolver.txt(`_domainkey.${domain}`);
    if (isFailure(below))
      say(asked, "dkim.unknown", { values: { problem: problemOf(below) }, changes: [act("try-again")] });
    else if (below.kind === "no-such-domain") say(asked, "dkim.none", { changes: [act("sign-with-dkim")] });
    else say(asked, "dkim.selectors-unknown", { values: { count: guesses.length }, changes: [act("selector-option")] });
  },
});

/** Of services and programs: what their instructions tell people to use. */
const usualSelectors: readonly string[] = [
  "default",
  "dkim",
  "mail",
  "smtp",
  "key1",
  "key2",
  "s1",
  "s2",
  "k1",
  "k2",
  "k3",
  "sig1",
  "google",
  "selector1",
  "selector2",
  "protonmail",
  "protonmail2",
  "protonmail3",
  "fm1",
  "fm2",
  "fm3",
  "zoho",
  "zmail",
  "mandrill",
  "mxvault",
  "pm",
  "mailjet",
  "brevo",
  "hs1",
  "hs2",
];

const suffix = "._domainkey.";

/** Those of our own records. */
const ourSelectors = ({ tools }: Asked<DomainTools>): string[] =>
  ourKeys(tools).map(({ name }) => name.slice(0, name.indexOf(suffix)));

const ourKeys = ({ question: { wanted = [], domain } }: DomainTools): DnsRecord[] =>
  wanted.filter(({ name, type }) => type === "TXT" && name.endsWith(`${suffix}${domain}`));

interface Selector {
  readonly selector: string;
  /** Somebody says that it is there; of names that are tried out, what is not there is no matter. */
  readonly isNamed: boolean;
}

/** True: there is something. */
async function lookAt({ selector, isNamed }: Selector, asked: Asked<DomainTools>): Promise<boolean> {
  const { resolver, question } = asked.tools;
  const name = `${selector}${suffix}${question.domain}`;
  const answer = await resolver.txt(name);
  if (isFailure(answer)) {
    const values = { selector, name, problem: problemOf(answer) };
    if (isNamed) say(asked, "dkim.unknown", { about: name, values, changes: [act("try-again")] });
    return isNamed;
  }
  if (answer.kind === "found" && (isNamed || (await isGuessRight(answer.records, asked)))) {
    tellOfRecords({ selector, name, records: answer.records }, asked);
    return true;
  }
  if (isNamed) await tellMissing(selector, name, asked);
  return isNamed;
}

/** What every name has (a wildcard) is nothing that was published for this one. RFC 4592 */
async function isGuessRight(records: readonly string[], { tools }: Asked<DomainTools>): Promise<boolean> {
  const nobodys = await tools.resolver.txt(`no-such-selector${suffix}${tools.question.domain}`);
  const isWild = nobodys.kind === "found" && nobodys.records.join() === records.join();
  return !isWild && records.some((record) => /(?:^|;)\s*(?:p\s*=|v\s*=\s*DKIM)/i.test(record));
}

async function tellMissing(selector: string, name: string, asked: Asked<DomainTools>): Promise<void> {
  const { raw, question } = asked.tools;
  const ours = ourKeys(asked.tools).find((record) => record.name === name);
  const values = { selector, name };
  const { answer } = await raw.ask(name, "CNAME");
  const [target] = recordsIn(answer).flatMap((record) => (record.type === "CNAME" ? [record.data] : []));
  if (target !== undefined) {
    const changes = [act("dkim-see-alias", { name, target })];
    return say(asked, "dkim.alias-to-nowhere", { about: name, values: { ...values, target }, changes });
  }
  const { domain } = question;
  const alsoAt = [`${selector}.${domain}`, `${selector}._domainkeys.${domain}`, `_domainkey.${selector}.${domain}`];
  const isIt = (text: string): boolean => /(?:^|;)\s*p\s*=\s*\S{40}/.test(text);
  if (ours === undefined && (await tellOfMisplaced({ what: "DKIM", name, isIt, alsoAt }, asked))) return;
  const changes = ours === undefined ? [act("dkim-publish-key", { name })] : [publish(ours)];
  say(asked, "dkim.key-missing", { about: name, values, changes });
}

interface FoundRecords {
  readonly selector: string;
  readonly name: string;
  readonly records: readonly string[];
}

function tellOfRecords({ selector, name, records }: FoundRecords, asked: Asked<DomainTools>): void {
  const ours = ourKeys(asked.tools).find((record) => record.name === name);
  const values = { selector, name };
  const evidence = records;
  const [record = "", ...others] = records;
  if (others.length > 0) {
    const changes = [act("dkim-one-record", { name })];
    say(asked, "dkim.several-records", {
      about: name,
      values: { ...values, count: records.length },
      evidence,
      changes,
    });
  } else if (ours !== undefined && !isSameKey(record, ours.value))
    say(asked, "dkim.key-differs", { about: name, values, evidence, changes: [publish(ours, records)] });
  else tellOf({ name, selector, record, key: readDkimKey(record) }, asked);
}

/** Of two records. */
export const isSameKey = (a: string, b: string): boolean => keyIn(a) === keyIn(b);

const keyIn = (record: string): string => packed(readTagList(record).tags.get("p"));

interface FoundKey {
  readonly name: string;
  readonly selector: string;
  readonly record: string;
  readonly key: DkimKey;
}

function tellOf({ name, selector, record, key }: FoundKey, asked: Asked<DomainTools>): void {
  const { bits, flags, revoked, hashes, services } = key;
  const strict = strictFault(record);
  const faults = [...key.faults, ...(strict === undefined ? [] : [strict])];
  const values = { selector, name, key: keyText(key), bits, problem: faults.join("; ") };
  const said = { about: name, values, evidence: [record] };
  const newKey = [act("dkim-new-key")];
  if (revoked) return say(asked, "dkim.revoked", { ...said, changes: [act("dkim-see-revoked", { selector })] });
  if (faults.length > 0 && isCutOff(record)) {
    const changes = [act("dkim-several-strings", { name, start: record.slice(0, longestString) })];
    return say(asked, "dkim.key-cut", { ...said, values: { ...values, length: record.length }, changes });
  }
  if (faults.length > 0) {
    const mended = mendKey(record);
    const changes = mended === undefined ? [act("dkim-publish-key", { name })] : [publish(txt(name, mended), [record])];
    return say(asked, "dkim.key-wrong", { ...said, changes });
  }
  const isForMail = services.length === 0 || services.some((one) => one === "*" || one === "email");
  if (!isForMail || (hashes.length > 0 && !hashes.includes("sha256"))) {
    const tag = isForMail ? "h" : "s";
    const changes = [act("dkim-drop-tag", { name, tag: `${tag}=` })];
    return say(asked, "dkim.not-for-this", { ...said, values: { ...values, tag: `${tag}=` }, changes });
  }
  if (bits !== undefined && bits < 1_024) return say(asked, "dkim.key-too-short", { ...said, changes: newKey });
  if (bits !== undefined && bits < 2_048) say(asked, "dkim.key-weak", { ...said, changes: newKey });
  if (flags.includes("y")) say(asked, "dkim.test-flag", { ...said, changes: [act("dkim-drop-flag", { name })] });
  if ((bits === undefined || bits >= 2_048) && !flags.includes("y")) say(asked, "dkim.good", said);
}
