// Whose mail a recipient's is: our domains with their mailboxes, aliases, catch-all, subaddresses and postmaster.
// RFC 5321 §4.5.1 (postmaster), RFC 5233 (subaddresses).
import type { Config } from "../config/schema.ts";
import type { Address, Domain } from "../mail/address.ts";
import { domainOf, isInternational, localPartOf, parseAddress } from "../mail/address.ts";
import type { Returns } from "./returns.ts";
import type { Srs } from "./srs.ts";

/** `deliverTo` names at least one address, none twice; some may be in other domains than ours. */
type Resolution =
  | { readonly kind: "elsewhere" }
  | { readonly kind: "unknown" }
  | { readonly kind: "ours"; readonly deliverTo: readonly Address[] };

interface OurDomain {
  readonly name: Domain;
  /** Its mail goes on to another server. */
  readonly isRelayed: boolean;
  /** Lookup key → local part as the config writes it; absent: all exist. */
  readonly mailboxes?: ReadonlyMap<string, string>;
  /** By lookup key. */
  readonly aliases: ReadonlyMap<string, readonly Address[]>;
  readonly catchAll?: Address;
  readonly separator: string;
}

/** The settings in a form made for looking up. */
export interface OurDomains {
  readonly byName: ReadonlyMap<string, OurDomain>;
  readonly hostname: string;
  /** Gets the mail for postmaster of our name, and of our domains that name no one for it; absent without domains. */
  readonly postmaster?: Address;
  /** Knows the senders that we gave to forwarded mail. */
  readonly srs?: Srs;
  /** Knows the return addresses of our mail. */
  readonly returns?: Returns;
}

/** Names and addresses in `config` are in canonical form already. */
export function indexDomains(
  config: Pick<Config, "domain" | "postmaster">,
  hostname: string,
  { srs, returns }: Pick<OurDomains, "srs" | "returns"> = {},
): OurDomains {
  const domains = config.domain.map(indexDomain);
  const postmaster = config.postmaster ?? (domains[0] && `postmaster@${domains[0].name}`);
  return {
    byName: new Map(domains.map((domain) => [domain.name, domain])),
    hostname: hostname.toLowerCase(),
    ...(postmaster !== undefined && { postmaster: postmaster as Address }),
    ...(srs && { srs }),
    ...(returns && { returns }),
  };
}

function indexDomain(domain: Config["domain"][number]): OurDomain {
  const inDomain = (target: string): Address => parseAddress(target) ?? (`${target}@${domain.name}` as Address);
  const aliases = Object.entries(domain.aliases);
  return {
    name: domain.name as Domain,
    isRelayed: domain.deliver === "relay",
    ...(domain.mailboxes && { mailboxes: new Map(domain.mailboxes.map((mailbox) => [lookupKey(mailbox), mailbox])) }),
    aliases: new Map(aliases.map(([name, targets]) => [lookupKey(name), targets.map(inDomain)])),
    ...(domain.catch_all !== undefined && { catchAll: inDomain(domain.catch_all) }),
    separator: domain.subaddress_separator,
  };
}

/** Aliases and catch-all applied, until only mailboxes and addresses elsewhere are left; what does not exist is left out. */
export function resolveRecipient(ours: OurDomains, address: Address): Resolution {
  if (step(ours, address).kind === "elsewhere") return { kind: "elsewhere" };
  const deliverTo = new Set<Address>();
  // Grows while it is walked. Each address is expanded once: loops end, and the config's size bounds the work.
  const expanded = new Set([address]);
  for (const current of expanded) {
    const next = step(ours, current);
    switch (next.kind) {
      case "elsewhere":
        deliverTo.add(current);
        break;
      case "mailbox":
        deliverTo.add(next.mailbox);
        break;
      case "forward":
        // an alias that leads to itself is a mailbox too: `ann = ["ann", "ben"]` is a copy for ben
        if (next.to.includes(current)) deliverTo.add(next.mailbox);
        for (const target of next.to) expanded.add(target);
        break;
      case "unknown":
        break;
    }
  }
  return deliverTo.size === 0 ? { kind: "unknown" } : { kind: "ours", deliverTo: [...deliverTo] };
}

type Step =
  | { readonly kind: "elsewhere" | "unknown" }
  | { readonly kind: "mailbox"; readonly mailbox: Address }
  | { readonly kind: "forward"; readonly to: readonly Address[]; readonly mailbox: Address };

/** One step of resolving: what the config says of just this address. */
function step(ours: OurDomains, address: Address): Step {
  const returned = ours.srs?.read(address);
  if (returned !== undefined)
    return returned.kind === "valid"
      ? { kind: "forward", to: [returned.sender], mailbox: address }
      : { kind: "unknown" };
  // whom it leads to stands in the history of the message
  const returnTo = ours.returns?.read(address);
  if (returnTo !== undefined)
    return returnTo.kind === "valid" ? { kind: "mailbox", mailbox: address } : { kind: "unknown" };
  const domain = ours.byName.get(domainOf(address));
  if (domain === undefined) return ourNameStep(ours, address);

  const keys = lookupKeys(localPartOf(address), domain);
  // RFC 5321 §2.3.11: only the server where mail ends may change a local part
  const mailboxAs = (localPart: string): Address =>
    domain.isRelayed ? address : (`${localPart}@${domain.name}` as Address);
  for (const key of keys) {
    const to = domain.aliases.get(key);
    if (to !== undefined) return { kind: "forward", to, mailbox: mailboxAs(domain.mailboxes?.get(key) ?? key) };
    const spelling = domain.mailboxes?.get(key);
    if (spelling !== undefined) return { kind: "mailbox", mailbox: mailboxAs(spelling) };
  }
  const base = keys.at(-1)!;
  // RFC 5321 §4.5.1: mail for postmaster is taken in each of our domains
  if (base === "postmaster" && !domain.isRelayed)
    return { kind: "forward", to: [ours.postmaster!], mailbox: mailboxAs(base) };
  if (domain.mailboxes === undefined || base === "postmaster") return { kind: "mailbox", mailbox: mailboxAs(base) };
  return domain.catchAll === undefined
    ? { kind: "unknown" }
    : { kind: "forward", to: [domain.catchAll], mailbox: mailboxAs(base) };
}

/** Of our host name and the domain for SRS, when they are none of the domains, only postmaster is ours. RFC 5321 §4.5.1. */
function ourNameStep(ours: OurDomains, address: Address): Step {
  const { hostname, postmaster, srs } = ours;
  const domain = domainOf(address);
  const isName = domain === hostname || domain === srs?.ownDomain;
  if (!isName || lookupKey(localPartOf(address)) !== "postmaster") return { kind: "elsewhere" };
  const ownMailbox = `postmaster@${hostname}` as Address;
  return postmaster === undefined || postmaster === ownMailbox
    ? { kind: "mailbox", mailbox: ownMailbox }
    : { kind: "forward", to: [postmaster], mailbox: postmaster };
}

/** In one of our domains, or at our name: we say ourselves what exists there. */
export const isOurDomain = ({ byName, hostname, srs }: OurDomains, domain: Domain): boolean =>
  byName.has(domain) || domain === hostname || domain === srs?.ownDomain;

/** Mail from such a sender is ours to send, from wherever it comes: SPF of its domain allows us. */
export function isOwnSender({ byName, hostname, srs }: OurDomains, sender: Address): boolean {
  const domain = domainOf(sender);
  return domain === hostname || domain === srs?.ownDomain || byName.get(domain)?.isRelayed === false;
}

/** Nobody else is named to read this server's postmaster mail: it has a mailbox of its own. RFC 5321 §4.5.1. */
export const isOwnPostmaster = (ours: OurDomains, address: Address): boolean =>
  !ours.byName.has(domainOf(address)) && ourNameStep(ours, address).kind === "mailbox";

/** The local part in full, then without its subaddress. */
function lookupKeys(localPart: string, { separator, name }: OurDomain): readonly string[] {
  const full = lookupKey(localPart);
  const end = separator === "" ? -1 : full.indexOf(separator);
  // what is left must be a local part again: not so in `ann.+x` or inside of quotes
  const isCut = end > 0 && parseAddress(`${full.slice(0, end)}@${name}`) !== undefined;
  return isCut ? [full, full.slice(0, end)] : [full];
}

const lookupKey = (localPart: string): string =>
  (isInternational(localPart) ? localPart.normalize("NFC") : localPart).toLowerCase();
