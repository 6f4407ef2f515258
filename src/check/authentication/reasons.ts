// Why a check ended as it did, in words that programs can rely on: they stay as they are.

export const spfReasons = {
  listed: "a term of the record lets the address send",
  "not-listed": "no term of the record lets the address send",
  excluded: "a term other than all names the address, and does not let it send",
  "no-record": "the domain has no SPF record",
  "no-such-domain": "the domain does not exist in DNS",
  "not-a-domain": "what was given is no full domain name",
  "two-records": "the domain has several SPF records",
  "syntax-error": "a term of the record is wrong",
  "no-record-at-target": "include: or redirect= leads to a domain without a record",
  "includes-itself": "include: or redirect= leads back to the record that it stands in",
  "too-many-lookups": "the record needs more than 10 DNS lookups",
  "too-many-void-lookups": "more than 2 terms lead to names without records",
  "too-many-mx-hosts": "mx leads to more than 10 hosts",
  "dns-failed": "DNS did not answer",
  "resolver-unreachable": "the resolver that was asked cannot be reached",
  "not-explained": "the result stands, its cause was not found",
} as const;

export const dkimReasons = {
  "signature-holds": "the key is there, and the message is as it was signed",
  "no-signature": "the message has no DKIM signature",
  "syntax-error": "the signature field is wrong",
  "key-missing": "there is no key where the signature says",
  "several-keys": "there are several TXT records where the key should be",
  "key-revoked": "the key has an empty p=",
  "key-invalid": "the key record is wrong",
  "key-too-short": "the key has fewer than 1024 bits",
  "key-mismatch": "the key is not for such signatures",
  "body-changed": "the text was changed after signing",
  "lines-added": "lines were added at the end after signing",
  "header-changed": "a signed field was changed, or the key is another one",
  "partly-signed": "the signature does not cover the whole body, or not every From field",
  "weak-algorithm": "the algorithm is not safe any more",
  expired: "the signature is too old",
  "not-checked": "the signature was not looked at",
  "dns-failed": "DNS did not answer for the key",
  "resolver-unreachable": "the resolver that was asked cannot be reached",
} as const;

export const dmarcReasons = {
  aligned: "SPF or DKIM passed for the domain of From",
  "not-aligned": "neither SPF nor DKIM passed for the domain of From",
  "in-order": "of --domain: nothing is wrong in the record",
  "no-record": "no DMARC record holds for the domain",
  "two-records": "there are several DMARC records at one name",
  "syntax-error": "the record, or what should be it, is wrong",
  "reports-not-agreed": "of --domain: who should get the reports has not agreed in DNS",
  "no-author": "the message has no From field",
  "several-authors": "there are several From fields, or authors of several domains",
  "invalid-author": "the From field names no domain that can be asked for",
  "dns-failed": "DNS did not answer",
  "resolver-unreachable": "the resolver that was asked cannot be reached",
} as const;

export const arcReasons = {
  "chain-holds": "every seal holds, and so does the newest signature",
  "no-chain": "the message has no ARC fields",
  "incomplete-set": "a forwarder left out one of the three ARC fields",
  "broken-before": "a forwarder says that the chain was broken when it came (cv=fail)",
  "key-missing": "a key of the chain is not in DNS, is revoked or is wrong",
  "body-changed": "the text was changed after the newest signature",
  "chain-broken": "a seal or a signature does not hold",
  "dns-failed": "DNS did not answer for a key",
  "resolver-unreachable": "the resolver that was asked cannot be reached",
} as const;

export type SpfReason = keyof typeof spfReasons;
export type DkimReason = keyof typeof dkimReasons;
export type DmarcReason = keyof typeof dmarcReasons;
export type ArcReason = keyof typeof arcReasons;
export type Reason = SpfReason | DkimReason | DmarcReason | ArcReason;
