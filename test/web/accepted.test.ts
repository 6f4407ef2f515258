// What we serve is what others want: our own check of MTA-STS accepts the policy, a reader of autoconfig gets our settings,
// and the zone file that we ask for is complete once it is published.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAutoconfig } from "../../src/autoconfig/mozilla.ts";
import { realWorld } from "../../src/base/world.ts";
import { appRecords } from "../../src/check/domain/app-records.ts";
import { checkDomain } from "../../src/check/domain/check-domain.ts";
import { recordStates } from "../../src/check/domain/zone.ts";
import { stsRecordFault } from "../../src/mail/sts-policy.ts";
import { type DnsRecord, zoneLine } from "../../src/check/dns-record.ts";
import type { RawRecord, RawResolver } from "../../src/check/net/raw-dns.ts";
import { httpsWeb } from "../../src/check/net/web.ts";
import { checkLimits, type CheckTools } from "../../src/check/tools.ts";
import { ownSettings } from "../../src/config/mail-app-settings.ts";
import { schema } from "../../src/config/schema.ts";
import { recordingResolver } from "../../src/dns/recording-resolver.ts";
import { lookUp, parseZone, type Zone } from "../../src/dns/zone.ts";
import { fakeResolver } from "../support/fake-resolver.ts";
import { hostname, mailApps, ourDomains, startWeb } from "./web-lab.ts";

const name = "shop.example";
const settings = { mta_sts: { mode: "enforce" } } as const;
const config = schema.parse({
  hostname,
  domain: ourDomains,
  mail_apps: mailApps,
  web: { listen: ["*:443"] },
  ...settings,
});
const wanted = appRecords(config, { name, hostname });

const usual = `${hostname} A 127.0.0.1\n${name} MX 10 ${hostname}\n`;

/** As published; SRV records stand beside the zone, which knows none. */
interface Published {
  readonly records: readonly DnsRecord[];
  readonly more?: string;
  readonly web?: { readonly port: number; readonly authorities: readonly string[] };
}

function toolsFor({ records, more = "", web }: Published): CheckTools {
  const lines = records
    .filter(({ type }) => type !== "SRV")
    .map(({ name, type, value }) => `${name} ${type} ${type === "TXT" ? `"${value}"` : value}`);
  const zone = parseZone(`${usual}${more}\n${lines.join("\n")}`);
  const resolver = recordingResolver(fakeResolver(zone), realWorld());
  return {
    world: realWorld(),
    resolver,
    raw: rawResolverOf(zone, records),
    connector: { connect: async () => ({ kind: "failed", problem: "refused", text: "nobody there" }) },
    web: httpsWeb({ resolver, ...web }),
    dnsServers: [],
  };
}

const rawResolverOf = (zone: Zone, records: readonly DnsRecord[]): RawResolver => ({
  async ask(name, type) {
    const srv = records
      .filter((record) => record.name === name && record.type === "SRV" && type === "SRV")
      .map(({ value }): RawRecord => {
        const [priority, weight, port, target = ""] = value.split(" ");
        const data = { priority: Number(priority), weight: Number(weight), port: Number(port), target };
        return { type: "SRV", name, data };
      });
    const aliases = lookUp(zone, name, type).records.flatMap(({ type, owner, text }): RawRecord[] =>
      type === "CNAME" ? [{ type, name: owner, data: text }] : [],
    );
    const found = type === "SRV" ? srv : aliases;
    const answer = found.length === 0 ? ({ kind: "no-data" } as const) : ({ kind: "found", records: found } as const);
    return { answer, isAuthentic: false };
  },
});

const statesOf = async (published: Published): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await recordStates(wanted, toolsFor(published))).map(({ record, state }) => [
      `${record.name} ${record.type}`,
      state,
    ]),
  );

test("the zone file has what apps and other servers look for", () => {
  assert.deepEqual(
    wanted.map(zoneLine).map((line) => line.replace(/id=[0-9a-f]{20};/, "id=…;")),
    [
      "_imaps._tcp.shop.example. 3600 IN SRV 0 1 993 imap.shop.example.",
      "_imap._tcp.shop.example. 3600 IN SRV 0 0 0 .",
      "_pop3s._tcp.shop.example. 3600 IN SRV 0 0 0 .",
      "_pop3._tcp.shop.example. 3600 IN SRV 0 0 0 .",
      "_submissions._tcp.shop.example. 3600 IN SRV 0 1 465 mail.shop.example.",
      "_submission._tcp.shop.example. 3600 IN SRV 10 1 587 mail.shop.example.",
      "autoconfig.shop.example. 3600 IN CNAME mail.shop.example.",
      "autodiscover.shop.example. 3600 IN CNAME mail.shop.example.",
      "mta-sts.shop.example. 3600 IN CNAME mail.shop.example.",
      '_mta-sts.shop.example. 3600 IN TXT "v=STSv1; id=…;"',
    ],
  );
  const without = schema.parse({ hostname, domain: ourDomains, mail_apps: mailApps });
  assert.ok(appRecords(without, { name, hostname }).every(({ type }) => type === "SRV"));
  assert.deepEqual(appRecords(without, { name: "moved.example", hostname }), []);
  const noApps = schema.parse({ hostname, domain: ourDomains, web: { listen: ["*:443"] }, ...settings });
  assert.deepEqual(
    appRecords(noApps, { name, hostname }).map(({ type }) => type),
    ["CNAME", "TXT"],
  );
});

test("the id of the policy changes with the policy, and with nothing else", () => {
  const idOf = (mode: "enforce" | "testing", changes: Partial<typeof config> = {}): string | undefined =>
    appRecords({ ...config, ...changes, mta_sts: { ...config.mta_sts, mode } }, { name, hostname }).at(-1)?.value;
  assert.equal(idOf("enforce"), idOf("enforce", { listen: [] }));
  assert.notEqual(idOf("enforce"), idOf("testing"));
  assert.equal(stsRecordFault(idOf("enforce") ?? ""), undefined);
});

test("records that are published are there; others are missing or different", async () => {
  const all = (state: string) => Object.fromEntries(wanted.map(({ name, type }) => [`${name} ${type}`, state]));
  assert.deepEqual(await statesOf({ records: wanted }), all("there"));
  assert.deepEqual(await statesOf({ records: [] }), all("missing"));
  const change = (from: string, to: string): DnsRecord[] =>
    wanted.map((record) => ({ ...record, value: record.value.replace(from, to) }));
  const different = async (records: readonly DnsRecord[], more = "") =>
    Object.entries(await statesOf({ records, more })).flatMap(([key, state]) =>
      state === "there" ? [] : [`${key} ${state}`],
    );
  assert.deepEqual(await different(change("0 1 993", "5 7 993")), [], "priority and weight are the owner's choice");
  assert.deepEqual(await different(change("0 1 993", "0 1 143")), ["_imaps._tcp.shop.example SRV different"]);
  assert.deepEqual(await different(change("id=", "id=old")), ["_mta-sts.shop.example TXT different"]);
  const offersClearText = wanted.map((record) =>
    record.name.startsWith("_imap.") ? { ...record, value: "0 1 143 imap.shop.example" } : record,
  );
  assert.deepEqual(await different(offersClearText), ["_imap._tcp.shop.example SRV different"]);
  const withoutAlias = wanted.filter((record) => !record.name.startsWith("autoconfig."));
  assert.deepEqual(await different(withoutAlias, "autoconfig.shop.example A 127.0.0.1"), []);
  assert.deepEqual(await different(withoutAlias, "autoconfig.shop.example A 192.0.2.80"), [
    "autoconfig.shop.example CNAME different",
  ]);
  assert.deepEqual(await different(withoutAlias, "autoconfig.shop.example CNAME www.else.example"), [
    "autoconfig.shop.example CNAME different",
  ]);
  assert.deepEqual(await different(withoutAlias, "autoconfig.shop.example SERVFAIL"), [
    "autoconfig.shop.example CNAME unknown",
  ]);
});

test("our own check accepts the record and the policy, fetched over HTTPS", async () => {
  await using web = await startWeb({ settings });
  const served = { port: web.ports[0]!, authorities: [web.authority.pem] };
  const { findings } = await checkDomain({
    ...toolsFor({ records: wanted, web: served }),
    question: {
      domain: name,
      hello: "doctor.test",
      port: 25,
      selectors: [],
      senders: [],
      lists: [],
      wanted,
      isPublic: () => true,
      limits: checkLimits,
    },
  });
  const found = findings.filter(({ id }) => id.startsWith("mta-sts.") || id.startsWith("zone."));
  assert.deepEqual(
    found.map(({ id }) => id),
    ["mta-sts.good", "zone.good"],
  );
  assert.deepEqual(found[0]?.values["patterns"], hostname);
});

test("autoconfig, fetched as an app does, is read into the settings of the config", async () => {
  await using web = await startWeb();
  const { port, authorities } = { port: web.ports[0]!, authorities: [web.authority.pem] };
  const tools = toolsFor({ records: wanted, web: { port, authorities } });
  const url = `https://autoconfig.${name}/mail/config-v1.1.xml?emailaddress=ann@${name}`;
  const fetched = await tools.web.get(url, { timeoutMs: 5_000, signal: AbortSignal.timeout(5_000) });
  assert.ok(fetched.kind === "answered" && fetched.status === 200);
  const ann = { localPart: "ann", domain: name };
  const read = readAutoconfig(fetched.text, ann);
  assert.ok(read.kind === "settings");
  const { incoming, outgoing } = ownSettings(config, hostname, ann)!;
  assert.deepEqual([read.settings.incoming, read.settings.outgoing], [incoming, outgoing]);
});
