// The addresses in a From or Sender field. RFC 5322 §3.4, with groups as RFC 6854 allows them. What has no meaning, or more
// than one, is no list: two programs that read it differently would be a way around the rules.
import { type Address, parseAddress } from "../../mail/address.ts";

/** Words and quoted strings, domain literals, and the characters that separate them; comments are taken out by hand. */
const token = /"(?:[^"\\]|\\.)*"|\[[^[\]\\]*\]|[<>,;:@.]|[^\s"()<>[\]\\,;:@.]+/y;

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
    if (text === "<") inAngles = true;
    if (text === ">") inAngles = false;
    if (inAngles || !/^[,;:]$/.test(text)) items.at(-1)!.push(text);
    else if (text === ":") items[items.length - 1] = [];
    else items.push([]);
  }
  return items.filter((item) => item.length > 0);
}

/** `name <address>` or `address`. */
function addressOf(item: readonly string[]): Address | undefined {
  const open = item.indexOf("<");
  if (open === -1) return joined(item);
  return item.indexOf(">") === item.length - 1 ? joined(item.slice(open + 1, -1)) : undefined;
}

/** Two words in a row are none. */
const joined = (tokens: readonly string[]): Address | undefined =>
  tokens.some((text, i) => isWord(text) && i > 0 && isWord(tokens[i - 1]!)) ? undefined : parseAddress(tokens.join(""));

const isWord = (text: string): boolean => !/^[@.]$/.test(text);
