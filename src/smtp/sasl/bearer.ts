// OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's, which came before it): a token that an issuer gave to the mail app.
import type { Client } from "../../mail/client.ts";
import type { Credentials } from "./credentials.ts";
import { challenge, type SaslExchange, type SaslOutcome } from "./exchange.ts";
import { parseGs2Header } from "./gs2.ts";
import { malformed, outcomeOf, wrongToken } from "./refusals.ts";
import { saslPrep } from "./saslprep.ts";
import { utf8Of } from "./text.ts";

interface Presented {
  readonly user: string | undefined;
  readonly token: string;
}

interface Mechanism {
  readonly name: string;
  /** Undefined: not a message of this mechanism. */
  readonly read: (message: string) => Presented | undefined;
  /** What a refused client is told, in JSON, before it has to give in. */
  readonly error: string;
}

/** RFC 6750 §2.1 */
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

/** key=value pairs, each behind an octet 1, with one more at the end. RFC 7628 §3.1 */
function pairs(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  if (!text.endsWith("\x01\x01")) return undefined;
  for (const pair of text.slice(0, -2).split("\x01")) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined || found.has(key.toLowerCase())) return undefined;
    found.set(key.toLowerCase(), value);
  }
  return found;
}

/** A user who is named must have a name that can be one. */
function presented(named: string, authorization: string | undefined): Presented | undefined {
  const token = bearer.exec(authorization ?? "")?.[1];
  const user = named === "" ? undefined : saslPrep(named);
  return token === undefined || (named !== "" && user === undefined) ? undefined : { user, token };
}

function withToken({ name, read, error }: Mechanism): (credentials: Credentials, client: Client) => SaslExchange {
  return (credentials, client) => {
    let refused: SaslOutcome | undefined;
    return {
      async step(response): Promise<SaslOutcome> {
        if (refused !== undefined) return refused; // RFC 7628 §3.2.3: its answer to the error means nothing
        if (response === undefined) return challenge("");
        const given = read(utf8Of(response) ?? "");
        if (given === undefined) return malformed(name);
        const outcome = outcomeOf(await credentials.checkToken(given.token, given.user, client), wrongToken);
        if (outcome.kind !== "refused" || outcome.reply !== wrongToken.reply) return outcome;
        refused = outcome;
        return challenge(error);
      },
    };
  };
}

export const oauthBearer = withToken({
  name: "OAUTHBEARER",
  read(message) {
    const gs2 = parseGs2Header(message);
    if (gs2 === undefined || gs2.binding.kind === "bound" || !gs2.rest.startsWith("\x01")) return undefined;
    return presented(gs2.identity, pairs(gs2.rest.slice(1))?.get("auth"));
  },
  error: JSON.stringify({ status: "invalid_token", schemes: "bearer" }), // RFC 7628 §3.2.2
});

export const xoauth2 = withToken({
  name: "XOAUTH2",
  read(message) {
    const found = pairs(message);
    return presented(found?.get("user") ?? "", found?.get("auth"));
  },
  error: JSON.stringify({ status: "401", schemes: "bearer" }),
});
