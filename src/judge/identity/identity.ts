// Whom a message is from, as far as it is proven: the name that its reputation belongs to.
import ipaddr from "ipaddr.js";
import { canonicalAddress } from "../../base/networks.ts";
import { isRelated } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import type { Authentication, Identity } from "../../mail/verdict.ts";
import { organizationOf } from "./organization.ts";

/** The strongest that was proven. Nobody becomes one by typing a name, nor another one by a new subdomain. */
export function identityOf(client: Client, authentication: Authentication | undefined): Identity {
  if (client.account !== undefined) return { kind: "account", name: client.account };
  const network = { kind: "network", name: networkOf(client.address) } as const;
  if (authentication === undefined) return network;
  const { dmarc, dkim, spf } = authentication;
  if (dmarc.result === "pass" && dmarc.domain !== undefined)
    return { kind: "dmarc", name: organizationOf(dmarc.domain) };
  const signed = dkim.filter(({ result }) => result === "pass");
  const signer = signed.find(({ domain }) => isRelated(domain, dmarc.domain ?? "")) ?? signed[0];
  if (signer !== undefined) return { kind: "dkim", name: organizationOf(signer.domain) };
  const sender = spf.find(({ result }) => result === "pass");
  return sender === undefined ? network : { kind: "spf", name: organizationOf(sender.domain) };
}

/** What one owner is likely to have: 192.0.2.0/24, 2001:db8::/64. What is no address is a network of its own. */
export function networkOf(text: string): string {
  if (last.text !== text) last = { text, network: readNetwork(text) };
  return last.network;
}

/** Asked many times of the same client in a row. */
let last = { text: "", network: "" };

function readNetwork(text: string): string {
  const address = canonicalAddress(text);
  if (address === undefined) return text;
  if (!address.includes(":")) return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()}/64`;
}
