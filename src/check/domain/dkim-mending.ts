// A DKIM key record as it was probably meant: what pasting and web forms add to it taken off. RFC 6376 §3.6.1.
import { packed, readTagList } from "../../mail/tag-list.ts";
import { readDkimKey } from "../authentication/dkim-key.ts";

/** Words: what receivers that read strictly stumble over, and Node's reader does not. */
export function strictFault(record: string): string | undefined {
  const p = packed(readTagList(record).tags.get("p"));
  if (/-----|BEGIN|PUBLIC ?KEY/.test(p)) return "p= has the lines BEGIN and END of a key file in it";
  const other = /[^A-Za-z\d+/=]/.exec(p)?.[0];
  return other === undefined ? undefined : `p= has the character ${other} in it, which does not belong into base64`;
}

/** Its DER value ends before the length that it begins with. X.690 §8.1.3 */
export function isCutOff(record: string): boolean {
  const bytes = Buffer.from(packed(readTagList(record).tags.get("p")), "base64");
  const [tag, first = 0] = bytes;
  if (tag !== 0x30 || first < 0x81 || first > 0x82) return false;
  const octets = first - 0x80;
  return bytes.length > 2 + octets && bytes.length < 2 + octets + bytes.readUIntBE(2, octets);
}

/** Undefined: it cannot be told what was meant. */
export function mendKey(record: string): string | undefined {
  const bare = record.replaceAll(/["\\\u200b\ufeff“”]/g, "").replaceAll(/-----[A-Z ]+-----/g, "");
  const [, body = bare] = /^\s*(?:v\s*=\s*DKIM1\s*;?)?(.*)$/is.exec(bare) ?? [];
  const { tags } = readTagList(body);
  const p = tags.get("p") ?? (/^[A-Za-z\d+/=\s]{100,}$/.test(body) ? body : undefined);
  if (p === undefined) return undefined;
  const others = [...tags].filter(([name]) => name !== "p" && name !== "v").map(([name, value]) => `${name}=${value}`);
  const mended = ["v=DKIM1", ...(others.length > 0 ? others : ["k=rsa"]), `p=${packed(p)}`].join("; ");
  const isRight = readDkimKey(mended).faults.length === 0 && strictFault(mended) === undefined;
  return isRight && mended !== record ? mended : undefined;
}
