// The header of SCRAM's and OAUTHBEARER's first message: channel binding, and whom to act as. RFC 5801 §4, RFC 5802 §7.

type Gs2Binding =
  /** n: the client can bind nothing. */
  | { readonly kind: "none" }
  /** y: it could, but thinks that we cannot. */
  | { readonly kind: "unoffered" }
  | { readonly kind: "bound"; readonly to: string };

export interface Gs2Header {
  readonly binding: Gs2Binding;
  /** Whom to act as; empty: as the user. */
  readonly identity: string;
  /** The header as it came, with its last comma. */
  readonly text: string;
  readonly rest: string;
}

/** An a= without a name is no name of the grammar, but GNU SASL writes it. */
const header = /^(?:([ny])|p=([A-Za-z\d.-]+)),(?:a=([^,]*))?,/;

/** Undefined: it is none. */
export function parseGs2Header(message: string): Gs2Header | undefined {
  const [text, flag, to, encoded = ""] = header.exec(message) ?? [];
  const identity = decodeSaslName(encoded);
  if (text === undefined || identity === undefined) return undefined;
  const binding: Gs2Binding = to === undefined ? { kind: flag === "y" ? "unoffered" : "none" } : { kind: "bound", to };
  return { binding, identity, text, rest: message.slice(text.length) };
}

/** RFC 5802 §5.1: comma and equals sign are written =2C and =3D. Undefined: badly written. */
export function decodeSaslName(text: string): string | undefined {
  if (/=(?!2C|3D)|,|\0/.test(text)) return undefined;
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}
