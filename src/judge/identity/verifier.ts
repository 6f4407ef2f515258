// mailauth's verifier with a limit to the signatures that it looks at, which asks for the keys while the body comes.
import { DkimVerifier, type KeyRecord, type SignatureHeader } from "mailauth/lib/dkim/dkim-verifier.js";
import { createPublicKey } from "node:crypto";
import type { Instant } from "../../base/world.ts";
import { isRelated } from "../../mail/address.ts";
import { signatureLimits } from "./limits.ts";
import type { Ask } from "./questions.ts";

/** What reading a key record gave. */
export type KeyRead = { readonly key: KeyRecord } | { readonly error: unknown };

/** Keys of messages before, for those who have a memory. Reading one costs as much as checking a signature. */
export type Keys = (name: string, read: () => Promise<KeyRead>) => Promise<KeyRead>;

export class Verifier extends DkimVerifier {
  /** DKIM signatures in the order of the header; `results` has one for each that is not left out. */
  readonly found: { readonly signature: SignatureHeader; readonly leftOut?: string }[] = [];

  /** Of all authors, if they have one between them; told as soon as it is known. */
  onAuthor: (domain: string) => void = () => {};

  constructor(ask: Ask, now: Instant, keys?: Keys) {
    super({ resolver: ask, strict: true, minBitLength: signatureLimits.keyBits, curTime: new Date(now), sender: "<>" });
    if (keys === undefined) return;
    const { get } = this.keyCache;
    this.keyCache.get = (...question) => {
      const [, name, , { hashAlgo }] = question;
      const found = keys(`${hashAlgo} ${name}`, () => get(...question).then(asRead, asFailed)).then((read) => {
        if ("error" in read) throw read.error;
        return read.key;
      });
      found.catch(() => {}); // the library asks for the keys of seals ahead, and does not come back for each answer
      return found;
    };
  }

  override async messageHeaders(headers: unknown): Promise<void> {
    await super.messageHeaders(headers);
    const [author, ...others] = new Set(this.headerFrom.map(domainPart));
    if (author !== undefined && others.length === 0) this.onAuthor(author);
    const isDkim = ({ type }: SignatureHeader): boolean => type === "DKIM";
    const chosen = choose(this.signatureHeaders.filter(isDkim), this.headerFrom);
    this.found.push(...chosen);
    const left = new Set(chosen.filter(({ leftOut }) => leftOut !== undefined).map(({ signature }) => signature));
    this.signatureHeaders = this.signatureHeaders.filter((signature) => !left.has(signature));
    const hashes = new Set(this.signatureHeaders.map(({ bodyHashKey }) => bodyHashKey));
    for (const key of this.bodyHashes.keys()) if (!hashes.has(key)) this.bodyHashes.delete(key);
    for (const signature of this.signatureHeaders) this.#askForKey(signature);
  }

  /** The answer is kept for the end of the body. */
  #askForKey({ type, selector, signingDomain, hashAlgo, skip, invalid }: SignatureHeader): void {
    if (skip !== undefined || invalid !== undefined) return;
    const name = `${selector}._domainkey.${signingDomain}`;
    void this.keyCache.get(type, name, signatureLimits.keyBits, { strict: true, hashAlgo }).catch(() => {});
  }
}

const asRead = (key: KeyRecord): KeyRead => ({ key: { ...key, publicKey: createPublicKey(key.publicKey) } });
const asFailed = (error: unknown): KeyRead => ({ error });

/** Those of the author's domain come first, so that a flood of others does not hide them. */
function choose(signatures: readonly SignatureHeader[], authors: readonly string[]): Verifier["found"] {
  const domains = authors.map(domainPart);
  const isAuthors = ({ signingDomain }: SignatureHeader): boolean =>
    domains.some((domain) => isRelated(domain, signingDomain.toLowerCase()));
  const inOrder = [...signatures.filter(isAuthors), ...signatures.filter((signature) => !isAuthors(signature))];
  const isPartial = ({ maxBodyLength }: SignatureHeader): boolean => typeof maxBodyLength === "number";
  const partial = new Set(inOrder.filter(isPartial).slice(0, signatureLimits.withBodyLength));
  const wanted = inOrder.filter((signature) => !isPartial(signature) || partial.has(signature));
  const evaluated = new Set(wanted.slice(0, signatureLimits.evaluated));
  return signatures.map((signature) =>
    evaluated.has(signature)
      ? { signature }
      : { signature, leftOut: tooMany(isPartial(signature) && !partial.has(signature)) },
  );
}

const domainPart = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

const tooMany = (isPartial: boolean): string =>
  isPartial
    ? `not looked at: more than ${signatureLimits.withBodyLength} signatures of this message have l=`
    : `not looked at: this message has more than ${signatureLimits.evaluated} signatures`;
