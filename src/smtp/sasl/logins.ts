// The ways to log in: which of them are offered to a client, and how each begins. RFC 4422
import { randomBytes } from "node:crypto";
import type { Client } from "../../mail/client.ts";
import { oauthBearer, xoauth2 } from "./bearer.ts";
import type { Credentials } from "./credentials.ts";
import type { ChannelBindingData, SaslExchange } from "./exchange.ts";
import { login } from "./login.ts";
import { plain } from "./plain.ts";
import { scram } from "./scram.ts";

export interface Logins {
  /** What EHLO offers to this client, the strongest first. Whether it may log in without TLS, the caller decides. */
  mechanisms(client: Client): readonly string[];
  /** `mechanism`: one of those; `binding`: what the client's TLS can bind to. */
  begin(mechanism: string, client: Client, binding?: ChannelBindingData): SaslExchange;
}

interface Beginning {
  readonly client: Client;
  readonly binding: ChannelBindingData | undefined;
}

interface Mechanism {
  readonly needs: Credentials["kinds"][number];
  readonly needsBinding?: true;
  readonly begin: (beginning: Beginning) => SaslExchange;
}

/** `newNonce`: printable ASCII without commas; another than the usual makes sense in tests only. */
export function createLogins(
  credentials: Credentials,
  serverSecret: Uint8Array,
  newNonce = (): string => randomBytes(18).toString("base64"),
): Logins {
  const all = mechanismsOf(credentials, { serverSecret, newNonce });
  const checkable = [...all].filter(([, { needs }]) => credentials.kinds.includes(needs));
  const bound = checkable.map(([name]) => name);
  const unbound = checkable.filter(([, { needsBinding }]) => !needsBinding).map(([name]) => name);
  return {
    mechanisms: (client) => (canBind(client) ? bound : unbound),
    begin(name, client, binding) {
      const mechanism = all.get(name);
      if (mechanism === undefined) throw new Error(`there is no mechanism ${name}`);
      return mechanism.begin({ client, binding });
    },
  };
}

/** Before TLS 1.3, clients bind to tls-unique (RFC 5802 §6), which is unsafe (RFC 9266 §4); they are to log in without. */
const canBind = ({ tls }: Client): boolean => tls?.version === "TLSv1.3";

function mechanismsOf(
  credentials: Credentials,
  ours: { readonly serverSecret: Uint8Array; readonly newNonce: () => string },
): ReadonlyMap<string, Mechanism> {
  const beginScram =
    (isPlus: boolean) =>
    ({ client, binding }: Beginning): SaslExchange =>
      scram({ ...ours, credentials, client, binding, isPlus, isPlusOffered: canBind(client) });
  return new Map<string, Mechanism>([
    ["SCRAM-SHA-256-PLUS", { needs: "scram", needsBinding: true, begin: beginScram(true) }],
    ["SCRAM-SHA-256", { needs: "scram", begin: beginScram(false) }],
    ["PLAIN", { needs: "password", begin: ({ client }) => plain(credentials, client) }],
    ["LOGIN", { needs: "password", begin: ({ client }) => login(credentials, client) }],
    ["OAUTHBEARER", { needs: "token", begin: ({ client }) => oauthBearer(credentials, client) }],
    ["XOAUTH2", { needs: "token", begin: ({ client }) => xoauth2(credentials, client) }],
  ]);
}
