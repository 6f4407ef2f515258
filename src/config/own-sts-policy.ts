// The policy of MTA-STS that we serve for a domain of ours: [mta_sts], and what its [[domain]] says. RFC 8461 §3.2.
import type { StsPolicy } from "../mail/sts-policy.ts";
import type { Config } from "./schema.ts";

/** Undefined: it has none. */
export function ownStsPolicy(
  { domain, mta_sts }: Pick<Config, "domain" | "mta_sts">,
  { name, hostname }: { readonly name: string; readonly hostname: string },
): StsPolicy | undefined {
  const own = domain.find((section) => section.name === name);
  if (own === undefined) return undefined;
  // of what goes on to another server, only the operator knows the MX hosts
  const usual = own.deliver === "relay" && mta_sts.mx.length === 0 ? "off" : mta_sts.mode;
  const mode = own.mta_sts ?? usual;
  if (mode === "off") return undefined;
  const mx = mta_sts.mx.length > 0 ? mta_sts.mx : [hostname.toLowerCase()];
  return { mode, mx, maxAgeSeconds: Math.floor(mta_sts.max_age / 1_000) };
}
