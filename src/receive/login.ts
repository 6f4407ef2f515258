// A login that fails: the session waits longer each time, and the journal hears of it. RFC 4954 §9
import type { World } from "../base/world.ts";
import type { Journal } from "../journal/journal.ts";
import type { SaslExchange } from "../smtp/sasl/exchange.ts";
import type { Logins } from "../smtp/sasl/logins.ts";
import type { LoginBeginning } from "./stage.ts";

/** Who mistypes a password hardly notices the first wait; who guesses gets few guesses into a session. */
export const loginDelays = { firstMs: 1_000, longestMs: 8_000 } as const;

interface LoginParts {
  readonly logins: Logins;
  readonly world: World;
  readonly journal: Journal;
}

/** An exchange whose refusals come late, and are told to the journal: not the name that was typed, which may be a password. */
export function beginLogin({ logins, world, journal }: LoginParts, beginning: LoginBeginning): SaslExchange {
  const { mechanism, client, binding, failures, signal } = beginning;
  const exchange = logins.begin(mechanism, client, binding);
  return {
    async step(response) {
      const outcome = await exchange.step(response);
      if (outcome.kind !== "refused") return outcome;
      const { reply, account } = outcome;
      const about = { client, stage: "login", ...(account !== undefined && { account }) } as const;
      journal.note([{ kind: "refused", at: world.now(), ...about, reply, check: "login" }]);
      await world.sleep(Math.min(loginDelays.longestMs, loginDelays.firstMs * 2 ** failures), signal);
      return outcome;
    },
  };
}
