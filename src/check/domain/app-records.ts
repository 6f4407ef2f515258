// The records that lead mail apps to their settings and other servers to our policy: SRV, and the names of the web server.
import { createHash } from "node:crypto";
import { anyAddress } from "../../autoconfig/mozilla.ts";
import { isWhole } from "../../autoconfig/settings.ts";
import { srvRecords } from "../../autoconfig/srv.ts";
import { appDomains, ownSettings } from "../../config/mail-app-settings.ts";
import { ownStsPolicy } from "../../config/own-sts-policy.ts";
import type { Config } from "../../config/schema.ts";
import { formatStsPolicy, type StsPolicy } from "../../mail/sts-policy.ts";
import { type DnsRecord, txt } from "../dns-record.ts";

/** In the order of a zone file; none where the config offers nothing of the kind. */
export function appRecords(
  config: Pick<Config, "domain" | "listen" | "mail_apps" | "mta_sts" | "web">,
  { name, hostname }: { readonly name: string; readonly hostname: string },
): DnsRecord[] {
  const offered = appDomains(config).includes(name) ? ownSettings(config, hostname, anyAddress) : undefined;
  const apps = offered && isWhole(offered) ? offered : undefined;
  const policy = ownStsPolicy(config, { name, hostname });
  const isServed = config.web.listen.length > 0;
  const toUs = (label: string): DnsRecord[] =>
    `${label}.${name}` === hostname ? [] : [{ name: `${label}.${name}`, type: "CNAME", value: hostname }];
  return [
    ...(apps === undefined ? [] : srvRecords(apps, name)),
    ...(apps === undefined || !isServed ? [] : [...toUs("autoconfig"), ...toUs("autodiscover")]),
    ...(policy === undefined ? [] : [...toUs("mta-sts"), stsRecord(name, policy)]),
  ];
}

/** Others look at the policy again when the id is another one: it is made from the policy. RFC 8461 §3.1 */
function stsRecord(domain: string, policy: StsPolicy): DnsRecord {
  const id = createHash("sha256").update(formatStsPolicy(policy)).digest("hex").slice(0, 20);
  return txt(`_mta-sts.${domain}`, `v=STSv1; id=${id};`);
}
