// Which nodes live. Each tells the database that it does; the leases of one that was silent for too long, by the
// database's clock, end, and others take over its work. A node that cannot tell knows when others may take it for dead.
import type { Connections, Runner, Statement } from "./database.ts";

const join: Statement = {
  name: "node_join",
  text: `INSERT INTO node (name, seen_at) VALUES ($1, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp()`,
};
const seen: Statement = {
  name: "node_seen",
  text: "UPDATE node SET seen_at = clock_timestamp() WHERE name = $1 RETURNING name",
};
/** Ends the leases of the dead. */
const bury: Statement = {
  name: "node_bury",
  text: `WITH dead AS (DELETE FROM node WHERE seen_at < clock_timestamp() - $1 * interval '1 millisecond' RETURNING name)
    UPDATE delivery d SET lease_by = NULL, lease_until = NULL
    FROM dead WHERE d.lease_by = dead.name AND d.lease_until IS NOT NULL RETURNING 1`,
};
/** Ends the leases of all that are not among the living; $1 is. */
const endOthers: Statement = {
  name: "node_end_others",
  text: `UPDATE delivery d SET lease_by = NULL, lease_until = NULL WHERE d.lease_until IS NOT NULL AND d.lease_by <> $1
    AND NOT EXISTS (SELECT 1 FROM node n WHERE n.name = d.lease_by) RETURNING 1`,
};
const leave: Statement = {
  name: "node_leave",
  text: `WITH gone AS (DELETE FROM node WHERE name = $1)
    UPDATE delivery SET lease_by = NULL, lease_until = NULL WHERE lease_until IS NOT NULL AND lease_by = $1`,
};

export interface MembershipOptions {
  readonly connections: Connections;
  /** After so long without a word, a node is dead. */
  readonly timeoutMs: number;
  /** Others may have our leases: attempts under way are to end, for others may make them, too. */
  readonly onLost: () => void;
  /** Leases of a dead node ended: there is work. */
  readonly onFreed: () => void;
  /** After each word that the database took. */
  readonly onSeen: (name: string) => Promise<void>;
}

/** Parts of the timeout: words come often enough for some to be lost, and doubt comes before death. */
const shares = { beat: 1 / 6, doubt: 4 / 6 } as const;

export class Membership {
  readonly #options: MembershipOptions;
  #name: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #doubt: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Answers how many leases of the dead ended. */
  async join(name: string): Promise<number> {
    const { connections, timeoutMs } = this.#options;
    const ended = await connections.transaction(async (runner) => {
      await runner.run(join, [name]);
      const buried = await runner.run(bury, [timeoutMs]);
      return buried.length + (await runner.run(endOthers, [name])).length;
    });
    this.#name = name;
    this.#trust();
    this.#schedule();
    return ended;
  }

  /** Tells the database that we live, and buries the dead. Never rejects. */
  async beat(): Promise<void> {
    const name = this.#name;
    if (name === undefined) return;
    const { connections, timeoutMs, onFreed, onLost, onSeen } = this.#options;
    try {
      const wasBuried = await tellAlive(connections, name);
      this.#trust();
      if (wasBuried) onLost();
      const freed = await connections.run(bury, [timeoutMs]);
      if (freed.length > 0) onFreed();
      await onSeen(name);
    } catch {
      // whoever needs the database now learns it, too; the doubt comes by its timer
    }
  }

  /** Others may have all that is ours at once. */
  async leave(): Promise<void> {
    const name = this.#name;
    this.#name = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#doubt);
    await this.#beating;
    if (name !== undefined) await this.#options.connections.run(leave, [name]).catch(() => {}); // they find out in time
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#beating = this.#beatAgain();
    }, this.#options.timeoutMs * shares.beat).unref();
  }

  async #beatAgain(): Promise<void> {
    await this.beat();
    if (this.#name !== undefined) this.#schedule();
  }

  /** The database has heard of us just now. */
  #trust(): void {
    clearTimeout(this.#doubt);
    this.#doubt = setTimeout(this.#options.onLost, this.#options.timeoutMs * shares.doubt).unref();
  }
}

/** Answers whether others took us for dead. */
async function tellAlive(runner: Runner, name: string): Promise<boolean> {
  const known = await runner.run(seen, [name]);
  if (known.length > 0) return false;
  await runner.run(join, [name]);
  return true;
}
