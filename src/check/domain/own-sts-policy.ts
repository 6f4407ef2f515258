// The policy of MTA-STS that we serve for a domain of ours, and the record that announces it. RFC 8461 §3.1, §3.2.
import { createHash } from "node:crypto";
import type { Config } from "../../config/schema.ts";
import { type DnsRecord, txt } from "../dns-record.ts";
import type { StsPolicy } from "./sts-policy.ts";

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

/** As it is served, with CRLF. */
export const formatStsPolicy = ({ mode, mx, maxAgeSeconds }: StsPolicy): string =>
  ["version: STSv1", `mode: ${mode}`, ...mx.map((host) => `mx: ${host}`), `max_age: ${maxAgeSeconds}`, ""].join("\r\n");

/** Others look at the policy again when the id is another one: it is made from the policy. */
export function stsRecord(name: string, policy: StsPolicy): DnsRecord {
  const id = createHash("sha256").update(formatStsPolicy(policy)).digest("hex").slice(0, 20);
  return txt(`_mta-sts.${name}`, `v=STSv1; id=${id};`);
}
