// The keys of domains in words: a table, and each key's record, ready to be published.
import type { SigningDomain } from "../signing/domains.ts";
import { pemPath } from "../signing/key-folder.ts";
import { recordName, recordText, zoneLine } from "../signing/keys.ts";
import type { Publication } from "../signing/publication.ts";
import { adviceFor, type Sighted } from "../signing/rotation.ts";
import { type Context, paintFor } from "./context.ts";
import { sinceText } from "./human-units.ts";
import { formatTable } from "./table.ts";

export interface DomainKeys {
  readonly own: SigningDomain;
  readonly keys: readonly Sighted[];
}

const dnsWords: Readonly<Record<Publication["kind"], string>> = {
  right: "right",
  missing: "not there",
  withdrawn: "withdrawn",
  wrong: "wrong",
  unknown: "no answer",
};

/** A line for each key, and below it what to do. */
export function keyTable(rows: readonly DomainKeys[], context: Context): string[] {
  if (rows.length === 0)
    return ["No domain has keys: mail goes out unsigned. Make keys with: waybill dkim keygen DOMAIN"];
  const paint = paintFor(context);
  const now = context.world.now();
  const lines = rows.flatMap(({ own: { domain }, keys }) => {
    if (keys.length === 0)
      return [{ cells: [domain, "-", "-", "-", "-", "-"], note: `no keys yet: waybill dkim keygen ${domain}` }];
    return keys.map((key) => {
      const { selector, algorithm, state, since } = key.record;
      const age = since.new === undefined ? "-" : sinceText(since.new, now);
      const note = adviceFor(key, now);
      return {
        cells: [domain, selector, algorithm, state, dnsWords[key.publication.kind], age],
        ...(note !== undefined && { note: paint("yellow", note) }),
      };
    });
  });
  return formatTable(["DOMAIN", "SELECTOR", "ALGORITHM", "STATE", "DNS", "AGE"], lines);
}

/** A key's record, ready to be pasted. */
export function toPublish(own: SigningDomain, { record, key, publication }: Sighted): string[] {
  const { domain } = own;
  const { selector, algorithm, state } = record;
  const text = recordText(key);
  const isThere = publication.kind === "right";
  return [
    `Key ${selector} of ${domain} (${algorithm}), ${state}, in ${fileOf(own, selector)}`,
    isThere ? "Its TXT record is in DNS, and right:" : "Publish this TXT record. In a zone file:",
    "",
    zoneLine(selector, domain, text),
    "",
    "In a web form, as one value without quotes:",
    `  Name   ${selector}._domainkey   (in full: ${recordName(selector, domain)})`,
    "  Type   TXT",
    `  Value  ${text}`,
    "",
    ...("because" in publication && publication.because !== undefined ? [`DNS now: ${publication.because}.`, ""] : []),
  ];
}

/** What happens by itself, and how to see it. */
export function nextStep(keys: readonly Sighted[], domain: string): string[] {
  if (keys.every(({ record }) => record.state === "active")) return [`All of them sign the mail of ${domain}.`];
  const isChange = keys.some(({ record }) => record.state === "published");
  const isPublished = keys.every(({ publication }) => publication.kind === "right");
  return [
    isChange && isPublished
      ? "The running server signs with them within the hour."
      : "The running server looks at DNS every five minutes, and signs with a key when its record is there.",
    `To see how far it is: waybill dkim list ${domain}`,
  ];
}

/** Our own notices have no sender but the name of this host; undefined: it has another domain. RFC 7208 §2.4 */
export function hostAdvice(hostname: string, domain: string): string[] {
  if (!hostname.toLowerCase().endsWith(`.${domain}`)) return [];
  return [
    "",
    `Bounces come from MAILER-DAEMON@${hostname}, and are signed with these keys, too. They have no envelope sender, so`,
    "SPF asks for the name of this host. Publish this TXT record if it has none:",
    "",
    `${hostname.toLowerCase()}. 3600 IN TXT "v=spf1 a -all"`,
  ];
}

/** Why a key is not dropped, and what to do instead. */
export function whyKept(own: SigningDomain, selector: string, state: "active" | "retired"): string {
  const { domain } = own;
  switch (state) {
    case "active":
      return `the key ${selector} of ${domain} signs; put others in its place with waybill dkim rotate ${domain}`;
    case "retired":
      return `the key ${selector} of ${domain} has signed, and mail may still need its record; waybill dkim list ${domain} says when both may go`;
  }
}

/** For programs. */
export const keysAsJson = ({ own, keys }: DomainKeys, { world }: Context): object[] =>
  keys.map((sighted) => {
    const { record, key, publication } = sighted;
    const { selector } = record;
    const value = recordText(key);
    const name = recordName(selector, own.domain);
    return {
      domain: own.domain,
      ...record,
      file: fileOf(own, selector),
      record: { name, type: "TXT", value, zone: zoneLine(selector, own.domain, value) },
      dns: publication,
      advice: adviceFor(sighted, world.now()) ?? null,
    };
  });

const fileOf = ({ folder, keyFiles }: SigningDomain, selector: string): string =>
  keyFiles[selector] ?? pemPath(folder, selector);
