// What `start` looks at before it begins, and its words for the terminal and the log. Nothing of it keeps the server from
// starting.
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/schema.ts";
import type { Finding } from "../finding.ts";
import { wordsOf } from "../words.ts";
import { type Check, type Report, runChecks } from "../run.ts";
import { certificates } from "./certificates.ts";
import { clock } from "./clock.ts";
import { config as settings } from "./config.ts";
import { dataFolder } from "./data-folder.ts";
import { fileRights } from "./file-rights.ts";
import { listeningPorts } from "./listening-ports.ts";
import { machineLimits } from "./machine-limits.ts";
import { about, type QuickTools } from "./question.ts";
import { accounts, looked } from "./running.ts";
import type { AccountsSeen } from "./ports.ts";
import { thisMachine } from "./this-machine.ts";

const quickChecks: readonly Check<QuickTools>[] = [
  looked,
  accounts,
  settings,
  listeningPorts,
  certificates,
  fileRights,
  dataFolder,
  clock,
  machineLimits,
];

/** The start of the server waits for it: what takes longer is left out. */
const quickMs = 400;

/** Nothing beyond this machine is asked. Never rejects. */
export const checkQuickly = (tools: QuickTools): Promise<Report> =>
  runChecks(quickChecks, { tools, world: tools.world, about, totalMs: quickMs, limitMs: quickMs });

interface Starting {
  readonly config: Config;
  /** Absent: there is none. */
  readonly file: string | undefined;
  readonly hostname: string;
  readonly world: Pick<World, "now" | "sleep">;
  /** Rejects when they cannot be read; undefined: there are none. */
  readonly readAccounts: () => Promise<readonly unknown[] | undefined>;
}

/** What is wrong or risky. Never rejects. */
export async function lookAtStart({ config, file, hostname, world, readAccounts }: Starting): Promise<Finding[]> {
  const { findings } = await checkQuickly({
    world,
    question: { config, configFile: file ?? "waybill.toml", hostname },
    machine: thisMachine(),
    server: { look: async () => ({ kind: "not-running" }) },
    own: { accounts: () => accountsSeen(readAccounts) },
  });
  return findings.filter(({ level }) => level === "error" || level === "warning");
}

export const accountsSeen = (read: Starting["readAccounts"]): Promise<AccountsSeen> =>
  read().then(
    (accounts): AccountsSeen =>
      accounts === undefined ? { kind: "absent" } : { kind: "there", count: accounts.length },
    (error: unknown): AccountsSeen => ({ kind: "bad", text: error instanceof Error ? error.message : String(error) }),
  );

/** Lines for a person. */
export function startWarning(finding: Finding): string {
  const { found, why, todo } = wordsOf(finding);
  const sentences = [found, why?.replace(/\.$/, "")].filter((text) => text !== undefined);
  return [`waybill: ${finding.level}: ${sentences.join(". ")}.`, ...todo.map((text) => `  ${text}`)].join("\n");
}
