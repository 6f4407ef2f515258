// What DNS says of the names that settings lead to.
import { getDomain } from "tldts";
import type { SrvRecord } from "../../autoconfig/srv.ts";
import { isFailure } from "../../dns/answer.ts";
import type { Asked } from "../run.ts";
import type { AccountTools } from "./question.ts";

/** "" of a target: the root. Undefined: DNS did not say. */
export async function srvOf({ tools }: Asked<AccountTools>, name: string): Promise<readonly SrvRecord[] | undefined> {
  const { answer } = await tools.raw.ask(name, "SRV");
  switch (answer.kind) {
    case "found":
      return answer.records.flatMap((record) =>
        record.type === "SRV" ? [{ ...record.data, target: record.data.target.toLowerCase().replace(/\.$/, "") }] : [],
      );
    case "no-such-domain":
    case "no-data":
      return [];
    case "server-failure":
    case "timeout":
      return undefined;
  }
}

/** MX hosts, the best first; those of a null MX are none. */
export async function mxHosts({ tools }: Asked<AccountTools>, domain: string): Promise<readonly string[]> {
  const answer = await tools.resolver.mx(domain);
  if (answer.kind !== "found") return [];
  return answer.records
    .toSorted((a, b) => a.preference - b.preference)
    .flatMap(({ exchange }) => (exchange === "" ? [] : [exchange]));
}

/** Those of whom the mail is, "example.net" of "mx1.mail.example.net". */
export const organizationOf = (host: string): string | undefined => getDomain(host) ?? undefined;

/** Its own, or a neighbour's of the same owner; not another customer's of "github.io". */
export function isOfDomain(host: string, domain: string): boolean {
  const owner = (name: string): string | null => getDomain(name, { allowPrivateDomains: true });
  return host === domain || host.endsWith(`.${domain}`) || (owner(host) !== null && owner(host) === owner(domain));
}

/** DNS knows the domain: what it does not have can be told, and put there. */
export async function isKnown({ tools }: Asked<AccountTools>): Promise<boolean> {
  const answer = await tools.resolver.mx(tools.question.domain);
  return answer.kind !== "no-such-domain" && !isFailure(answer);
}

/** `unknown`: DNS did not say. */
export async function hasAddress({ tools }: Asked<AccountTools>, name: string): Promise<"yes" | "no" | "unknown"> {
  const answers = await Promise.all([tools.resolver.a(name), tools.resolver.aaaa(name)]);
  if (answers.some(({ kind }) => kind === "found")) return "yes";
  return answers.every(({ kind }) => kind === "no-such-domain" || kind === "no-data") ? "no" : "unknown";
}
