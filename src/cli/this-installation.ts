// What `check self` reaches this installation through: the running server over its control socket, accounts, keys, store.
import { accountsSeen } from "../check/self/at-start.ts";
import type { OwnKey, OwnThings, ServerPort, ServerSeen, WaitingDelivery } from "../check/self/ports.ts";
import type { Config } from "../config/schema.ts";
import { domainOf } from "../mail/address.ts";
import type { QueuedDelivery } from "../queue/store.ts";
import { accountsPath, readAccounts } from "../receive/accounts/account-file.ts";
import { keyPlaces, type SigningDomain, signingDomains } from "../signing/domains.ts";
import { readKeyFile } from "../signing/keyring.ts";
import { recordText } from "../signing/keys.ts";
import { controlClient } from "./control-client.ts";
import { CommandError, exitCodes } from "./exit-codes.ts";

/** Deliveries that are looked at, those that came first. */
const mostOldest = 1_000;

export function runningServer({ data_dir: dir }: Config): ServerPort {
  const control = controlClient(dir, "waybill start");
  return {
    look: () =>
      control.status().then(
        (status): ServerSeen => ({ kind: "running", ...status }),
        (error: unknown): ServerSeen => {
          if (!(error instanceof CommandError)) throw error;
          if (error.exitCode === exitCodes.unavailable) return { kind: "not-running" };
          return { kind: error.exitCode === exitCodes.noPermission ? "denied" : "broken", text: error.message };
        },
      ),
    async queue() {
      const [counts, { dueAt: nextDueAt }, oldest, destinations] = await Promise.all([
        control.counts({}),
        control.next(),
        control.list({ limit: mostOldest }),
        control.destinations({}),
      ]);
      return { counts, nextDueAt, oldest: oldest.map(waitingOf), destinations };
    },
  };
}

const waitingOf = ({ deliveryId, message, recipient, state, dueAt, lastFailure }: QueuedDelivery): WaitingDelivery => ({
  deliveryId,
  from: message.reversePath,
  domain: domainOf(recipient.address),
  state,
  receivedAt: message.receivedAt,
  dueAt,
  ...(lastFailure !== undefined && { because: lastFailure }),
});

export const ownThings = (config: Config): OwnThings => ({
  accounts: () => accountsSeen(() => readAccounts(accountsPath(config))),
  keys: async () => (await Promise.all((await signingDomains(config)).map(keysOf))).flat(),
  store: async (signal) => (await import("../storage/inspect.ts")).inspectStore(config, signal),
  verifyStore: async (signal) => (await import("../storage/inspect.ts")).verifyStore(config, signal),
});

/** Those that sign, and those that will. */
async function keysOf(own: SigningDomain): Promise<OwnKey[]> {
  const { domain } = own;
  const places = await keyPlaces(own).catch((error: Error) => error.message);
  if (typeof places === "string") return [{ domain, selector: "", signs: true, record: { problem: places } }];
  return Promise.all(
    places.map(async ({ selector, path, signs }) => {
      const record = await readKeyFile(path).then(
        (key) => ({ value: recordText(key) }),
        (error: Error) => ({ problem: error.message }),
      );
      return { domain, selector, signs, record };
    }),
  );
}
