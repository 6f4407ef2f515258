// What `check self` reaches this installation through: the machine, the running server, the store. Tests put fakes in
// their place. None of these rejects, but for the server, whose silence is told once for all.
import type { Instant } from "../../base/world.ts";
import type { Failure } from "../../mail/failure.ts";
import type { ReversePath } from "../../mail/address.ts";

export type Seen =
  | {
      readonly kind: "file" | "folder" | "other";
      /** The lowest nine bits: rwxrwxrwx. */
      readonly mode: number;
      readonly uid: number;
      readonly changedAt: Instant;
    }
  | { readonly kind: "absent" }
  /** Its folder lets us not look, or the disk does not answer. */
  | { readonly kind: "failed"; readonly text: string };

export interface Disk {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly freeInodes: number;
  /** 0: this file system has no such limit. */
  readonly totalInodes: number;
  /** `memory`: gone with the next start of the machine. */
  readonly kind: "disk" | "memory" | "network";
}

/** A program that accepts connections. */
export interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absent: another user's, and we may not look. */
  readonly program?: string;
  readonly pid?: number;
}

/** A server on this machine or next to it. */
export type LocalPlace = { readonly path: string } | { readonly host: string; readonly port: number };

export type FirstLine =
  | { readonly kind: "line"; readonly text: string }
  /** Nobody is there, or nothing came. */
  | { readonly kind: "failed"; readonly text: string };

export interface Machine {
  readonly platform: string;
  /** "24.1.0" */
  readonly nodeVersion: string;
  /** Absent: the system has no numbers for users. */
  readonly userId: number | undefined;
  readonly addresses: readonly string[];
  /** Certificates (PEM) that are trusted here. */
  authorities(): readonly string[];
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  look(path: string): Promise<Seen>;
  /** Undefined: cannot be read. */
  read(path: string): Promise<Buffer | undefined>;
  /** Names; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  mayWrite(path: string): Promise<boolean>;
  userName(uid: number): string;
  disk(path: string): Promise<Disk | undefined>;
  /** How long each of `count` small writes took until the disk had it, in ms; or why it could not be written. */
  syncs(folder: string, count: number): Promise<readonly number[] | string>;
  /** Those on one of these ports; undefined: this system does not tell. */
  listeners(ports: readonly number[]): Promise<readonly ListeningSocket[] | undefined>;
  /** The lowest port that we may listen at. */
  lowestPort(): Promise<number>;
  /** Files and sockets that a process may have open, without `pid` our own; undefined: not known. */
  openFiles(pid?: number): Promise<number | undefined>;
  /** What a server says first. */
  firstLine(to: LocalPlace, timeoutMs: number): Promise<FirstLine>;
  /** Is the clock kept in step with others? */
  clock(): Promise<"kept" | "free" | "unknown">;
}

export type ServerSeen =
  | {
      readonly kind: "running";
      readonly pid: number;
      /** Absent: it is of before there were versions. */
      readonly version?: string;
      readonly startedAt: Instant;
      /** Its clock. */
      readonly now: Instant;
      /** "127.0.0.1:2525" */
      readonly listening: readonly string[];
    }
  | { readonly kind: "not-running" }
  | { readonly kind: "denied" | "broken"; readonly text: string };

export interface WaitingDelivery {
  readonly deliveryId: number;
  readonly from: ReversePath;
  /** Recipient domain. */
  readonly domain: string;
  readonly state: "due" | "deferred" | "claimed" | "held";
  readonly receivedAt: Instant;
  readonly dueAt: Instant;
  readonly because?: Failure;
}

export interface KnownDestination {
  readonly site: string;
  readonly domains: readonly string[];
  readonly state: "open" | "slowed" | "closed" | "suspended";
}

export interface QueueSeen {
  readonly counts: Readonly<Record<WaitingDelivery["state"], number>>;
  /** When the next delivery or the end of a lease falls due. */
  readonly nextDueAt: Instant | undefined;
  /** Those that came first. */
  readonly oldest: readonly WaitingDelivery[];
  readonly destinations: readonly KnownDestination[];
}

/** `queue` rejects when the server does not answer. */
export interface ServerPort {
  look(): Promise<ServerSeen>;
  queue(): Promise<QueueSeen>;
}

export type StoreSeen =
  | { readonly kind: "memory" }
  /** Nothing was kept yet. */
  | { readonly kind: "none"; readonly place: string }
  /** `denied`: not to us, who may be another user than the server's. */
  | { readonly kind: "unreachable" | "denied"; readonly place: string; readonly text: string }
  | {
      readonly kind: "there";
      readonly place: string;
      /** Of its tables, and of those that this program makes. */
      readonly version: number;
      readonly known: number;
      /** Deliveries of the queue. */
      readonly waiting: number;
      /** Of them, those that no worker will ever look at. */
      readonly forgotten: number;
      /** Messages whose content is gone. */
      readonly lost: readonly string[];
      /** Files with what could not be taken into the database. */
      readonly aside: readonly string[];
      /** What of the spool cannot be read. */
      readonly faults: readonly string[];
    };

/** A key that signs, or will. */
export interface OwnKey {
  readonly domain: string;
  readonly selector: string;
  /** It signs now, so that its record must be there. */
  readonly signs: boolean;
  /** Of its record; or why the key is of no use. */
  readonly record: { readonly value: string } | { readonly problem: string };
}

export type AccountsSeen =
  | { readonly kind: "there"; readonly count: number }
  | { readonly kind: "absent" }
  | { readonly kind: "bad"; readonly text: string };

/** What other parts of Waybill know how to read. */
export interface OwnThings {
  accounts(): Promise<AccountsSeen>;
  keys(): Promise<readonly OwnKey[]>;
  store(signal: AbortSignal): Promise<StoreSeen>;
  /** What the database says is wrong with it; reads all of it. */
  verifyStore(signal: AbortSignal): Promise<readonly string[]>;
}
