// Host and port of a server as a stranger's file has them.
import { parseDomain } from "../mail/address.ts";
import { shortLine } from "../mail/printable.ts";

/** Of more servers than this, in one direction, no app tries the others. */
export const mostServers = 10;

/** A string: what is wrong, as a clause. */
export function readPlace(host: string | undefined, port: string | undefined): { host: string; port: number } | string {
  if (host === undefined) return "it names no host";
  const name = parseDomain(host.replace(/\.$/, ""));
  if (name === undefined) return `${quoted(host)} is no host name`;
  if (port === undefined) return "it names no port";
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return number > 0 && number <= 65_535
    ? { host: name, port: number }
    : `its port ${quoted(port)} is no number from 1 to 65535`;
}

/** What a stranger wrote, in a sentence of ours. */
export const quoted = (text: string): string => `"${shortLine(text, 60, "…")}"`;
