// What the help page is told of logins and of mail that was refused or taken: which way, whether it worked, why not.
import type { Event } from "../journal/event.ts";
import type { Client } from "../mail/client.ts";
import type { Credentials } from "../smtp/sasl/credentials.ts";
import type { SaslOutcome } from "../smtp/sasl/exchange.ts";
import type { Logins } from "../smtp/sasl/logins.ts";
import type { Happening, LoginFault } from "./visits.ts";

type Tell = (client: Client, happening: Happening) => void;

/** `create` makes the logins of credentials that note which name was typed; it is in no reply and in no log. */
export function watchedLogins(credentials: Credentials, create: (noting: Credentials) => Logins, tell: Tell): Logins {
  const names = new WeakMap<Client, string>();
  const logins = create(noting(credentials, names));
  return {
    mechanisms: (client) => logins.mechanisms(client),
    begin(mechanism, client, binding) {
      const exchange = logins.begin(mechanism, client, binding);
      return {
        async step(response) {
          const outcome = await exchange.step(response);
          if (outcome.kind === "challenge") return outcome;
          const name = names.get(client) ?? (outcome.kind === "accepted" ? outcome.account : undefined);
          const fault = outcome.kind === "refused" && { fault: faultOf(outcome) };
          tell(client, { kind: "login", mechanism, ...(name !== undefined && { name }), ...fault });
          return outcome;
        },
      };
    },
  };
}

function noting(credentials: Credentials, names: WeakMap<Client, string>): Credentials {
  return {
    kinds: credentials.kinds,
    checkPassword(user, password, client) {
      names.set(client, user);
      return credentials.checkPassword(user, password, client);
    },
    scramSecret(user, client) {
      names.set(client, user);
      return credentials.scramSecret(user, client);
    },
    checkToken(token, user, client) {
      if (user !== undefined) names.set(client, user);
      return credentials.checkToken(token, user, client);
    },
    ended: (user, client, succeeded) => credentials.ended(user, client, succeeded),
  };
}

function faultOf({ reply, trouble }: Extract<SaslOutcome, { kind: "refused" }>): LoginFault {
  if (trouble !== undefined) return "unavailable";
  if (reply.code === 454) return "limited";
  return reply.code === 501 ? "malformed" : "wrong";
}

type Refused = Extract<Event, { kind: "refused" }>;

/** Of the journal's events, those that a mail app has to do with. */
export function tellEvent(event: Event, tell: Tell): void {
  if (event.kind === "received" && event.client.account !== undefined) tell(event.client, { kind: "accepted" });
  if (event.kind !== "refused") return;
  const happening = ofRefusal(event);
  if (happening !== undefined) tell(event.client, happening);
}

function ofRefusal({ stage, reply, check, client }: Refused): Happening | undefined {
  switch (stage) {
    case "connect":
      return { kind: "refused", stage };
    case "login":
      // a login that was checked was told of above
      return check === "login" ? undefined : { kind: "login", mechanism: "", fault: protocolFault(reply.code) };
    case "mail":
      // RFC 6409 §4.3
      if (reply.code === 530) return { kind: "refused", stage: "login-first" };
      return client.account === undefined ? undefined : { kind: "refused", stage: ofCheck(check) ?? "sender" };
    case "rcpt":
      return { kind: "refused", stage: ofCheck(check) ?? "recipient" };
    case "data":
    case "content":
      return { kind: "refused", stage: ofCheck(check) ?? "message" };
  }
}

const ofCheck = (check: string | undefined): "sender" | "limit" | undefined =>
  check === "sender" ? "sender" : check === "sending-limit" ? "limit" : undefined;

/** RFC 4954 §4, §6 */
function protocolFault(code: number): LoginFault {
  if (code === 538) return "clear";
  if (code === 502) return "elsewhere";
  return code === 504 ? "mechanism" : "malformed";
}
