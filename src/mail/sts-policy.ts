// The record and the policy of MTA-STS, read and written; and which MX hosts a policy names. RFC 8461 §3.1, §3.2, §4.1.
import { readTagList } from "./tag-list.ts";

export interface StsPolicy {
  readonly mode: "enforce" | "testing" | "none";
  /** Host names, the first label of which may be "*". */
  readonly mx: readonly string[];
  readonly maxAgeSeconds: number;
}

/** RFC 8461 §3.3: at "mta-sts." and the domain. */
export const stsPolicyPath = "/.well-known/mta-sts.txt";

/** Of the TXT records there, the others are not meant. RFC 8461 §3.1 */
export const isStsRecord = (text: string): boolean => text.startsWith("v=STSv1");

/** Undefined: it is in order; else what is wrong, in words. */
export function stsRecordFault(record: string): string | undefined {
  if (!/^v=STSv1\s*(?:;|$)/.test(record)) return "it must begin with v=STSv1;";
  const id = readTagList(record).tags.get("id");
  if (id === undefined) return "id= is missing";
  return /^[A-Za-z0-9]{1,32}$/.test(id) ? undefined : "id= must be 1 to 32 letters and digits";
}

/** What is wrong, in words, or the policy. */
export function readStsPolicy(text: string): StsPolicy | string {
  const fields = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => /^([\w.-]+):\s*(.*?)\s*$/.exec(line));
  if (fields.length === 0) return "it is empty";
  const wrong = fields.findIndex((field) => field === null);
  if (wrong !== -1) return `line ${wrong + 1} is not of the form "key: value"`;
  const all = (key: string): string[] => fields.flatMap((field) => (field?.[1] === key ? [field[2]!] : []));
  const [version] = all("version");
  const [mode] = all("mode");
  const [age] = all("max_age");
  const mx = all("mx").map((host) => host.toLowerCase());
  if (version !== "STSv1") return 'the line "version: STSv1" is missing';
  if (mode !== "enforce" && mode !== "testing" && mode !== "none") return "mode must be enforce, testing or none";
  if (age === undefined || !/^\d{1,10}$/.test(age) || Number(age) > 31_557_600)
    return "max_age must be a number of seconds, 31557600 at most";
  const wrongHost = mx.find((host) => !/^(?:\*\.)?(?:[a-z\d_-]+\.)+[a-z\d-]+$/.test(host));
  if (wrongHost !== undefined) return `"mx: ${wrongHost}" must be a host name, or *. and a domain`;
  if (mx.length === 0 && mode !== "none") return 'it names no MX host: "mx: mail.example.org" is missing';
  return { mode, mx, maxAgeSeconds: Number(age) };
}

/** As it is served, with CRLF. */
export const formatStsPolicy = ({ mode, mx, maxAgeSeconds }: StsPolicy): string =>
  ["version: STSv1", `mode: ${mode}`, ...mx.map((host) => `mx: ${host}`), `max_age: ${maxAgeSeconds}`, ""].join("\r\n");

/** RFC 8461 §4.1: a wildcard stands for exactly one label. */
export const namesHost = (patterns: readonly string[], host: string): boolean =>
  patterns.some((pattern) => pattern === host || (pattern.startsWith("*.") && host.replace(/^[^.]+/, "*") === pattern));
