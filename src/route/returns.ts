// Signed return addresses: what our mail is sent from, so that a bounce which comes back names its message, and nobody can
// invent one (docs/decisions/0007). bounce-QUEUEID-MAC@ours.example; the queue id has the time, so it knows its own age.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { World } from "../base/world.ts";
import type { Config } from "../config/schema.ts";
import { type Address, domainOf, isPostmaster, localPartOf, type ReversePath } from "../mail/address.ts";
import type { QueueId } from "../mail/message.ts";
import { instantOf } from "../mail/queue-ids.ts";
import { type Reply, reply } from "../mail/reply.ts";

/** 80 bits: each guess costs a command to us, and is an offence. */
const macCharacters = 16;

const base32 = "0123456789abcdefghjkmnpqrstvwxyz";
const shape = /^bounce-([0-9a-hjkmnp-tv-z]{16})-([0-9a-hjkmnp-tv-z]{16})$/;

/** Clocks of other nodes may be ahead. */
const mostAheadMs = 3_600_000;

export type Return =
  /** `queueId`: of the message that it was made for. */
  | { readonly kind: "valid"; readonly queueId: QueueId }
  | { readonly kind: "expired" }
  /** We never wrote it. */
  | { readonly kind: "forged" };

export interface Returns {
  /** Some of our mail is sent with return addresses. */
  readonly isUsed: boolean;
  /** For a message of this sender, at the moment that it goes out; undefined: it goes out as it is. */
  forSender(sender: ReversePath, queueId: QueueId): Address | undefined;
  /** At any domain whose mail ends here. */
  write(queueId: QueueId, domain: string): Address;
  /** Undefined: this is no return address of ours. */
  read(address: Address): Return | undefined;
  /** Mail from this domain is sent with return addresses. */
  isSigned(domain: string): boolean;
}

export interface ReturnsParts {
  readonly config: Pick<Config, "domain" | "forwarding" | "returns">;
  /** The first signs; all are taken. */
  readonly secrets: readonly [string, ...string[]];
  readonly hostname: string;
  readonly world: Pick<World, "now">;
}

export function createReturns({ config, secrets, hostname, world }: ReturnsParts): Returns {
  const { sign, lifetime: lifetimeMs } = config.returns;
  const kept = config.domain.filter(({ deliver }) => deliver !== "relay").map(({ name }) => name);
  const all = [...kept, hostname.toLowerCase()];
  const { srs_domain } = config.forwarding;
  const own = new Set(srs_domain === undefined ? all : [...all, srs_domain]);
  const signed = new Set(sign.includes("*") ? all : sign);

  const write = (queueId: QueueId, domain: string): Address =>
    `bounce-${queueId}-${macOf(secrets[0], queueId, domain)}@${domain}` as Address;

  const read = (address: Address): Return | undefined => {
    if (!/^bounce-/i.test(address)) return undefined;
    const [, id, mac] = shape.exec(localPartOf(address).toLowerCase()) ?? []; // hosts on the way change case
    const domain = domainOf(address);
    if (id === undefined || mac === undefined || !own.has(domain)) return undefined;
    const queueId = id as QueueId;
    if (!secrets.some((secret) => isSame(mac, macOf(secret, queueId, domain)))) return { kind: "forged" };
    const ageMs = world.now() - instantOf(queueId);
    return ageMs > lifetimeMs || ageMs < -mostAheadMs ? { kind: "expired" } : { kind: "valid", queueId };
  };

  return {
    isUsed: signed.size > 0,

    forSender(sender, queueId) {
      if (sender === "" || !signed.has(domainOf(sender))) return undefined;
      // it is on its second way through here, and the address leads to whoever sent it first
      return read(sender) === undefined ? write(queueId, domainOf(sender)) : undefined;
    },

    write,
    read,
    isSigned: (domain) => signed.has(domain),
  };
}

function macOf(secret: string, queueId: QueueId, domain: string): string {
  const digest = createHmac("sha256", secret).update(`return ${queueId}@${domain}`).digest();
  return Array.from(digest.subarray(0, macCharacters), (octet) => base32[octet & 31]).join("");
}

const isSame = (mac: string, expected: string): boolean => timingSafeEqual(Buffer.from(mac), Buffer.from(expected));

/** What to say to RCPT of the address alone; undefined: nothing against it. */
export function returnRefusal(returns: Pick<Returns, "read">, address: Address): Reply | undefined {
  switch (returns.read(address)?.kind) {
    case "forged":
      return reply(
        550,
        "5.7.1",
        "this address is made like the return addresses of our mail, but not by us: we sent no such message; do not return it to us",
      );
    case "expired":
      return reply(
        550,
        "5.1.1",
        "the message that this return address was made for was sent too long ago; nothing can be returned to it any more; write to the sender's own address",
      );
    case "valid":
    case undefined:
      return undefined;
  }
}

/** With `only_signed`: what has no sender, and comes to a plain address of a domain that signs, is about mail of others. */
export const backscatterRefusal = (
  returns: Pick<Returns, "isSigned">,
  { reversePath, recipient }: { readonly reversePath: ReversePath; readonly recipient: Address },
): Reply | undefined =>
  reversePath === "" && returns.isSigned(domainOf(recipient)) && !isPostmaster(recipient)
    ? reply(
        550,
        "5.7.1",
        `all mail from <${recipient}> has another return address, so this notice is about a message that somebody else sent in its name; do not return it to us`,
      )
    : undefined;
