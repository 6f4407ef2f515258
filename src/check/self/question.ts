// What is asked about this installation, and what its checks learn and pass on to each other.
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/schema.ts";
import { type Change, finding, type FindingId, type Found } from "../finding.ts";
import type { RawResolver } from "../net/raw-dns.ts";
import { type Asked, checksOf } from "../run.ts";
import type { CheckLimits, CheckTools } from "../tools.ts";
import type { AccountsSeen, Machine, OwnThings, ServerPort, ServerSeen } from "./ports.ts";

export interface QuickQuestion {
  readonly config: Config;
  /** For words: where settings are changed. */
  readonly configFile: string;
  readonly hostname: string;
}

/** For what `start` looks at: nothing beyond this machine. */
export interface QuickTools {
  readonly world: Pick<World, "now" | "sleep">;
  readonly question: QuickQuestion;
  readonly machine: Machine;
  readonly server: Pick<ServerPort, "look">;
  readonly own: Pick<OwnThings, "accounts">;
}

export interface SelfQuestion extends QuickQuestion {
  /** Of the command. */
  readonly version: string;
  /** Other people's hosts that may be connected to. */
  readonly probes: readonly string[];
  /** A name that is not in DNS. */
  readonly absentName: string;
  /** Whether the Internet can reach an address; a lab's can be reached anywhere. */
  readonly isPublic: (address: string) => boolean;
  readonly limits: CheckLimits;
}

export interface SelfTools extends CheckTools, QuickTools {
  readonly world: Pick<World, "now" | "sleep">;
  readonly question: SelfQuestion;
  readonly server: ServerPort;
  readonly own: OwnThings;
  /** One for each DNS server, by its address. */
  readonly resolvers: Readonly<Record<string, RawResolver>>;
}

export interface SelfFacts {
  readonly running: ServerSeen;
  readonly accounts: AccountsSeen;
  readonly config: void;
  readonly "listening-ports": void;
  readonly "data-folder": void;
  readonly "file-rights": void;
  readonly certificates: void;
  readonly "machine-limits": void;
  readonly clock: void;
  readonly "own-name": void;
  readonly resolver: void;
  readonly "own-keys": void;
  readonly store: void;
  readonly "mailbox-servers": void;
  readonly queue: void;
  /** Dates that mail servers told in their greetings are compared with the clock there. */
  readonly outbound: void;
}

export const quickCheck = checksOf<SelfFacts, QuickTools>();
export const selfCheck = checksOf<SelfFacts, SelfTools>();

export const say = ({ found }: Pick<Asked<never>, "found">, id: FindingId, said: Found): void =>
  found(finding(id, said));

/** data_dir belongs to somebody else, who runs Waybill; what we may not, that one may. */
export async function isAnotherUsers({ machine, question }: QuickTools): Promise<boolean> {
  const folder = await machine.look(question.config.data_dir);
  const { userId } = machine;
  return "uid" in folder && userId !== undefined && userId !== 0 && userId !== folder.uid;
}

/** A change in the configuration; `setting`: "[relay] networks". */
export const setting = (
  { configFile: where }: QuickQuestion,
  setting: string,
  { from, to }: { readonly from?: string; readonly to: string },
): Change => ({ kind: "set", where, setting, to, ...(from !== undefined && { from }) });

/** A place to listen at: "127.0.0.1:25", "[::1]:25". */
export const placeText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Only programs of this machine reach it. */
export const isLoopback = (host: string): boolean => host === "::1" || /^(?:::ffff:)?127\./.test(host);

/** "900 B", "1.3 GB"; 1 KB is 1,024 bytes. */
export function sizeText(bytes: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(bytes, 1)) / 10)));
  const amount = bytes / 1_024 ** power;
  return `${power > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${["B", "KB", "MB", "GB", "TB"][power]}`;
}

/** Of the whole, in words. */
export const about = "this Waybill";

export const minuteMs = 60_000;
export const dayMs = 86_400_000;
