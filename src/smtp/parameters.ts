// ESMTP parameters of MAIL and RCPT: `KEYWORD=value` words behind the path. RFC 5321 §4.1.2.
import type { BodyType, NotifyWish, Origin, Recipient } from "../mail/envelope.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { limits } from "./limits.ts";
import { decodeUtf8Xtext, decodeXtext } from "./xtext.ts";

interface Parameter<T> {
  /** Says to the sender what the value must be. */
  readonly expects: string;
  /** The part of the envelope that the value means; undefined: a bad value. */
  readonly read: (value: string | undefined) => Partial<T> | undefined;
}

type Parameters<T> = ReadonlyMap<string, Parameter<T>>;

type ReadParameters<T> =
  | { readonly kind: "read"; readonly values: Partial<T> }
  | { readonly kind: "problem"; readonly reply: Reply };

const bodyTypes = new Map<string, BodyType>([
  ["7BIT", "7bit"],
  ["8BITMIME", "8bitmime"],
  ["BINARYMIME", "binarymime"],
]);

const notifyWishes = new Map<string, NotifyWish>([
  ["SUCCESS", "success"],
  ["FAILURE", "failure"],
  ["DELAY", "delay"],
]);

export const mailParameters: Parameters<Origin> = new Map<string, Parameter<Origin>>([
  ["SIZE", { expects: "a number of octets, as in SIZE=1024", read: readSize }], // RFC 1870 §6
  ["BODY", { expects: "7BIT, 8BITMIME or BINARYMIME", read: readBody }], // RFC 6152 §2, RFC 3030 §3
  [
    "SMTPUTF8", // RFC 6531 §3.4
    { expects: "no value", read: (value) => (value === undefined ? { smtpUtf8: true } : undefined) },
  ],
  ["RET", { expects: "FULL or HDRS", read: readRet }], // RFC 3461 §4.3
  ["ENVID", { expects: `xtext of at most ${limits.envidBytes} characters`, read: readEnvid }], // RFC 3461 §4.4
  // RFC 4954 §5: who submitted it, by the word of a server that we have no reason to believe
  ["AUTH", { expects: "<> or a mailbox in xtext", read: (value) => (decodeXtext(value ?? "+") ? {} : undefined) }],
]);

export const rcptParameters: Parameters<Recipient> = new Map<string, Parameter<Recipient>>([
  ["NOTIFY", { expects: "NEVER, or a list of SUCCESS, FAILURE and DELAY", read: readNotify }], // RFC 3461 §4.1
  ["ORCPT", { expects: "addr-type;xtext, as in ORCPT=rfc822;ann@example.org", read: readOrcpt }], // RFC 3461 §4.2
]);

/** Words such as `SIZE=1024`; keywords in any case. */
export function readParameters<T>(words: readonly string[], known: Parameters<T>): ReadParameters<T> {
  if (words.length === 0) return { kind: "read", values: {} };
  const values: Partial<T> = {};
  const seen = new Set<string>();
  for (const word of words) {
    const [, keyword = "", value] = /^([a-z\d][a-z\d-]*)(?:=([^=]+))?$/is.exec(word) ?? [];
    const name = keyword.toUpperCase();
    if (name === "") return problem(501, `${shown(word)} is not a parameter; write KEYWORD=value`);
    const parameter = known.get(name);
    if (parameter === undefined) return problem(555, `parameter ${shown(name)} is not known here; send without it`);
    if (seen.has(name)) return problem(501, `parameter ${name} came twice; send it once`);
    seen.add(name);
    const read = parameter.read(value);
    if (read === undefined) return problem(501, `parameter ${name} must have ${parameter.expects}`);
    Object.assign(values, read);
  }
  return { kind: "read", values };
}

const problem = (code: 501 | 555, text: string): { kind: "problem"; reply: Reply } => ({
  kind: "problem",
  reply: reply(code, "5.5.4", text),
});

const shown = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 40)}...`);

function readSize(value = ""): Partial<Origin> | undefined {
  return /^\d{1,20}$/.test(value) ? { declaredBytes: Number(value) } : undefined;
}

function readBody(value = ""): Partial<Origin> | undefined {
  const bodyType = bodyTypes.get(value.toUpperCase());
  return bodyType && { bodyType };
}

function readRet(value = ""): Partial<Origin> | undefined {
  const ret = value.toLowerCase();
  return ret === "full" || ret === "hdrs" ? { ret } : undefined;
}

function readEnvid(value = ""): Partial<Origin> | undefined {
  const envid = value.length > limits.envidBytes ? undefined : decodeXtext(value);
  return envid ? { envid } : undefined;
}

function readNotify(value = ""): Partial<Recipient> | undefined {
  if (value.toUpperCase() === "NEVER") return { notify: [] };
  const wishes = value.split(",").map((wish) => notifyWishes.get(wish.toUpperCase()));
  return wishes.includes(undefined) ? undefined : { notify: [...new Set(wishes as NotifyWish[])] };
}

function readOrcpt(value = ""): Partial<Recipient> | undefined {
  const [, type, encoded = ""] = /^([\w!#$%&'*+\-/?^`{|}~.]+);(.+)$/.exec(value) ?? [];
  if (type === undefined || Buffer.byteLength(value) > limits.orcptBytes) return undefined;
  const address = type.toLowerCase() === "utf-8" ? decodeUtf8Xtext(encoded) : decodeXtext(encoded);
  return address === undefined ? undefined : { orcpt: { type, address } };
}
