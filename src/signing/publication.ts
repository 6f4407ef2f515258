// Is a key's record in DNS, and is it right? RFC 6376 §3.6.1, §3.6.2.
import type { Answer, Resolver } from "../dns/resolver.ts";
import { listed, packed, readTagList } from "../mail/tag-list.ts";
import { type ParsedKey, publicPart, recordName } from "./keys.ts";

export type Publication =
  | { readonly kind: "right" }
  /** `because`: it stands at another name, by a common mistake. */
  | { readonly kind: "missing"; readonly because?: string }
  /** p= is empty: whoever finds the record knows that the key is withdrawn. */
  | { readonly kind: "withdrawn" }
  | { readonly kind: "wrong"; readonly because: string }
  /** DNS did not answer. */
  | { readonly kind: "unknown"; readonly because: string };

/** Never rejects. */
export async function publicationOf(
  resolver: Pick<Resolver, "txt">,
  domain: string,
  key: ParsedKey & { readonly selector: string },
): Promise<Publication> {
  const name = recordName(key.selector, domain);
  const answer = await resolver.txt(name);
  switch (answer.kind) {
    case "found":
      return compare(answer, name, key);
    case "no-such-domain":
    case "no-data":
      return missing(resolver, name, domain);
    case "server-failure":
      return { kind: "unknown", because: `DNS failed when asked for TXT of ${name}: ask again later` };
    case "timeout":
      return { kind: "unknown", because: `DNS gave no answer in time when asked for TXT of ${name}: ask again later` };
  }
}

/** Forms of DNS providers add the domain by themselves, and so do zone files to a name without a dot at its end. */
async function missing(resolver: Pick<Resolver, "txt">, name: string, domain: string): Promise<Publication> {
  const doubled = `${name}.${domain}`;
  const answer = await resolver.txt(doubled);
  if (answer.kind !== "found" || !answer.records.some((record) => readTagList(record).tags.has("p")))
    return { kind: "missing" };
  const short = name.slice(0, -domain.length - 1);
  const because = `its record stands at ${doubled}, with the domain twice: in a web form, enter only ${short} as the name; in a zone file, end the name with a dot`;
  return { kind: "missing", because };
}

function compare({ records }: Answer<string> & { kind: "found" }, name: string, key: ParsedKey): Publication {
  const wrong = (because: string): Publication => ({ kind: "wrong", because });
  const [record, ...others] = records;
  if (record === undefined) return { kind: "missing" };
  if (others.length > 0)
    return wrong(`${name} has ${records.length} TXT records, and a verifier may read any of them: leave only ours`);
  const { tags, faults } = readTagList(record);
  if (faults.length > 0)
    return wrong(`the TXT record of ${name} is not a list of tags (v=DKIM1; k=…; p=…): copy it again, in full`);
  if (tags.has("v") && (tags.get("v") !== "DKIM1" || [...tags.keys()][0] !== "v"))
    return wrong(`the TXT record of ${name} must begin with v=DKIM1`);
  if (!tags.has("p")) return wrong(`the TXT record of ${name} has no p=, which is the key: copy it again, in full`);
  const found = packed(tags.get("p"));
  if (found === "") return { kind: "withdrawn" };
  const algorithm = tags.get("k") ?? "rsa";
  if (algorithm !== key.algorithm)
    return wrong(`the TXT record of ${name} says k=${algorithm}, the key is ${key.algorithm}`);
  const ours = publicPart(key);
  if (found === ours) return restriction(tags, name) ?? { kind: "right" };
  return wrong(
    ours.startsWith(found)
      ? `the key in the TXT record of ${name} is cut off after ${found.length} of ${ours.length} characters: enter the record as several strings of 255 characters at most`
      : `the TXT record of ${name} has another key than ours: publish ours, or remove the selector`,
  );
}

/** What makes verifiers refuse signatures of a key that is there. */
function restriction(tags: ReadonlyMap<string, string>, name: string): Publication | undefined {
  const excludes = (tag: string, value: string): boolean => {
    const list = listed(tags.get(tag));
    return tags.has(tag) && !list.includes(value) && !list.includes("*");
  };
  if (excludes("h", "sha256"))
    return { kind: "wrong", because: `the TXT record of ${name} does not allow sha256 (h=): remove h=` };
  if (excludes("s", "email"))
    return { kind: "wrong", because: `the TXT record of ${name} is not for mail (s=): remove s=` };
  return undefined;
}
