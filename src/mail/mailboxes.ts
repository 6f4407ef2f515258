// The addresses in a From or Sender field. RFC 5322 §3.4, with groups as RFC 6854 allows them. What has no meaning, or more
// than one, is no list: two programs that read it differently would be a way around the rules.
import { type Address, type Domain, parseAddress, parseDomain } from "./address.ts";

/**
 * Words and quoted strings, domain literals, and the characters that separate them; comments are taken out by hand. The last
 * ones are out of place, but names have them: `Ann :) <ann@example.org>`.
 */
const token = /"(?:[^"\\]|\\.)*"|\[[^[\]\\]*\]|[<>,;:@.]|[^\s"()<>[\]\\,;:@.]+|[)[\]]|\\(?=[\w\s])/y;

/** One character for each token: `w` is a word, `q` a quoted one, `l` a literal, `x` out of place. */
function kindOf(text: string): string {
  if (/^[<>,;:@.]$/.test(text)) return text;
  if (/^[)[\]\\]$/.test(text)) return "x";
  return text.startsWith('"') ? "q" : text.startsWith("[") ? "l" : "w";
}

const kindsOf = (item: readonly string[]): string => item.map(kindOf).join("");

/** All of them, in canonical form; undefined: it is no list of addresses, or an empty one. */
export function parseMailboxes(value: string): readonly Address[] | undefined {
  const tokens = tokensOf(value);
  if (tokens === undefined) return undefined;
  const addresses = itemsOf(tokens).map(addressOf);
  return addresses.length === 0 || addresses.includes(undefined) ? undefined : (addresses as Address[]);
}

function tokensOf(value: string): string[] | undefined {
  const tokens: string[] = [];
  for (let at = 0; at < value.length;) {
    const character = value[at]!;
    if (/\s/.test(character)) at += 1;
    else if (character === "(") {
      const end = commentEnd(value, at);
      if (end === undefined) return undefined;
      at = end;
    } else {
      token.lastIndex = at;
      const [text] = token.exec(value) ?? [];
      if (text === undefined) return undefined;
      tokens.push(text);
      at += text.length;
    }
  }
  return tokens;
}

/** Comments may stand in comments. */
function commentEnd(value: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < value.length; at += 1) {
    if (value[at] === "\\") at += 1;
    else if (value[at] === "(") depth += 1;
    else if (value[at] === ")" && (depth -= 1) === 0) return at + 1;
  }
  return undefined;
}

/** The tokens of each mailbox; the names of groups are left out. */
function itemsOf(tokens: readonly string[]): string[][] {
  const items: string[][] = [[]];
  let inAngles = false;
  for (const text of tokens) {
    const item = items.at(-1)!;
    if (text === "<") inAngles = true;
    if (text === ">") inAngles = false;
    if (inAngles || !/^[,;:]$/.test(text)) item.push(text);
    else if (text !== ":") items.push([]);
    else if (item.includes("@")) item.push(text); // an address names no group
    else items[items.length - 1] = [];
  }
  return items.filter((item) => item.length > 0);
}

/** `name <address>` or `address`. */
function addressOf(item: readonly string[]): Address | undefined {
  if (kindsOf(item).includes("x")) return undefined;
  const open = item.indexOf("<");
  if (open === -1) return joined(item);
  return item.indexOf(">") === item.length - 1 ? joined(item.slice(open + 1, -1)) : undefined;
}

/** Two words in a row are none. */
const joined = (tokens: readonly string[]): Address | undefined =>
  tokens.some((text, i) => isWord(text) && i > 0 && isWord(tokens[i - 1]!)) ? undefined : parseAddress(tokens.join(""));

const isWord = (text: string): boolean => !/^[@.]$/.test(text);

/**
 * The domains of a From field as programs write it, not all of which keep to the grammar: commas and brackets in names without
 * quotes, addresses without brackets, dots in a row. Undefined: there is none, or the field can be read in more than one way.
 */
export function authorDomains(value: string): ReadonlySet<Domain> | undefined {
  const tokens = tokensOf(value);
  if (tokens === undefined) return undefined;
  const isName = (item: readonly string[]): boolean => /^[^@<>]*$/.test(kindsOf(item));
  const domains = itemsOf(tokens)
    .filter((item) => !isName(item))
    .map(domainOf);
  return domains.length === 0 || domains.includes(undefined) ? undefined : new Set(domains as Domain[]);
}

const domainKinds = String.raw`@(w(?:\.w)*\.?)`;
const inAngles = new RegExp(String.raw`^[^<>]*<+(?:[wq](?![wq])|\.)+${domainKinds}(?:>+[wqlx.]*)?$`, "d");
const withoutAngles = new RegExp(String.raw`^[wqlx.]*[wq.]${domainKinds}$`, "d");

function domainOf(item: readonly string[]): Domain | undefined {
  const kinds = kindsOf(item);
  const place = (inAngles.exec(kinds) ?? withoutAngles.exec(kinds))?.indices?.[1];
  return (
    place &&
    parseDomain(
      item
        .slice(...place)
        .join("")
        .replace(/\.$/, ""),
    )
  );
}
