// The addresses in a From or Sender field, read strictly: what is in doubt is nobody's. RFC 5322 §3.4, §3.6.2.
import { type Address, parseAddress } from "../mail/address.ts";

/** Undefined: this is no list of addresses, or one that is not plain enough to vouch for. */
export function addressesIn(value: string): Address[] | undefined {
  const parts = splitList(value);
  const addresses = parts?.map(addressOf);
  return addresses?.every((address) => address !== undefined) ? addresses : undefined;
}

/** Display name, and the address in angle brackets; or only the address. */
function addressOf(part: string): Address | undefined {
  const [, quoted] = /^(?:[^"<>]|"(?:[^"\\]|\\.)*")*<([^<>]*)>\s*$/s.exec(part) ?? [];
  return parseAddress((quoted ?? part).replaceAll(/\s+/g, " ").trim());
}

/** At the commas that stand for themselves, without comments. */
function splitList(value: string): string[] | undefined {
  const parts = [""];
  let depth = 0;
  let isQuoted = false;
  let isBracketed = false;
  for (let i = 0; i < value.length; i += 1) {
    const character = value[i]!;
    const isPair = character === "\\" && (isQuoted || depth > 0);
    const text = isPair ? value.slice(i, i + 2) : character;
    if (isPair) i += 1;
    if (depth === 0 && text === '"') isQuoted = !isQuoted;
    if (!isQuoted && text === "(") depth += 1;
    else if (!isQuoted && depth > 0) depth -= text === ")" ? 1 : 0;
    else if (!isQuoted && !isBracketed && text === ",") parts.push("");
    else if (!isQuoted && !isBracketed && /[:;)]/.test(text)) return undefined; // a group names people who cannot be seen
    else {
      if (!isQuoted && /[<>]/.test(text)) isBracketed = text === "<";
      parts[parts.length - 1] += text;
    }
  }
  return depth === 0 && !isQuoted && !isBracketed ? parts : undefined;
}
