// What is asked about an account, and what its checks learn and pass on to each other.
import type { AppSettings, ForAddress, ServerSettings } from "../../autoconfig/settings.ts";
import { finding, type FindingId, type Found } from "../finding.ts";
import { type Asked, checksOf } from "../run.ts";
import { serverLimits } from "../server/inspect.ts";
import { checkLimits, type CheckTools } from "../tools.ts";
import type { Problem, Tried } from "./tried.ts";

export interface AccountQuestion extends ForAddress {
  /** "ann@example.org" */
  readonly address: string;
  /** What stands in the person's mail app; empty: what should stand there is tried. */
  readonly typed: readonly ServerSettings[];
  /** As typed; undefined: as the settings say. */
  readonly username?: string;
  /** Undefined: nobody logs in. */
  readonly password?: string;
  /** The password may go to a server whose certificate proves nothing. */
  readonly isUnprovenFine?: boolean;
  /** Where the public directory is; undefined: it is not asked. */
  readonly directory?: string;
  /** A message to oneself is sent, looked for and removed. */
  readonly sendsMessage: boolean;
  /** Of our own domain, by our configuration. */
  readonly own?: AppSettings;
  /** Our name for EHLO. */
  readonly hello: string;
  readonly limits: AccountLimits;
}

export const accountLimits = {
  ...checkLimits,
  ...serverLimits,
  /** All of it, the wait for our own message too. */
  totalMs: 150_000,
  checkMs: 65_000,
  /** One server, and what should be in its place. */
  tryMs: 60_000,
  /** All that is asked of one source of settings: several pages, side by side, each with redirects. */
  sourceMs: 12_000,
  /** Servers that greylist or scan take their time; who waits longer has seen that it does not arrive at once. */
  arrivalMs: 45_000,
  pollMs: 2_000,
} as const;

export type AccountLimits = { readonly [Name in keyof typeof accountLimits]: number };

export interface AccountTools extends CheckTools {
  readonly question: AccountQuestion;
  /** Hosts that were told the address, so far. */
  readonly heard: ReadonlySet<string>;
}

/** Where settings come from. */
export type SourceName = "own" | "autoconfig" | "autodiscover" | "srv" | "directory" | "directory-mx" | "guess";

export interface Source {
  readonly name: SourceName;
  /** The page or the DNS names. */
  readonly at: string;
  readonly settings: AppSettings;
  /** Only DNS or plain HTTP leads to it: whoever is on the way can make it up. */
  readonly isForgeable?: true;
}

export interface Asking {
  /** The best first; empty: it says nothing. */
  readonly sources: readonly Source[];
}

/** What should be in the app, as far as it is known. */
export interface Wanted {
  /** The best first; undefined: nobody says it. */
  readonly source?: Source;
  /** DNS does not know it. */
  readonly hasNoDomain?: true;
  /** DNS did not say anything: there may be servers. */
  readonly isDnsSilent?: true;
  readonly incoming: readonly ServerSettings[];
  readonly outgoing: readonly ServerSettings[];
  /** Hosts that sources name which nobody on the way can make up. */
  readonly vouchedHosts: readonly string[];
}

export interface AccountFacts {
  readonly autoconfig: Asking;
  readonly directory: Asking;
  readonly autodiscover: Asking;
  readonly srv: Asking;
  readonly settings: Wanted;
  readonly compare: void;
  readonly receive: readonly Tried[];
  readonly send: readonly Tried[];
  readonly message: MessageFate;
}

/** Of the message to oneself; `not-sent`: it did not come to that; `not-looked-for`: nothing could be received. */
export type MessageFate =
  | { readonly kind: "not-sent" | "not-looked-for" | "found" | "in-junk" | "not-found" }
  | { readonly kind: "refused"; readonly problem: Problem };

export const accountCheck = checksOf<AccountFacts, AccountTools>();

/** Tells of a finding, unless said otherwise about the address itself; its words may name the domain. */
export function say({ tools, found }: Asked<AccountTools>, id: FindingId, said: Partial<Found> = {}): void {
  const { address, domain } = tools.question;
  found(finding(id, { about: address, ...said, values: { domain, address, ...said.values } }));
}
