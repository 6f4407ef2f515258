// SRS, the sender rewriting scheme: mail that an alias sends on gets a sender of ours, so that SPF passes at the next hop
// (RFC 7208 §2.4, §D.1), and what is returned to it finds its way back. No RFC; as libsrs2 and its like write it:
// SRS0=HASH=DAY=their.example=ann@ours.example, and SRS1=HASH=first.example==…@ours.example for what is rewritten already.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { World } from "../base/world.ts";
import type { Config } from "../config/schema.ts";
import { type Address, type Domain, domainOf, localPartOf, parseAddress } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { Returns } from "./returns.ts";

const srsLimits = {
  /** Mail is tried for five days, by forwarders behind us as well; what comes back later is no bounce. */
  ageDays: 21,
  /** 30 bits: whoever guesses meets the limits on unknown recipients long before; the rest of 64 octets is the sender's. */
  hashCharacters: 6,
  /** The day is counted modulo 1,024, in two characters. */
  days: 1_024,
} as const;

const dayMs = 86_400_000;
const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

type Returned =
  | { readonly kind: "valid"; readonly sender: Address }
  /** It was ours, and long ago. */
  | { readonly kind: "expired" }
  /** We never wrote it. */
  | { readonly kind: "forged" };

export interface Srs {
  /**
   * The sender for mail that an alias of `alias` sends on. One that does not fit into an address is replaced by a signed
   * return address for message `queueId`; undefined: as it is.
   */
  rewrite(sender: Address, alias: Domain, queueId?: QueueId): Address | undefined;
  /** Undefined: this is no rewritten address of ours. */
  read(address: Address): Returned | undefined;
  /** Takes returned mail, and is none of [[domain]]. */
  readonly ownDomain?: string;
}

export interface SrsParts {
  readonly config: Pick<Config, "domain" | "forwarding">;
  /** The first signs; all are taken. */
  readonly secrets: readonly [string, ...string[]];
  readonly hostname: string;
  readonly world: Pick<World, "now">;
  readonly returns?: Pick<Returns, "write">;
}

export function createSrs({ config, secrets, hostname, world, returns }: SrsParts): Srs {
  const { srs: isOn, srs_domain: named } = config.forwarding;
  // another server has the mailboxes of relayed domains, and would not know what is returned to it
  const kept = new Set(config.domain.filter(({ deliver }) => deliver !== "relay").map(({ name }) => name));
  const own = new Set([...kept, hostname.toLowerCase(), ...(named === undefined ? [] : [named])]);
  const today = (): number => Math.floor(world.now() / dayMs) % srsLimits.days;
  const isFresh = (day: number): boolean => {
    const ageDays = (today() - day + srsLimits.days) % srsLimits.days;
    return ageDays <= srsLimits.ageDays || ageDays === srsLimits.days - 1; // another node's midnight may be ours to come
  };
  const isSigned = (hash: string, text: string): boolean =>
    secrets.some((secret) => isSame(hash, hashOf(secret, text)));

  return {
    ...(named !== undefined && !kept.has(named) && { ownDomain: named }),

    rewrite(sender, alias, queueId) {
      if (!isOn) return undefined;
      const at = named ?? (kept.has(alias) ? alias : hostname.toLowerCase());
      const { tag, text } = signedPart(sender, dayText(today()));
      const rewritten = parseAddress(`${tag}=${hashOf(secrets[0], tag + text)}=${text}@${at}`);
      return rewritten ?? (queueId && returns?.write(queueId, at));
    },

    read(address) {
      const [, tag, rest] = /^(SRS[01])[=+-](.*)$/is.exec(localPartOf(address)) ?? [];
      if (tag === undefined || rest === undefined || !own.has(domainOf(address))) return undefined;
      const [, hash = "", text = ""] = /^([^=]*)=(.*)$/s.exec(rest) ?? [];
      if (!isSigned(hash, tag + text)) return { kind: "forged" };
      const isFirst = tag.endsWith("0");
      const [whole, day = "", domain, localPart] = (isFirst ? forms.first : forms.further).exec(text) ?? [];
      const sender = parseAddress(`${isFirst ? "" : "SRS0"}${localPart}@${domain}`);
      if (whole === undefined || sender === undefined) return { kind: "forged" };
      return isFirst && !isFresh(dayOf(day)) ? { kind: "expired" } : { kind: "valid", sender };
    },
  };
}

/** DAY=domain=local-part; and, with nothing for the day, domain= and what stood behind SRS0 (it begins with = + or -). */
const forms = { first: /^(..)=([^=]+)=(.+)$/s, further: /^()([^=]+)=([=+-].+)$/s };

/** What follows the hash. The address that is rewritten already keeps its own hash, which its maker will look at. */
function signedPart(sender: Address, day: string): { readonly tag: "SRS0" | "SRS1"; readonly text: string } {
  const [localPart, domain] = [localPartOf(sender), domainOf(sender)];
  if (/^SRS0[=+-]./i.test(localPart)) return { tag: "SRS1", text: `${domain}=${localPart.slice("SRS0".length)}` };
  const [, further] = /^SRS1[=+-][^=]*=([^=]+=[=+-].+)$/is.exec(localPart) ?? [];
  return further === undefined
    ? { tag: "SRS0", text: `${day}=${domain}=${localPart}` }
    : { tag: "SRS1", text: further };
}

const dayText = (day: number): string => `${base32[day >> 5]}${base32[day & 31]}`;

const dayOf = (text: string): number => {
  const [high = 0, low = 0] = Array.from(text.toUpperCase(), (character) => base32.indexOf(character));
  return high * 32 + low;
};

/** Whatever a host on the way does to upper and lower case. */
function hashOf(secret: string, text: string): string {
  const digest = createHmac("sha256", secret).update(text.toLowerCase()).digest();
  return Array.from(digest.subarray(0, srsLimits.hashCharacters), (octet) => base32[octet & 31]).join("");
}

function isSame(hash: string, expected: string): boolean {
  const [a, b] = [Buffer.from(hash.toUpperCase()), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** What to say to RCPT; undefined: nothing against it. */
export function srsRefusal(srs: Pick<Srs, "read">, address: Address): Reply | undefined {
  const returned = srs.read(address);
  switch (returned?.kind) {
    case "forged":
      return reply(
        550,
        "5.7.1",
        "this address is made like those that we give to forwarded mail, but not by us; write to the sender's own address",
      );
    case "expired":
      return reply(
        550,
        "5.1.1",
        `the mail that this address was made for was forwarded more than ${srsLimits.ageDays} days ago; nothing can be returned to it any more; write to the sender's own address`,
      );
    case "valid":
    case undefined:
      return undefined;
  }
}
