// Text in whatever charset it is in: the label counts where the text fits it, otherwise the octets themselves tell.
import { decodeBase64 } from "./encodings.ts";
import { bytesOf } from "./octets.ts";

/** A TextDecoder, as Node and browsers have it. */
type Decoder = InstanceType<typeof TextDecoder>;

const decoders = new Map<string, Decoder | undefined>();

/** Undefined: the label names no charset that is known. */
function decoderFor(label: string): Decoder | undefined {
  if (!decoders.has(label)) {
    if (decoders.size > 200) decoders.clear(); // labels come from strangers
    decoders.set(label, newDecoder(label));
  }
  return decoders.get(label);
}

function newDecoder(label: string): Decoder | undefined {
  try {
    return new TextDecoder(aliases[label] ?? label, { fatal: true });
  } catch {
    return undefined;
  }
}

/** Names in use that the Encoding Standard lacks. */
const aliases: Readonly<Record<string, string>> = {
  utf8mb4: "utf-8",
  cp932: "shift_jis",
  cp936: "gbk",
  cp949: "euc-kr",
  cp950: "big5",
  "iso-2022-jp-1": "iso-2022-jp",
  "iso-2022-jp-2": "iso-2022-jp",
  "iso-2022-jp-ms": "iso-2022-jp",
  cp50220: "iso-2022-jp",
  "eucjp-ms": "euc-jp",
  "hz-gb-2312": "gb18030",
};

const beyondAscii = /[\u0080-\u00ff]/;
/** RFC 1468: an escape, and what it switches to. */
const escape = String.fromCharCode(0x1b);
const switches = ["$@", "$B", "$(", "(J", "(I"].map((to) => escape + to);

/** `octets`: one character for each octet. `label`: the charset as the message names it, if it does. */
export function decodeText(octets: string, label = ""): string {
  if (/utf-?7$/i.test(label.trim())) return decodeUtf7(octets);
  const isJapanese = octets.includes(escape) && switches.some((to) => octets.includes(to));
  if (!isJapanese && !beyondAscii.test(octets)) return octets;
  const bytes = bytesOf(octets);
  if (isJapanese) return decodeLoosely(bytes, "iso-2022-jp");
  const name = label.trim().toLowerCase();
  // a text that is UTF-8 by its octets is UTF-8, whatever its label says: others almost never look like it
  return attempt(bytes, "utf-8") ?? (says8Bit(name) ? attempt(bytes, name) : undefined) ?? guess(bytes, name);
}

/** RFC 2152: UTF-16 in base64 between + and -. Exchange writes reports so. */
const decodeUtf7 = (octets: string): string =>
  octets.replaceAll(/\+([A-Za-z\d+/]{0,2000})-?/g, (_, encoded: string) => {
    if (encoded === "") return "+";
    const pairs = bytesOf(decodeBase64(encoded));
    return new TextDecoder("utf-16be").decode(pairs.subarray(0, pairs.length & ~1));
  });

/** Labels that promise no more than ASCII, or that are put there without a look, do not tell what 8-bit text is. */
const says8Bit = (name: string): boolean => name !== "" && name !== "us-ascii" && name !== "ascii" && name !== "utf-8";

function attempt(bytes: Uint8Array, label: string): string | undefined {
  try {
    return decoderFor(label)?.decode(bytes);
  } catch {
    return undefined;
  }
}

function decodeLoosely(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** What a text in this charset nearly always has, and others decoded so have not. */
const guesses: readonly { readonly label: string; readonly has: RegExp }[] = [
  { label: "euc-jp", has: /[\u3041-\u3093\u30a1-\u30f6]{2}/ },
  { label: "shift_jis", has: /[\u3041-\u3093\u30a1-\u30f6]{2}/ },
  { label: "gb18030", has: /[\u7684\u60a8\u4ef6\u90ae\u9001\u4fe1\u56de]/ },
  { label: "big5", has: /[\u7684\u60a8\u4ef6\u90f5\u9001\u4fe1\u56de]/ },
  { label: "euc-kr", has: /[\uac00-\ud7a3]{2}/ },
  { label: "koi8-r", has: /[\u0430-\u044f]{4}/ },
  { label: "windows-1251", has: /[\u0430-\u044f]{4}/ },
];

function guess(bytes: Uint8Array, label: string): string {
  for (const { label, has } of guesses) {
    const text = attempt(bytes, label);
    if (text !== undefined && has.test(text)) return text;
  }
  return decodeLoosely(bytes, says8Bit(label) ? label : label === "utf-8" ? "utf-8" : "windows-1252");
}
