// Reputation: how senders behaved, remembered by who they really are, and what follows from it.
import type { World } from "../../base/world.ts";
import type { Listener } from "../../journal/journal.ts";
import type { Client } from "../../mail/client.ts";
import type { Identity } from "../../mail/verdict.ts";
import type { Check } from "../check.ts";
import type { SenderChange, SenderStore } from "../sender-store.ts";
import { reputationChecks } from "./checks.ts";
import { type Behaviour, type Deed, deedsOf, learn, networkIdentity } from "./learn.ts";
import { type Recalled, SenderMemory } from "./sender-memory.ts";
import { identityId, inNetwork, type Standing, standing, type StandingSettings } from "./standing.ts";

interface ReputationSettings extends StandingSettings {
  /** Identities in the store. */
  readonly most: number;
}

interface ReputationParts {
  readonly store: SenderStore;
  readonly world: Pick<World, "now" | "sleep">;
  readonly settings: ReputationSettings;
  /** Whose postmaster can be written to. */
  readonly hostname: string;
  /** What was seen of senders cannot be kept, or not be read: mail goes on. */
  readonly onFault: (error: unknown) => void;
}

export interface Reputation extends AsyncDisposable {
  readonly checks: readonly Check[];
  /** Learns from what happened. */
  readonly listener: Listener;
  readonly memory: SenderMemory;
  readonly settings: ReputationSettings;
  /** Of somebody for himself, wherever he sends from. */
  standingOf(identity: Identity): Promise<Standing>;
  /** Of somebody who sends from there. */
  standingAt(identity: Identity, client: Client): Standing | Promise<Standing>;
  /** What no event of the journal tells: a complaint, the verdict of a filter. */
  note(deed: { readonly identity: Identity; readonly behaviour: Behaviour; readonly client?: Client }): void;
}

/** Records beside those of identities. */
const mostOthers = { host: 50_000, deferral: 100_000 } as const;

export function createReputation(parts: ReputationParts): Reputation {
  const { store, world, settings, onFault } = parts;
  const { halfLifeMs, most } = settings;
  const memory = new SenderMemory({ store, world, halfLifeMs, most: { identity: most, ...mostOthers }, onFault });
  const standingIn = (known: Recalled, identity: Identity): Standing =>
    standing(known.get(identityId(identity)), { ...settings, now: world.now() });

  const standingAt = (identity: Identity, client: Client): Standing | Promise<Standing> => {
    const network = networkIdentity(client);
    const own = identity.kind === "network" ? network : identity;
    const decide = (known: Recalled): Standing =>
      own === network
        ? standingIn(known, network)
        : inNetwork(standingIn(known, own), standingIn(known, network), settings);
    const known = memory.recall([identityId(own), identityId(network)]);
    return known instanceof Promise ? known.then(decide) : decide(known); // no turn lost for those who are known
  };

  return {
    checks: reputationChecks({ ...parts, memory, standingAt }),
    listener(event) {
      for (const deed of learn(event)) memory.note(changeOf(deed));
    },
    memory,
    settings,
    standingOf: async (identity) => standingIn(await memory.recall([identityId(identity)]), identity),
    standingAt,
    note({ identity, behaviour, client }) {
      const deed = { behaviour, at: world.now() };
      const deeds =
        client === undefined ? [{ ...deed, identity, share: 1 }] : deedsOf(identity, networkIdentity(client), deed);
      for (const one of deeds) memory.note(changeOf(one));
    },
    [Symbol.asyncDispose]: () => memory[Symbol.asyncDispose](),
  };
}

const changeOf = ({ identity, behaviour, at, share }: Deed): SenderChange => ({
  ...identityId(identity),
  firstAt: at,
  expiresAt: at,
  tallies: { [behaviour]: { weight: share, total: 1, lastAt: at } },
});
