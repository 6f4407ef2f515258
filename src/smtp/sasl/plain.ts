// PLAIN: [authzid] NUL authcid NUL password, in one message. RFC 4616
import type { Client } from "../../mail/client.ts";
import type { Credentials } from "./credentials.ts";
import { challenge, type SaslExchange } from "./exchange.ts";
import { malformed, otherIdentity, outcomeOf, wrongPassword } from "./refusals.ts";
import { saslPrep } from "./saslprep.ts";
import { utf8Of } from "./text.ts";

export const plain = (credentials: Credentials, client: Client): SaslExchange => ({
  async step(response) {
    if (response === undefined) return challenge("");
    const parts = utf8Of(response)?.split("\0") ?? [];
    if (parts.length !== 3) return malformed("PLAIN");
    const [identity = "", user, password] = parts.map((part) => (part === "" ? "" : saslPrep(part)));
    if (!user || !password) return wrongPassword;
    if (identity !== "" && identity !== user) return otherIdentity;
    return outcomeOf(await credentials.checkPassword(user, password, client));
  },
});
