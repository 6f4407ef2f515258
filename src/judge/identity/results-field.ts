// Authentication-Results and Received-SPF, written; forged ones of our name, taken out. RFC 8601, RFC 7208 §9.1
import { type ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { asciiLine } from "../../mail/printable.ts";
import type { Authentication, DkimVerdict, SpfVerdict } from "../../mail/verdict.ts";
import { type FieldPlace, latin1, splitHeader } from "../../mail/header.ts";
import { isOfServer } from "./server-id.ts";

interface About {
  readonly client: Client;
  readonly mailFrom: ReversePath;
}

const reasonChars = 300;

/** Fields that only we may write in our name. */
const ourNames = /authentication-results|received-spf|x-waybill-suspicious/i;

/** The field, folded, with its last line end. */
export function authenticationResults(hostname: string, about: About, authentication: Authentication): string {
  const { iprev, spf, dkim, arc, dmarc } = authentication;
  const results = [
    result("iprev", iprev, [["policy.iprev", about.client.address]]),
    ...spf.map((verdict) => result("spf", verdict, [senderOf(verdict, about)])),
    ...(dkim.length === 0 ? [result("dkim", { result: "none", because: "not signed" }, [])] : dkim.map(ofDkim)),
    result("arc", arc, [["smtp.remote-ip", about.client.address]]),
    result("dmarc", dmarc, [
      ["policy.dmarc", dmarc.policy],
      ["header.from", dmarc.domain],
    ]),
  ];
  return folded("Authentication-Results:", [
    `${hostname};`,
    ...results.flatMap((words, i) => ended(words, i, results.length)),
  ]);
}

/** Words of one result, the last with the semicolon before the next. */
const ended = (words: readonly string[], index: number, count: number): string[] =>
  index === count - 1 ? [...words] : [...words.slice(0, -1), `${words.at(-1)};`];

type Property = readonly [name: string, value: string | undefined];

/** RFC 8601 §2.2: method, reason, properties. */
const result = (
  method: string,
  { result, because }: { readonly result: string; readonly because: string },
  properties: readonly Property[],
): string[] => [
  `\r\n\t${method}=${result}`,
  ...(because === "" ? [] : `reason=${quoted(asciiLine(because, reasonChars))}`.split(" ")),
  ...properties.flatMap(([name, value]) => (value === undefined || value === "" ? [] : [`${name}=${pvalue(value)}`])),
];

const ofDkim = (verdict: DkimVerdict): string[] =>
  result("dkim", verdict, [
    ["header.d", verdict.domain],
    ["header.s", verdict.selector],
    ["header.a", verdict.algorithm],
    ["header.b", verdict.signature],
  ]);

const senderOf = ({ scope, domain }: SpfVerdict, { mailFrom }: About): Property =>
  scope === "helo" ? ["smtp.helo", domain] : ["smtp.mailfrom", mailFrom === "" ? domain : mailFrom];

const token = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+$/; // RFC 2045 §5.1
const addressValue = /^[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~.]+@[\w.-]+$/;
const longestValue = 320;

const pvalue = (text: string): string => {
  const value = asciiLine(text, longestValue);
  return token.test(value) || addressValue.test(value) ? value : quoted(value);
};

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const lineChars = 78; // RFC 5322 §2.1.1

/** Words in lines; one that begins with a line end begins a line. */
function folded(name: string, words: readonly string[]): string {
  let text = name;
  let column = name.length;
  for (const word of words) {
    const isBreak = word.startsWith("\r\n\t");
    const fits = column + 1 + word.length <= lineChars;
    const added = isBreak ? word : fits ? ` ${word}` : `\r\n\t${word}`;
    text += added;
    column = isBreak ? word.length + 6 : fits ? column + added.length : word.length + 8;
  }
  return `${text}\r\n`;
}

/** Of the check that counts: that of MAIL FROM, or for the null reverse-path that of HELO. "" without one. */
export function receivedSpf(hostname: string, { client, mailFrom }: About, verdicts: readonly SpfVerdict[]): string {
  const [verdict] = verdicts;
  if (verdict === undefined) return "";
  const pairs: readonly Property[] = [
    ["client-ip", client.address],
    ["envelope-from", mailFrom === "" ? undefined : mailFrom],
    ["helo", client.helloName],
    ["identity", verdict.scope],
    ["receiver", hostname],
  ];
  const values = pairs.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${dotAtomOrQuoted(value)}`]));
  const comment = `(${asciiLine(verdict.because, reasonChars).replaceAll(/[()\\]/g, "\\$&")})`;
  return folded("Received-SPF:", [
    verdict.result,
    ...comment.split(" "),
    ...values.map((value, i) => (i === values.length - 1 ? value : `${value};`)),
  ]);
}

const dotAtomOrQuoted = (text: string): string => {
  const value = asciiLine(text, longestValue);
  return /^[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/.test(value) ? value : quoted(value);
};

/** Without Authentication-Results that claim to be ours; the same object when there are none. RFC 8601 §5 */
export function withoutForged(header: Uint8Array, hostname: string): Uint8Array {
  const text = latin1(header);
  if (!ourNames.test(text)) return header;
  const isForged = ({ name, value, end }: FieldPlace): boolean => {
    switch (name) {
      case "authentication-results":
        return isOfServer(text.slice(value, end), hostname);
      case "received-spf":
        return isOfServer(/receiver\s*=([^;]*)/i.exec(text.slice(value, end))?.[1] ?? "", hostname);
      default:
        return name === "x-waybill-suspicious";
    }
  };
  const forged = splitHeader(text, "join").filter(isForged);
  if (forged.length === 0) return header;
  const kept: Uint8Array[] = [];
  let from = 0;
  for (const { start, end } of forged) {
    kept.push(header.subarray(from, start));
    from = end;
  }
  return Buffer.concat([...kept, header.subarray(from)]);
}
