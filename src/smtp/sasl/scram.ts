// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS: both sides prove that they know the password, and neither sends it.
// RFC 5802, RFC 7677; channel bindings RFC 9266, RFC 5929.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { parseAddress } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import { type Credentials, scramDefaults, type ScramSecret } from "./credentials.ts";
import { challenge, type ChannelBindingData, type SaslExchange, type SaslOutcome } from "./exchange.ts";
import { type Gs2Header, decodeSaslName, parseGs2Header } from "./gs2.ts";
import { downgraded, malformed, otherIdentity, outcomeOf, unboundChannel, wrongPassword } from "./refusals.ts";
import { saslPrep } from "./saslprep.ts";
import { utf8Of } from "./text.ts";

interface ScramParts {
  readonly credentials: Credentials;
  readonly client: Client;
  /** What the mechanism with -PLUS can bind to. */
  readonly binding: ChannelBindingData | undefined;
  readonly isPlus: boolean;
  /** EHLO had the mechanism with -PLUS, too. */
  readonly isPlusOffered: boolean;
  /** Makes up secrets for names that nobody has. */
  readonly serverSecret: Uint8Array;
  /** Our part of the nonce: printable ASCII without commas. */
  readonly newNonce: () => string;
}

interface FirstMessage {
  readonly gs2: Gs2Header;
  readonly user: string;
  readonly nonce: string;
}

interface Underway {
  readonly user: string;
  readonly secret: ScramSecret;
  readonly nonce: string;
  /** What c= must be. */
  readonly channel: string;
  /** client-first-message-bare "," server-first-message "," */
  readonly soFar: string;
}

export function scram(parts: ScramParts): SaslExchange {
  let next: (message: string) => Promise<SaslOutcome> = first;

  async function first(message: string): Promise<SaslOutcome> {
    const read = readFirst(message);
    if (read === undefined) return malformed(nameOf(parts));
    const bound = bindingOf(read.gs2, parts);
    if ("kind" in bound) return bound;
    const { user } = read;
    if (read.gs2.identity !== "" && saslPrep(read.gs2.identity) !== user) return otherIdentity;
    const known = await parts.credentials.scramSecret(user, parts.client);
    const secret = known ?? madeUpSecret(user, parts.serverSecret);
    const nonce = read.nonce + parts.newNonce();
    const answer = `r=${nonce},s=${base64(secret.salt)},i=${secret.iterations}`;
    const soFar = `${read.gs2.rest},${answer},`;
    const channel = base64(Buffer.concat([Buffer.from(read.gs2.text), bound]));
    next = (message) => final(message, { user, secret, nonce, channel, soFar });
    return challenge(answer);
  }

  async function final(message: string, underway: Underway): Promise<SaslOutcome> {
    const read = /^(c=([A-Za-z\d+/=]+),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]+)*),p=([A-Za-z\d+/=]+)$/.exec(message);
    if (read === null) return malformed(nameOf(parts));
    const [, withoutProof = "", channel, nonce, proof = ""] = read;
    const { user, secret } = underway;
    if (channel !== underway.channel && parts.isPlus) return unboundChannel;
    const transcript = underway.soFar + withoutProof;
    const isRight =
      channel === underway.channel &&
      nonce === underway.nonce &&
      proves(Buffer.from(proof, "base64"), secret, transcript);
    const outcome = outcomeOf(await parts.credentials.ended(user, parts.client, isRight));
    if (outcome.kind !== "accepted") return outcome;
    if (!isRight) return wrongPassword;
    // RFC 4954 §4: what the server says last is a challenge, which the client answers with nothing
    next = async (message) => (message === "" ? outcome : malformed(nameOf(parts)));
    return challenge(`v=${base64(hmac(secret.serverKey, transcript))}`);
  }

  return {
    async step(response) {
      if (response === undefined) return challenge("");
      const message = utf8Of(response);
      return message === undefined ? malformed(nameOf(parts)) : next(message);
    },
  };
}

const nameOf = ({ isPlus }: ScramParts): string => (isPlus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256");

/** Extensions that must be understood (m=) are not: RFC 5802 §5.1. */
function readFirst(message: string): FirstMessage | undefined {
  const gs2 = parseGs2Header(message);
  const [, name, nonce] = /^n=([^,]+),r=([!-+\--~]+)(?:,[A-Za-z]=[^,]+)*$/.exec(gs2?.rest ?? "") ?? [];
  const user = saslPrep(decodeSaslName(name ?? "") ?? "");
  return gs2 === undefined || user === undefined || nonce === undefined ? undefined : { gs2, user, nonce };
}

/** The octets that TLS has for it; or what is wrong with the client's wish. RFC 5802 §6 */
function bindingOf({ binding }: Gs2Header, parts: ScramParts): Uint8Array | Extract<SaslOutcome, { kind: "refused" }> {
  const { isPlus, isPlusOffered } = parts;
  switch (binding.kind) {
    case "none":
      return isPlus ? malformed(nameOf(parts)) : nothing;
    case "unoffered":
      return isPlus ? malformed(nameOf(parts)) : isPlusOffered ? downgraded : nothing;
    case "bound":
      if (!isPlus) return malformed(nameOf(parts));
      return parts.binding?.get(binding.to) ?? unboundChannel;
  }
}

const nothing = new Uint8Array();

/** The client's key, got from its proof, must be the one whose hash we keep. RFC 5802 §3 */
function proves(proof: Buffer, { storedKey }: ScramSecret, transcript: string): boolean {
  const signature = hmac(storedKey, transcript);
  if (proof.length !== signature.length) return false;
  const clientKey = proof.map((octet, i) => octet ^ signature[i]!);
  return timingSafeEqual(createHash("sha256").update(clientKey).digest(), storedKey);
}

/** The same for a name each time, and for all that would be one account's, so that nobody learns which names exist. */
function madeUpSecret(user: string, serverSecret: Uint8Array): ScramSecret {
  const name = (parseAddress(user) ?? user).normalize("NFC").toLowerCase();
  const make = (what: string): Buffer => hmac(serverSecret, `${what}\0${name}`);
  return {
    iterations: scramDefaults.iterations,
    salt: make("salt").subarray(0, scramDefaults.saltBytes),
    storedKey: make("stored key"),
    serverKey: make("server key"),
  };
}

const hmac = (key: Uint8Array, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
