// Questions of DNS that the usual resolver does not ask: other types, the aliases on the way, and whether the resolver
// vouches for the answer by DNSSEC. RFC 4035 §3.2.3, RFC 6698.
import type { Answer } from "../../dns/resolver.ts";
import { askServers } from "../../dns/odd-names.ts";
import { AUTHENTIC_DATA, CHECKING_DISABLED, RECURSION_DESIRED } from "dns-packet";
import type { ResourceRecord } from "dns-packet";

type RawType = "A" | "AAAA" | "MX" | "TXT" | "CNAME" | "SRV" | "TLSA" | "NS" | "SOA";

/** `unchecked`: whatever DNSSEC says of it (RFC 4035 §3.2.2); `own`: what the server has itself, nobody else is asked. */
type RawHow = "unchecked" | "own";

/** As it came, CNAMEs included. */
export type RawRecord = ResourceRecord;

interface RawAnswer {
  readonly answer: Answer<RawRecord>;
  /** The AD bit: the resolver has verified it, if it is to be trusted. */
  readonly isAuthentic: boolean;
  /** The AA bit: the server has the zone itself. */
  readonly isAuthority?: boolean;
}

/** None rejects. */
export interface RawResolver {
  ask(name: string, type: RawType, how?: RawHow): Promise<RawAnswer>;
}

/** `servers`: as for the usual resolver. */
export const rawResolver = (settings: {
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}): RawResolver => ({
  async ask(name, type, how) {
    const packet = await askServers({ name, type, flags: flagsOf(how) }, settings);
    if (packet === undefined) return { answer: { kind: "timeout" }, isAuthentic: false };
    const { rcode, answers, flag_ad: isAuthentic, flag_aa: isAuthority } = packet;
    if (rcode === "NXDOMAIN") return { answer: { kind: "no-such-domain" }, isAuthentic, isAuthority };
    if (rcode !== "NOERROR")
      return { answer: { kind: "server-failure", text: `${rcode} for ${type}` }, isAuthentic: false, isAuthority };
    return {
      answer: answers.length === 0 ? { kind: "no-data" } : { kind: "found", records: answers },
      isAuthentic,
      isAuthority,
    };
  },
});

function flagsOf(how: RawHow | undefined): number {
  if (how === "own") return 0;
  // RFC 6840 §5.7: a question with AD asks for the AD bit in the answer
  return RECURSION_DESIRED | (how === "unchecked" ? CHECKING_DISABLED : AUTHENTIC_DATA);
}
