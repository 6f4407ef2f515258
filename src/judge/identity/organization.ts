// Whose a domain is: the name that was registered, below a public suffix. Whoever has it makes up any number of names below.
import { getDomain } from "tldts";

/**
 * "mail.example.co.uk" → "example.co.uk", and "ann.github.io" as it is. Not by the tree walk of RFC 9989 §4.10, where the
 * domain itself says where it ends (psd=): one could make each of his names an organization, or all of a host's users one.
 */
export const organizationOf = (domain: string): string =>
  getDomain(domain, { allowPrivateDomains: true, extractHostname: false, validateHostname: false }) ?? domain;
