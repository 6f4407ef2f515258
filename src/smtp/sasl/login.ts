// LOGIN: the name and the password, each asked for. Never a standard (draft-murchison-sasl-login), but some mail apps know
// nothing else.
import type { Client } from "../../mail/client.ts";
import type { Credentials } from "./credentials.ts";
import { challenge, type SaslExchange } from "./exchange.ts";
import { outcomeOf, wrongPassword } from "./refusals.ts";
import { saslPrep } from "./saslprep.ts";
import { utf8Of } from "./text.ts";

export function login(credentials: Credentials, client: Client): SaslExchange {
  let name: Uint8Array | undefined;
  return {
    async step(response) {
      if (response === undefined) return challenge("Username:");
      if (name === undefined) {
        name = response;
        return challenge("Password:");
      }
      const [user, password] = [name, response].map((bytes) => saslPrep(utf8Of(bytes) ?? ""));
      if (user === undefined || password === undefined) return wrongPassword;
      return outcomeOf(await credentials.checkPassword(user, password, client));
    },
  };
}
