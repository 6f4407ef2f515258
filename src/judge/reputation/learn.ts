// What an event says of a sender's behaviour. Only of who was proven: a name that anybody can type is never blamed, nor
// praised, and what failed to prove it counts against the network that it came from.
import type { Instant } from "../../base/world.ts";
import type { Event } from "../../journal/event.ts";
import { type Address, domainOf } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import type { Reply } from "../../mail/reply.ts";
import type { Identity } from "../../mail/verdict.ts";
import { networkOf } from "../identity/identity.ts";
import { organizationOf } from "../identity/organization.ts";
import { type Offence, offenceOf } from "../rates/offence.ts";

export type Behaviour =
  | "accepted"
  /** One of our accounts wrote to it. */
  | "written-to"
  /** One of our accounts sent mail from there: no praise of those who send without, but a reason to let them connect. */
  | "logged-in"
  | "marked"
  /** Its content was. */
  | "refused"
  | "unknown-recipient"
  /** It gave itself out for somebody whom it is not. */
  | "forged"
  | "failed-login"
  | "abuse"
  /** Of a recipient: RFC 5965. */
  | "complaint";

export interface Deed {
  readonly identity: Identity;
  readonly behaviour: Behaviour;
  readonly at: Instant;
  /** How much of it is theirs: 1, or less. */
  readonly share: number;
}

/** What a proven sender does says little of the network, where others send, too. */
const networkShare = 0.25;

/** People mistype passwords, and their phones repeat it. */
const failedLoginShare = 0.25;

/** Of one message's recipients: one letter to a thousand people is no thousand acquaintances. */
const mostWrittenTo = 10;

export const networkIdentity = (client: Client): Identity => ({ kind: "network", name: networkOf(client.address) });

/** What there is to learn from an event; nothing, from most. */
export function learn(event: Event): readonly Deed[] {
  switch (event.kind) {
    case "received":
      return received(event);
    case "refused":
      return refused(event);
    case "delivered":
    case "deferred":
    case "bounced":
    case "bounced-later":
    case "complained":
    case "notice":
    case "notice-suppressed":
    case "operator":
      return [];
  }
}

/** Of a sender, and a little of the network that it came from. */
export function deedsOf(sender: Identity, network: Identity, deed: Pick<Deed, "behaviour" | "at">): Deed[] {
  if (sender.kind === "network") return [{ ...deed, identity: network, share: 1 }];
  const own: Deed = { ...deed, identity: sender, share: 1 };
  return sender.kind === "account" ? [own] : [own, { ...deed, identity: network, share: networkShare }];
}

function received({ at, client, judged, to }: Event & { kind: "received" }): Deed[] {
  if (client.account !== undefined) {
    const account: Identity = { kind: "account", name: client.account };
    const login: Deed = { identity: networkIdentity(client), behaviour: "logged-in", at, share: 1 };
    return [{ identity: account, behaviour: "accepted", at, share: 1 }, login, ...writtenTo(to, at)];
  }
  if (judged?.authentication === undefined) return []; // a trusted client
  const { identity, findings } = judged;
  const network = networkIdentity(client);
  const marks = findings.filter(({ kind }) => kind === "mark").map(({ check }) => check);
  if (marks.length === 0) return deedsOf(identity, network, { behaviour: "accepted", at });
  // what follows from the reputation must not feed it; time does
  const others = marks.filter((check) => check !== "reputation");
  if (others.length === 0) return [];
  if (others.every((check) => authenticationChecks.has(check))) return forged(identity, network, at);
  // anybody can send on what somebody else has signed
  if (others.every((check) => authenticationChecks.has(check) || clientChecks.has(check)))
    return [{ identity: network, behaviour: "marked", at, share: 1 }];
  return deedsOf(identity, network, { behaviour: "marked", at });
}

/** A list or a forwarder, who proves who he is, is not to blame for what came through him, nor is his network. */
const forged = (sender: Identity, network: Identity, at: Instant): Deed[] =>
  sender.kind === "network" ? deedsOf(network, network, { behaviour: "forged", at }) : [];

/** Whom our people write to is no stranger. It is the domain that has to prove itself, by DMARC, when it answers. */
function writtenTo(to: readonly Address[], at: Instant): Deed[] {
  const domains = to.map(domainOf).filter((domain) => !domain.startsWith("["));
  const known = [...new Set(domains.map(organizationOf))].slice(0, mostWrittenTo);
  return known.map((name) => ({ identity: { kind: "dmarc", name }, behaviour: "written-to", at, share: 1 }));
}

function refused(event: Event & { kind: "refused" }): Deed[] {
  const { at, client, judged, reply, check = "" } = event;
  if (client.protocol === "LOCAL" || client.account !== undefined) return [];
  const network = networkIdentity(client);
  const sender = judged?.identity ?? network;
  if (isForgery(check, reply)) return forged(sender, network, at);
  const offence = offenceOf(event);
  if (offence === "failed-login")
    return [{ identity: network, behaviour: "failed-login", at, share: failedLoginShare }];
  const behaviour =
    offence !== undefined
      ? ofOffence[offence]
      : event.stage === "content" && reply.code >= 500 && check !== "" && !neutralChecks.has(check)
        ? "refused"
        : undefined;
  return behaviour === undefined ? [] : deedsOf(sender, network, { behaviour, at });
}

const ofOffence: Readonly<Record<Exclude<Offence, "failed-login">, Behaviour>> = {
  "unknown-recipient": "unknown-recipient",
  relaying: "abuse",
  protocol: "abuse",
  "wrong-helo": "abuse",
  "early-talk": "abuse",
};

const authenticationChecks = new Set(["spf", "dkim", "dmarc", "arc", "author", "own-domain"]);

/** They speak of the host that sends, and not of whose mail it is. */
const clientChecks = new Set(["dns-lists", "helo", "reverse-name"]);

/** RFC 7372 §3: 5.7.20 to 5.7.24 and 5.7.26 say what was not proven; 5.7.29: ARC. */
const isForgery = (check: string, { code, enhanced }: Reply): boolean =>
  code >= 500 && (authenticationChecks.has(check) || /^5\.7\.2[0-469]$/.test(enhanced ?? ""));

/** They say nothing of the content: what others know of the sender, what we knew before, and the sizes and ways of messages. */
const neutralChecks = new Set([
  "reputation",
  "greylist",
  "dns-lists",
  "rates",
  "abuse",
  "relay",
  "loop",
  "header-size",
]);
