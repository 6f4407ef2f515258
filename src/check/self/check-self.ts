// `check self`: this installation.
import { type Check, type Progress, type Report, runChecks } from "../run.ts";
import type { Problem } from "../../config/problem.ts";
import type { World } from "../../base/world.ts";
import { certificates } from "./certificates.ts";
import { clock } from "./clock.ts";
import { config, configFaults } from "./config.ts";
import { dataFolderMeasured } from "./data-folder.ts";
import { fileRights } from "./file-rights.ts";
import { listeningPorts } from "./listening-ports.ts";
import { machineLimits } from "./machine-limits.ts";
import { mailboxServers } from "./mailbox-servers.ts";
import { outbound } from "./outbound.ts";
import { ownKeys } from "./own-keys.ts";
import { ownName } from "./own-name.ts";
import { queue } from "./queue.ts";
import { about, type SelfTools } from "./question.ts";
import { resolver } from "./resolver.ts";
import { accounts, running } from "./running.ts";
import { store } from "./store.ts";

/** Each behind those that it needs. */
export const selfChecks: readonly Check<SelfTools>[] = [
  running,
  accounts,
  config,
  listeningPorts,
  ownName,
  certificates,
  fileRights,
  dataFolderMeasured,
  store,
  queue,
  ownKeys,
  mailboxServers,
  resolver,
  outbound,
  clock,
  machineLimits,
];

interface How {
  readonly tell?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Never rejects. */
export const checkSelf = (tools: SelfTools, how: How = {}): Promise<Report> => {
  const { totalMs, checkMs: limitMs } = tools.question.limits;
  return runChecks(selfChecks, { tools, world: tools.world, about, totalMs, limitMs, ...how });
};

/** Where there is no configuration to look with. */
export const checkFaults = (
  problems: readonly Problem[],
  world: Pick<World, "now" | "sleep">,
  how: How = {},
): Promise<Report> => {
  const only: Check<undefined> = {
    name: "config",
    needs: [],
    async run({ found }) {
      configFaults(problems).forEach(found);
    },
  };
  return runChecks([only], { tools: undefined, world, about, totalMs: 1_000, limitMs: 1_000, ...how });
};
