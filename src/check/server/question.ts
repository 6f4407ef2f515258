// What is asked about a server, and what its checks learn and pass on to each other.
import type { Credentials } from "../net/mail-talk.ts";
import { type Asked, checksOf } from "../run.ts";
import type { CheckTools } from "../tools.ts";
import type { Inspecting, ServerLimits } from "./inspect.ts";
import type { NameSeen } from "./name.ts";
import type { ServerPlace } from "./place.ts";
import type { Visit } from "./visit.ts";

export interface ServerQuestion {
  readonly place: ServerPlace;
  /** Nobody said the place's security, and the port does not tell: it is found out. */
  readonly isSecurityOpen?: boolean;
  /** Our name for EHLO. */
  readonly hello: string;
  readonly credentials?: Credentials;
  /** The login may be tried once more with this name, if it is refused as wrong. */
  readonly otherUsername?: string;
  readonly isUnprovenFine: boolean;
  readonly limits: ServerLimits;
}

export interface ServerTools extends CheckTools {
  readonly question: ServerQuestion;
}

export interface ServerFacts {
  readonly "server-name": NameSeen;
  readonly "server-connection": { readonly visits: readonly Visit[]; readonly siblings: readonly Visit[] };
  readonly "server-security": void;
  readonly "server-abilities": void;
  readonly "server-login": void;
}

/** A step of the inspection. */
export const serverCheck = checksOf<ServerFacts, ServerTools>();

/** As the inspection is told. */
export function inspectingOf({ tools, signal }: Asked<ServerTools>): Inspecting {
  const { question, connector, world, resolver } = tools;
  const { credentials, otherUsername } = question;
  return {
    connector,
    world,
    resolver,
    signal,
    hello: question.hello,
    limits: question.limits,
    isUnprovenFine: question.isUnprovenFine,
    ...(credentials !== undefined && { credentials }),
    ...(otherUsername !== undefined && { otherUsername }),
  };
}
