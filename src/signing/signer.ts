// Which domain signs a message, if any, and the start of its signing. RFC 6376 §3.5 (d=), §5.1; RFC 5322 §3.6.2.
import type { World } from "../base/world.ts";
import { type Domain, domainOf } from "../mail/address.ts";
import { parseMailboxes } from "../mail/mailboxes.ts";
import { oneLine } from "../mail/printable.ts";
import { type RawField, rawFields, textOf } from "./header-fields.ts";
import { type DomainKeys, Keyring, type KeyringSettings } from "./keyring.ts";
import { beginSigning, type Signing } from "./signature.ts";

export type { Signing } from "./signature.ts";

export interface Signer {
  /** Undefined: nobody signs this message. `whose`: ours are the server's own messages, in the name of its host. */
  begin(header: Uint8Array, whose?: Whose): Signing | undefined;
}

type Whose = "a client's" | "ours";

interface TellingSigner extends Signer {
  /** Who would, or why nobody does. */
  whoSigns(header: Uint8Array): WhoSigns;
}

type WhoSigns =
  | { readonly kind: "signed"; readonly by: Pick<DomainKeys, "domain" | "keys"> }
  | { readonly kind: "unsigned"; readonly because: string };

interface SignerParts {
  readonly keyring: Pick<Keyring, "hasKeys" | "keysFor" | "keysForOurs">;
  readonly world: Pick<World, "now">;
  /** A key could not sign: the message goes without its signature. */
  readonly onFault: (error: unknown) => void;
}

/** With the keys of the config and of `data_dir`, as they change. Rejects with a KeyError when one cannot be used. */
export async function openSigner(
  settings: KeyringSettings & { readonly world: World },
): Promise<TellingSigner & AsyncDisposable> {
  const keyring = await Keyring.open({ ...settings, world: settings.world.outside ?? settings.world });
  return { ...createSigner({ ...settings, keyring }), [Symbol.asyncDispose]: () => keyring[Symbol.asyncDispose]() };
}

/** For mail of clients that are trusted or logged in, and for our own: the caller sees to that. */
export function createSigner({ keyring, world, onFault }: SignerParts): TellingSigner {
  const whoSigns = (fields: readonly RawField[], whose?: Whose): WhoSigns => {
    const domain = responsibleDomain(fields);
    if (typeof domain !== "string") return { kind: "unsigned", ...domain };
    const by = whose === "ours" ? keyring.keysForOurs(domain) : keyring.keysFor(domain);
    if (by === undefined) return { kind: "unsigned", because: `${domain} has no keys here` };
    if (by.keys.length > 0) return { kind: "signed", by };
    return { kind: "unsigned", because: `the keys of ${domain} are not in use yet: their records are not in DNS` };
  };
  return {
    begin(header, whose) {
      if (!keyring.hasKeys) return undefined;
      const fields = rawFields(header);
      const who = whoSigns(fields, whose);
      if (who.kind === "unsigned") return undefined;
      return beginSigning({ keys: who.by.keys, header: fields, now: () => world.now(), onFault });
    },
    whoSigns: (header) => whoSigns(rawFields(header)),
  };
}

/** Of the author; where there are several, of the one who sent it. DMARC asks for the author's. */
function responsibleDomain(fields: readonly RawField[]): Domain | { readonly because: string } {
  const authors = addressesOf(fields, "from");
  if ("because" in authors) return authors;
  if (authors.length === 1) return domainOf(authors[0]!);
  const senders = addressesOf(fields, "sender");
  if ("because" in senders) return { because: `the From field names several people, and ${senders.because}` };
  return senders.length === 1 ? domainOf(senders[0]!) : { because: "the Sender field names several people" };
}

function addressesOf(fields: readonly RawField[], name: "from" | "sender") {
  const word = { from: "From", sender: "Sender" }[name];
  const [field, ...others] = fields.filter((field) => field.name === name);
  if (field === undefined) return { because: `there is no ${word} field` };
  if (others.length > 0) return { because: `there are ${others.length + 1} ${word} fields` };
  const text = textOf(field);
  return parseMailboxes(text) ?? { because: `the ${word} field is not an address: ${oneLine(text)}` };
}
