// DKIM keys: those that are ours or were named, and those under names that many use. RFC 6376 §3.6.1, RFC 8301.
import { packed, readTagList } from "../../mail/tag-list.ts";
import { type DkimKey, keyText, readDkimKey } from "../authentication/dkim-key.ts";
import { type DnsRecord } from "../dns-record.ts";
import { act, publish } from "../finding.ts";
import type { Asked } from "../run.ts";
import { isFailure, problemOf } from "./dns-trouble.ts";
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
    if (isFound || mx.kind === "null") return; // who takes no mail often sends none
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
  const values = { selector, name };
  if (isFailure(answer)) {
    if (isNamed)
      say(asked, "dkim.unknown", {
        about: name,
        values: { ...values, problem: problemOf(answer) },
        changes: [act("try-again")],
      });
    return isNamed;
  }
  const ours = ourKeys(asked.tools).find((record) => record.name === name);
  if (answer.kind !== "found") {
    if (!isNamed) return false;
    const changes = ours === undefined ? [act("dkim-publish-key", { name })] : [publish(ours)];
    say(asked, "dkim.key-missing", { about: name, values, changes });
    return true;
  }
  const evidence = answer.records;
  if (answer.records.length > 1) {
    const count = answer.records.length;
    say(asked, "dkim.several-records", {
      about: name,
      values: { ...values, count },
      evidence,
      changes: [act("dkim-one-record", { name })],
    });
    return true;
  }
  const record = answer.records[0]!;
  if (ours !== undefined && keyIn(record) !== keyIn(ours.value))
    say(asked, "dkim.key-differs", { about: name, values, evidence, changes: [publish(ours, answer.records)] });
  else tellOf({ name, selector, record, key: readDkimKey(record) }, asked);
  return true;
}

const keyIn = (record: string): string => packed(readTagList(record).tags.get("p"));

interface FoundKey {
  readonly name: string;
  readonly selector: string;
  readonly record: string;
  readonly key: DkimKey;
}

function tellOf({ name, selector, record, key }: FoundKey, asked: Asked<DomainTools>): void {
  const { bits, faults, flags, revoked } = key;
  const values = { selector, name, key: keyText(key), bits, problem: faults.join("; ") };
  const said = { about: name, values, evidence: [record] };
  const newKey = [act("dkim-new-key")];
  if (revoked) return say(asked, "dkim.revoked", { ...said, changes: [act("dkim-see-revoked", { selector })] });
  if (faults.length > 0) return say(asked, "dkim.key-wrong", { ...said, changes: [act("dkim-publish-key", { name })] });
  if (bits !== undefined && bits < 1_024) return say(asked, "dkim.key-too-short", { ...said, changes: newKey });
  if (bits !== undefined && bits < 2_048) say(asked, "dkim.key-weak", { ...said, changes: newKey });
  if (flags.includes("y")) say(asked, "dkim.test-flag", { ...said, changes: [act("dkim-drop-flag", { name })] });
  if ((bits === undefined || bits >= 2_048) && !flags.includes("y")) say(asked, "dkim.good", said);
}
