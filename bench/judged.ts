// What it costs to judge strangers: messages relayed per second, and CPU time of the server, of a trusted client, of a
// stranger without a signature, and of one whose messages are signed. The resolver answers at once, in this process.
// node bench/judged.ts [runs] [messages]
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseZone } from "../src/dns/zone.ts";
import { startDnsServer } from "../src/lab/dns-server.ts";
import { signed } from "../test/support/signed.ts";
import { startLoad } from "./lib/load.ts";
import { relayConfig } from "./lib/relay-config.ts";
import { cpuOf, startServer } from "./lib/server.ts";
import { startSink } from "./lib/sink.ts";

const [runs = "3", messages = "4000"] = process.argv.slice(2);
const port = 12_526;
const warmUpMessages = 500;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const zone = parseZone(`
  src.test TXT "v=spf1 ip4:127.0.0.1 -all"
  src.test A 127.0.0.1
  127.0.0.1 PTR src.test
  _dmarc.src.test TXT "v=DMARC1; p=reject"
  s1._domainkey.src.test TXT "v=DKIM1; k=rsa; p=${key}"
`);

const text = `${"x".repeat(78)}\r\n`.repeat(50);
const letter = `From: Ann <from@src.test>\r\nTo: to@bench.test\r\nSubject: test\r\n\r\n${text}`;
const signedLetter = signed(letter, { domain: "src.test", selector: "s1", privateKey, record: "" });

interface Case {
  readonly name: string;
  readonly trusted: boolean;
  readonly content: string;
}

const cases: readonly Case[] = [
  { name: "trusted client", trusted: true, content: letter },
  { name: "stranger, no signature", trusted: false, content: letter },
  { name: "stranger, DKIM RSA-2048", trusted: false, content: signedLetter },
];

async function run({ trusted, content }: Case): Promise<{ perSecond: number; cpuMs: number }> {
  const dir = await mkdtemp(join(tmpdir(), "waybill-bench-"));
  const dns = await startDnsServer({ zone });
  try {
    await using sink = await startSink();
    const checks = trusted ? {} : { resolver: `127.0.0.1:${dns.port}` };
    await using server = await startServer(await relayConfig(dir, { port, sink: sink.port, ...checks }), port);
    const load = { port, sessions: 20, bytes: 0, content: `${content}.\r\n` };
    await startLoad({ ...load, messages: warmUpMessages });
    await sink.reached(warmUpMessages);
    const [startedAt, cpuBefore] = [performance.now(), await cpuOf(server.pid)];
    const { refused } = await startLoad({ ...load, messages: Number(messages) });
    if (refused > 0) throw new Error(`${refused} messages were refused`);
    await sink.reached(warmUpMessages + Number(messages));
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpuMs = (((await cpuOf(server.pid)) - cpuBefore) * 1_000) / Number(messages);
    return { perSecond: Number(messages) / seconds, cpuMs };
  } finally {
    await dns.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const results = new Map<Case, { perSecond: number; cpuMs: number }[]>(cases.map((one) => [one, []]));
for (let i = 0; i < Number(runs); i++) for (const [one, all] of results) all.push(await run(one)); // in turns
console.log("| who sends | messages/s | CPU ms per message |\n|---|---|---|");
for (const [{ name }, all] of results) {
  const of = (value: (run: { perSecond: number; cpuMs: number }) => number): number => median(all.map(value));
  console.log(`| ${name} | ${of((r) => r.perSecond).toFixed(0)} | ${of((r) => r.cpuMs).toFixed(2)} |`);
}
