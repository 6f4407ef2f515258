// The port of DNS: what routing and judging ask, with the ways of failing kept apart. RFC 5321 §5.1, RFC 1035 §4.1.1.

export interface MxRecord {
  readonly preference: number;
  /** Lower-case, without the trailing dot; "" is the root: null MX (RFC 7505). */
  readonly exchange: string;
}

export type Answer<T> =
  | { readonly kind: "found"; readonly records: readonly T[] }
  /** NXDOMAIN */
  | { readonly kind: "no-such-domain" }
  /** The name exists, the type does not. */
  | { readonly kind: "no-data" }
  /** SERVFAIL, REFUSED, malformed: ask again later. */
  | { readonly kind: "server-failure"; readonly text: string }
  | { readonly kind: "timeout" };

/** Every question has a time limit of the driver's. None rejects. CNAMEs are followed. */
export interface Resolver {
  mx(name: string): Promise<Answer<MxRecord>>;
  a(name: string): Promise<Answer<string>>;
  aaaa(name: string): Promise<Answer<string>>;
  txt(name: string): Promise<Answer<string>>;
  ptr(address: string): Promise<Answer<string>>;
}
