// Claims stay fast, however long the queue is: each looks into an index, and reads no backlog. And lanes take turns.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Client } from "pg";
import type { Address } from "../../src/mail/address.ts";
import { claimRound, claimSettings, ripen } from "../../src/storage/postgres/claiming.ts";
import type { Statement } from "../../src/storage/postgres/database.ts";
import { nextDue } from "../../src/storage/postgres/listing.ts";
import { openPostgres } from "../../src/storage/postgres/store.ts";
import { dataDir } from "./data-dir.ts";
import { claim, mail } from "./mail.ts";
import { query, startPostgres, type TestPostgres } from "./postgres-server.ts";

const server = await startPostgres();
if ("skip" in server) test("postgres: plans", { skip: server.skip });
else {
  after(() => server[Symbol.asyncDispose]());
  plans(server);
}

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** Which indexes a statement reads deliveries by; rejects when it reads them otherwise. */
async function indexesOf(client: Client, { name, text }: Statement, parameters: string): Promise<string[]> {
  await client.query(`PREPARE ${name} AS ${text}`);
  const { rows } = await client.query<{ "QUERY PLAN": readonly [{ Plan: Plan }] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE ${name}${parameters}`,
  );
  const reads = nodesOf(rows[0]!["QUERY PLAN"][0].Plan).filter((node) => node["Relation Name"] === "delivery");
  const byIndex = reads.filter((node) => node["Node Type"] !== "ModifyTable");
  for (const node of byIndex) assert.ok("Index Name" in node, `${name}: ${node["Node Type"]} of delivery`);
  return [...new Set(byIndex.map((node) => node["Index Name"]!))].sort();
}

const lanes = 2_000;

function plans(server: TestPostgres): void {
  describe("postgres: claims of a long queue", () => {
    for (const known of [true, false])
      test(`go by index, ${known ? "with" : "without"} statistics`, async () => {
        const url = await server.newDatabase();
        await using _store = await openPostgres({ url, dir: await dataDir() });
        await query(
          url,
          `INSERT INTO waybill.delivery (queue_id, reverse_path, address, domain, sender_domain, due_at, ready)
           SELECT i, 'c@s', 'a@b', 'd' || i % ${lanes}, 's', i, i % 20 = 0 FROM generate_series(1, 40000) i`,
        );
        if (known) await query(url, "ANALYZE waybill.delivery");
        const all = { search_path: "waybill", jit: "off", plan_cache_mode: "force_generic_plan", ...claimSettings };
        const options = Object.entries(all).map(([key, value]) => `-c ${key}=${value}`);
        const client = new Client({ connectionString: url, options: options.join(" ") });
        await client.connect();
        try {
          assert.deepEqual(await indexesOf(client, claimRound, "('by', 1, 2, 500, '{}', '', '')"), [
            "delivery_of_lane",
            "delivery_of_message",
            "delivery_pkey",
          ]);
          assert.deepEqual(await indexesOf(client, ripen, "(1, 2000)"), [
            "delivery_leased",
            "delivery_pkey",
            "delivery_waiting",
          ]);
          assert.deepEqual(await indexesOf(client, nextDue, ""), [
            "delivery_leased",
            "delivery_ready",
            "delivery_waiting",
          ]);
        } finally {
          await client.end();
        }
      });

    test("give each lane its turn before any has a second, over several claims", async () => {
      await using store = await openPostgres({ url: await server.newDatabase(), dir: await dataDir() });
      const keeps = Array.from({ length: 900 }, (_, n) => {
        const lane = n < 600 ? 0 : n % 100; // one has most of it, and the oldest
        return store.keep(mail(n, { to: [`user${n}@d${lane}.example` as Address] }));
      });
      await Promise.all(keeps);
      const turns: string[] = [];
      for (let n = 0; n < 4; n++)
        turns.push(...(await claim(store, { limit: 25 })).map(({ recipient }) => recipient.address.split("@")[1]!));
      assert.equal(new Set(turns).size, 100);
      let claimed = 100;
      for (let more = 1; more > 0; claimed += more) more = (await claim(store, { limit: 100 })).length;
      assert.equal(claimed, 900, "and nothing is left");
    });
  });
}
