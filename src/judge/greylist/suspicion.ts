// What makes a stranger look bad before its content is known, in words for a reply.
import type { Client } from "../../mail/client.ts";
import type { SenderVerdicts } from "../../mail/verdict.ts";
import type { Standing } from "../reputation/standing.ts";

interface Stranger {
  readonly client: Client;
  readonly verdicts?: SenderVerdicts | undefined;
  readonly network: Standing;
  /** Of the domain that SPF proved. */
  readonly domain?: Standing | undefined;
  /** Above 0: DNS lists speak against it. */
  readonly listed: number;
  /** What SPF rules out is refused for it once the content is there: then a clear no is better than a delay before it. */
  readonly isSpfFinal?: boolean;
}

export const isPoor = (standing: Standing | undefined): boolean =>
  standing?.class === "poor" || standing?.class === "bad";

/** Undefined: nothing does. */
export function suspicion({
  client,
  verdicts,
  network,
  domain,
  listed,
  isSpfFinal = false,
}: Stranger): string | undefined {
  const { address } = client;
  const [spf] = verdicts?.spf ?? [];
  if (isPoor(domain)) return `${spf!.domain} is not well thought of here`;
  if (spf?.result === "pass") return undefined; // it is proven whose mail this is
  if (listed > 0) return `${address} is on a list of bad senders`;
  if (spf?.result === "fail" && isSpfFinal) return undefined;
  if (spf?.result === "fail" || spf?.result === "softfail")
    return `the SPF record of ${spf.domain} does not name ${address}`;
  if (verdicts?.iprev.result === "fail") return `${address} has no name that leads back to it`;
  if (isPoor(network)) return `the network of ${address} is not well thought of here`;
  return undefined;
}
