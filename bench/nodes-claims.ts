// What a claim costs with a long queue in PostgreSQL: deferred deliveries of many lanes, a part of which falls due.
// node bench/nodes-claims.ts [deliveries] [lanes]
import { Client } from "pg";
import { openPostgres } from "../src/storage/postgres/store.ts";
import { startPostgres } from "../test/contract/postgres-server.ts";

const [deliveries = "1000000", lanes = "5000"] = process.argv.slice(2);
const perDomain = 5; // lanes of one recipient's domain

/** Due at 1,000,000 up to 11,000,000. */
const fill = `
  INSERT INTO message (queue_id, expires_at, facts, recipients, body)
  SELECT queue_id, 2e12, json_build_object('queueId', queue_id, 'receivedAt', 1, 'reversePath', sender,
    'bodyType', '8bitmime', 'smtpUtf8', false, 'eightBit', false, 'sizeBytes', 1000), 1, convert_to(repeat('a', 1000), 'UTF8')
  FROM (SELECT 'q' || lpad(i::text, 13, '0') AS queue_id, 'ann@s' || i % ${perDomain} || '.example' AS sender
    FROM generate_series(1, ${deliveries}) i) m;
  INSERT INTO delivery (queue_id, reverse_path, address, domain, sender_domain, due_at, ready, deferred, attempts)
  SELECT 'q' || lpad(i::text, 13, '0'), 'ann@s' || i % ${perDomain} || '.example', 'u' || i || '@' || domain, domain, 's' || i % ${perDomain} || '.example',
    1000000 + i * 7919::bigint % 10000000, false, true, 1
  FROM (SELECT i, 'd' || i % (${lanes} / ${perDomain}) || '.example' AS domain FROM generate_series(1, ${deliveries}) i) d;
  ANALYZE`;

async function timed<T>(what: string, work: () => Promise<T>, say: (value: T) => unknown = () => ""): Promise<T> {
  const startedAt = performance.now();
  const value = await work();
  console.log(`${what}: ${(performance.now() - startedAt).toFixed(1)} ms ${String(say(value))}`);
  return value;
}

const server = await startPostgres();
if ("skip" in server) throw new Error(server.skip);
try {
  const url = await server.newDatabase();
  await using store = await openPostgres({ url, dir: "." });
  const client = new Client({ connectionString: url, options: "-c search_path=waybill" });
  await client.connect();
  await timed(`${deliveries} deferred deliveries in ${lanes} lanes, written`, () => client.query(fill));
  await client.end();
  await timed("recover", () => store.recover("bench"));
  for (const [now, what] of [
    [900_000, "nothing is due"],
    [1_000_500, "a few are due"],
    [1_100_000, "1 % is due"],
    [1_100_000, "again"],
    [12_000_000, "all are due"],
    [12_000_000, "again"],
    [12_000_000, "again"],
  ] as const) {
    const request = { by: "bench", now, leaseMs: 3_600_000, limit: 500, exceptDomains: [] };
    await timed(
      `claim of 500, ${what}`,
      () => store.claim(request),
      ({ length }) => `→ ${length}`,
    );
    await timed("  when the next is due", () => store.nextDueAt());
  }
  const domain = "d7.example";
  await timed("count", () => store.count({}));
  await timed("list of a domain", () => store.list({ domain }, 50));
  await timed("list of a sender", () => store.list({ from: "nobody@s1.example" as never }, 50));
} finally {
  await server[Symbol.asyncDispose]();
}
