// Where a recipient's mail goes next. The answer of route/, the task of deliver/; plain data.
import type { Failure } from "./failure.ts";

/** never: clear text only; opportunistic: if offered, unverified; require: or not at all; verify: and the certificate must fit the name. */
export type TlsMode = "never" | "opportunistic" | "require" | "verify";

export interface HostCandidate {
  readonly name: string;
  /** Addresses in the order to try. */
  readonly addresses: readonly string[];
  readonly port: number;
}

export type Hop =
  | {
      readonly kind: "smtp";
      /** Pacing key: the set of hosts, the same text for the same set. */
      readonly site: string;
      /** In the order to try. */
      readonly hosts: readonly HostCandidate[];
      readonly tls: TlsMode;
      /** TLS from the first byte (port 465). */
      readonly implicitTls: boolean;
      readonly credentials?: { readonly username: string; readonly password: string };
    }
  | {
      readonly kind: "lmtp";
      readonly site: string;
      readonly to: { readonly path: string } | { readonly host: string; readonly port: number };
    }
  | { readonly kind: "maildir"; readonly site: string; readonly path: string };

/** After `failed`, `isPermanent` of the failure tells whether to try again. */
export type Routing =
  | { readonly kind: "hop"; readonly hop: Hop }
  | { readonly kind: "failed"; readonly because: Failure };
