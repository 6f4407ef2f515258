// A resolver that answers no question.
import type { Resolver } from "../../src/dns/resolver.ts";

/** `text`: of its failures. */
export function deadResolver(text: string): Resolver {
  const failed = async () => ({ kind: "server-failure", text }) as const;
  return { mx: failed, a: failed, aaaa: failed, txt: failed, ptr: failed };
}
