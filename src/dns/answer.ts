// What is read out of answers of DNS.
import type { Answer, Resolver } from "./resolver.ts";

/** It may be otherwise a moment later. */
export type DnsFailure = Extract<Answer<never>, { kind: "server-failure" | "timeout" }>;

export const isFailure = (answer: Answer<unknown>): answer is DnsFailure =>
  answer.kind === "server-failure" || answer.kind === "timeout";

/** None, unless some were found. */
export const recordsIn = <T>(answer: Answer<T>): readonly T[] => (answer.kind === "found" ? answer.records : []);

export interface AddressesFound {
  /** IPv4 first; each family as the resolver has it. */
  readonly addresses: readonly string[];
  /** Of one family or both: there may be more addresses. */
  readonly failure?: DnsFailure;
}

/** A and AAAA of a name. Never rejects. */
export async function addressesOf(name: string, resolver: Pick<Resolver, "a" | "aaaa">): Promise<AddressesFound> {
  const answers = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  const failure = answers.find(isFailure);
  return { addresses: answers.flatMap(recordsIn), ...(failure !== undefined && { failure }) };
}
