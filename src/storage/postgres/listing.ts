// What the queue holds: lists, counts, and what falls due next.
import type { Instant } from "../../base/world.ts";
import type { DeliveryState, QueuedDelivery, QueueFilter } from "../../queue/store.ts";
import type { Parameter, Runner, Statement } from "./database.ts";
import { deliveryColumns, type DeliveryRow, type MessageRow, stateColumn, toQueuedDelivery } from "./rows.ts";

const conditions: Record<keyof QueueFilter, (term: string) => string> = {
  queueId: (term) => `d.queue_id = ${term}`,
  from: (term) => `d.reverse_path = ${term}`,
  to: (term) => `d.address = ${term}`,
  domain: (term) => `d.domain = ${term}`,
  state: (term) => `${stateColumn} = ${term}`,
};

interface Where {
  readonly names: readonly string[];
  readonly sql: string;
  readonly terms: readonly Parameter[];
}

/** Only what the filter names is asked; its parameters begin at number `from`. */
function where(filter: QueueFilter, from: number): Where {
  const asked = Object.entries(filter).filter(([, value]) => value !== undefined) as [keyof QueueFilter, string][];
  return {
    names: asked.map(([name]) => name),
    sql: ["TRUE", ...asked.map(([name], i) => conditions[name](`$${from + i}`))].join(" AND "),
    terms: asked.map(([, value]) => value),
  };
}

/** After a delivery's id, so many. */
export interface Page {
  readonly after: number;
  readonly limit: number;
}

function pageStatement(what: "list" | "ids", { names, sql }: Where): Statement {
  const columns =
    what === "ids" ? "d.delivery_id" : `${deliveryColumns}, ${stateColumn} AS state, m.facts, m.expires_at`;
  const join = what === "list" ? "JOIN message m USING (queue_id)" : "";
  return {
    name: [what, ...names].join("_"),
    text: `SELECT ${columns} FROM delivery d ${join} WHERE d.delivery_id > $1 AND ${sql} ORDER BY d.delivery_id LIMIT $2`,
  };
}

type ListRow = DeliveryRow & MessageRow & { state: DeliveryState };

export async function listDeliveries(runner: Runner, filter: QueueFilter, page: Page): Promise<QueuedDelivery[]> {
  const asked = where(filter, 3);
  const rows = await runner.run<ListRow>(pageStatement("list", asked), [page.after, page.limit, ...asked.terms]);
  return rows.map(toQueuedDelivery);
}

export async function deliveryIds(runner: Runner, filter: QueueFilter, page: Page): Promise<number[]> {
  const asked = where(filter, 3);
  const parameters = [page.after, page.limit, ...asked.terms];
  const rows = await runner.run<{ delivery_id: number }>(pageStatement("ids", asked), parameters);
  return rows.map(({ delivery_id }) => delivery_id);
}

export async function countDeliveries(runner: Runner, filter: QueueFilter): Promise<Record<DeliveryState, number>> {
  const { names, sql, terms } = where(filter, 1);
  const statement: Statement = {
    name: ["count", ...names].join("_"),
    text: `SELECT ${stateColumn} AS state, count(*) AS count FROM delivery d
      WHERE ${sql} GROUP BY 1`,
  };
  const counts = { due: 0, deferred: 0, claimed: 0, held: 0 };
  const rows = await runner.run<{ state: DeliveryState; count: number }>(statement, terms);
  for (const { state, count } of rows) counts[state] = count;
  return counts;
}

/** Three looks into an index. */
export const nextDue: Statement = {
  name: "next_due",
  text: `SELECT least(
    (SELECT due_at FROM delivery WHERE ready AND lease_until IS NULL AND NOT held ORDER BY -due_at DESC LIMIT 1),
    (SELECT due_at FROM delivery WHERE NOT ready AND lease_until IS NULL AND NOT held ORDER BY due_at LIMIT 1),
    (SELECT lease_until FROM delivery WHERE lease_until IS NOT NULL AND NOT held ORDER BY lease_until LIMIT 1)) AS at`,
};

export async function nextDueAt(runner: Runner): Promise<Instant | undefined> {
  const [row] = await runner.run<{ at: number | null }>(nextDue);
  return row?.at ?? undefined;
}
