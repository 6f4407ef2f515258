// Questions of DNS that the usual resolver does not ask: other types, the aliases on the way, and whether the resolver
// vouches for the answer by DNSSEC. RFC 4035 §3.2.3, RFC 6698.
import type { Answer } from "../../dns/resolver.ts";
import { askServers } from "../../dns/odd-names.ts";
import { AUTHENTIC_DATA, RECURSION_DESIRED } from "dns-packet";
import type { ResourceRecord } from "dns-packet";

export type RawType = "A" | "AAAA" | "MX" | "TXT" | "CNAME" | "SRV" | "TLSA";

/** As it came, CNAMEs included. */
export type RawRecord = ResourceRecord;

export interface RawAnswer {
  readonly answer: Answer<RawRecord>;
  /** The AD bit: the resolver has verified it, if it is to be trusted. */
  readonly isAuthentic: boolean;
}

/** None rejects. */
export interface RawResolver {
  ask(name: string, type: RawType): Promise<RawAnswer>;
}

/** `servers`: as for the usual resolver. */
export const rawResolver = (settings: {
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}): RawResolver => ({
  async ask(name, type) {
    // RFC 6840 §5.7: a question with AD asks for the AD bit in the answer
    const packet = await askServers({ name, type, flags: RECURSION_DESIRED | AUTHENTIC_DATA }, settings);
    if (packet === undefined) return { answer: { kind: "timeout" }, isAuthentic: false };
    const { rcode, answers, flag_ad: isAuthentic } = packet;
    if (rcode === "NXDOMAIN") return { answer: { kind: "no-such-domain" }, isAuthentic };
    if (rcode !== "NOERROR")
      return { answer: { kind: "server-failure", text: `${rcode} for ${type}` }, isAuthentic: false };
    return {
      answer: answers.length === 0 ? { kind: "no-data" } : { kind: "found", records: answers },
      isAuthentic,
    };
  },
});
