// Our resolver in the shape that mailauth asks: Node's record shapes, and Node's error codes for the ways of failing, which
// are kept apart.
import type { Answer, Resolver } from "../../dns/resolver.ts";

/** Names and types of records in, records as Node's resolver gives them out; fails with a `DnsError`. */
export type Ask = (name: string, type: string) => Promise<unknown[]>;

/** Node's codes; the last two mean: ask again later. */
type Code = "ENOTFOUND" | "ENODATA" | "ETIMEOUT" | "ESERVFAIL";

export class DnsError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }

  get isTemporary(): boolean {
    return this.code === "ETIMEOUT" || this.code === "ESERVFAIL";
  }
}

const questionLimits = {
  /** Of one message: 61 keys of DKIM and ARC, and 12 walks of 8 questions for DMARC, which is more than any real one needs. */
  perMessage: 250,
  /** A longer TXT record is cut: no key and no policy is as long, and reading it would cost. */
  recordChars: 16_000,
} as const;

export interface Questions {
  readonly ask: Ask;
  /** Names that could not be asked for now, and why. */
  readonly troubles: ReadonlyMap<string, string>;
}

/** `client`: the only address whose names are asked for. */
export function questions(resolver: Resolver, client: string): Questions {
  const troubles = new Map<string, string>();
  let left: number = questionLimits.perMessage;
  return {
    troubles,
    ask: async (name, type) => {
      left -= 1;
      if (left < 0) throw new DnsError("ENODATA", "this message needs too many DNS questions");
      try {
        return await asNode(resolver, { name, type, client });
      } catch (error) {
        if (error instanceof DnsError && error.isTemporary) troubles.set(name, error.message);
        throw error;
      }
    },
  };
}

async function asNode(
  resolver: Resolver,
  { name, type, client }: { name: string; type: string; client: string },
): Promise<unknown[]> {
  const told = <T>(answer: Answer<T>): readonly T[] => records(answer, `${type} ${name}`);
  switch (type) {
    case "TXT":
      return told(await resolver.txt(name)).map((text) => [text.slice(0, questionLimits.recordChars)]);
    case "A":
      return [...told(await resolver.a(name))];
    case "AAAA":
      return [...told(await resolver.aaaa(name))];
    case "MX":
      return told(await resolver.mx(name)).map(({ preference, exchange }) => ({ priority: preference, exchange }));
    case "PTR":
      return [...told(await resolver.ptr(client))];
    default: // CNAME, which DMARC asks for where A says NXDOMAIN: our resolver follows those
      throw new DnsError("ENODATA", `${type} ${name} was not asked for`);
  }
}

function records<T>(answer: Answer<T>, question: string): readonly T[] {
  switch (answer.kind) {
    case "found":
      return answer.records;
    case "no-such-domain":
      throw new DnsError("ENOTFOUND", `DNS knows no such name (NXDOMAIN for ${question})`);
    case "no-data":
      throw new DnsError("ENODATA", `DNS has no such record (${question})`);
    case "server-failure":
      throw new DnsError("ESERVFAIL", `DNS failed (${question}: ${answer.text})`);
    case "timeout":
      throw new DnsError("ETIMEOUT", `DNS did not answer in time (${question})`);
  }
}
