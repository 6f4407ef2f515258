// What to set in a mail app, and what is said about a place in each finding.
import { act, type Change, type Values } from "../finding.ts";
import { cameThrough, type Inspection } from "./inspect.ts";
import { placeText, protocolNames, securityNames, type ServerPlace } from "./place.ts";
import type { Visit } from "./visit.ts";

/** Facts, and what is needed besides to make findings of them. */
export interface Telling {
  readonly now: number;
  /** The DNS servers that were asked, for words. */
  readonly dnsServers: readonly string[];
}

export const inApp = (setting: string, to: string | number, from?: string | number): Change => ({
  kind: "set",
  where: "the mail app",
  setting,
  ...(from !== undefined && { from: String(from) }),
  to: String(to),
});

/** Ways to the same server that work, the best first. */
export const waysOf = ({ siblings }: Pick<Inspection, "siblings">): ServerPlace[] =>
  siblings.filter(cameThrough).map(({ place }) => place);

/** To change from what was asked to the first way; the others are named. */
export function changesTo(ways: readonly ServerPlace[], from: ServerPlace): Change[] {
  const [first, ...others] = ways;
  if (first === undefined) return [];
  return [
    ...(first.port === from.port ? [] : [inApp("port", first.port, from.port)]),
    ...(first.security === from.security ? [] : [setSecurity(first.security, from.security)]),
    ...others.map(({ port, security }) => act("or-other-port", { port, security: securityNames[security] })),
  ];
}

export const setSecurity = (to: ServerPlace["security"], from: ServerPlace["security"]): Change =>
  inApp("security", securityNames[to], securityNames[from]);

export const aboutOf = ({ place, address }: Visit): string => placeText(place, address);

export const valuesOf = ({ place, address }: Visit): Values => ({
  host: place.host,
  address,
  port: place.port,
  wanted: protocolNames[place.protocol],
  protocol: protocolNames[place.protocol],
});
