// Messages made to be expensive, against the real thread: the calling thread hardly works for them, each gets its verdict, and
// an honest message beside them gets through.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeKey, signed } from "../../../test/support/signed.ts";
import { realWorld } from "../../base/world.ts";
import { parseZone } from "../../dns/zone.ts";
import { type DnsServer, startDnsServer } from "../../lab/dns-server.ts";
import type { ReversePath } from "../../mail/address.ts";
import type { Client } from "../../mail/client.ts";
import type { Authentication } from "../../mail/verdict.ts";
import { type Authenticator, createAuthenticator } from "./authenticator.ts";

const key = makeKey("example.org");
const zone = parseZone(`
${key.record}
_dmarc.example.org TXT "v=DMARC1; p=reject"
example.org TXT "v=spf1 ip4:192.0.2.1 -all"
`);
const client: Client = { address: "192.0.2.1", port: 1, protocol: "ESMTP", helloName: "[192.0.2.1]" };
const mailFrom = "ann@example.org" as ReversePath;
const honest = signed("From: ann@example.org\r\nSubject: x\r\n\r\nHello\r\n", key);

let dns: DnsServer;
let authenticator: Authenticator;
const troubles: Error[] = [];

before(async () => {
  dns = await startDnsServer({ zone });
  authenticator = createAuthenticator({
    hostname: "here.example",
    dns: { servers: [`${dns.address}:${dns.port}`], timeoutMs: 2_000 },
    timeoutMs: 60_000,
    world: realWorld(),
    onTrouble: (error) => troubles.push(error),
    limits: { stuckMs: 20_000 }, // a busy machine is no attack
  });
});
after(async () => {
  await authenticator[Symbol.asyncDispose]();
  await dns.close();
});

interface Cost {
  /** Longest single call, in time of the processor: a busy machine does not count. */
  worstMs: number;
}

function measured<T>(cost: Cost, call: () => T): T {
  const start = process.threadCpuUsage();
  const result = call();
  const { user, system } = process.threadCpuUsage(start);
  cost.worstMs = Math.max(cost.worstMs, (user + system) / 1_000);
  return result;
}

async function check(header: string, body: Iterable<Uint8Array>, cost: Cost = { worstMs: 0 }): Promise<Authentication> {
  const sender = authenticator.sender({ client, mailFrom });
  const bytes = Buffer.from(header, "latin1");
  const content = measured(cost, () => authenticator.content({ client, mailFrom, sender }, bytes));
  for (const piece of body) await measured(cost, () => content.write(piece));
  return content.finish();
}

const from = "From: ann@example.org\r\n";
const signature = (tags = "", selector = "s1"): string =>
  `DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=${selector}; h=From:To;${tags}\r\n bh=AAAA; b=AAAA\r\n`;

const lines = (text: string, count: number): Uint8Array[] =>
  Array.from({ length: count }, () => Buffer.alloc(65_536, text));

interface Attack {
  readonly header: string;
  readonly body?: Iterable<Uint8Array>;
  /** Of the last signature, or of ARC where there is none. */
  readonly because: RegExp;
}

const attacks: Readonly<Record<string, Attack>> = {
  "a field in 50,000 folded lines": {
    header: `${from}${signature()}X: a${"\r\n a".repeat(50_000)}\r\n\r\n`,
    because: /more than 10000 lines/,
  },
  "fields of as many folded lines as are allowed": {
    header: `${from}${signature()}${`X: a${"\r\n a".repeat(1_900)}\r\n`.repeat(5)}\r\n`,
    because: /body was changed/,
  },
  "a Received field of 200 KB": {
    header: `${from}${signature()}Received: ${"from a (".repeat(25_000)}\r\n\r\n`,
    because: /"received" is longer than 16384 bytes/,
  },
  "900 signatures": {
    header: `${from}${Array.from({ length: 900 }, (_, i) => signature("", `s${i}`)).join("")}\r\n`,
    body: lines("abc def\r\n", 20),
    because: /more than 10 signatures/,
  },
  "900 signatures with l=": {
    header: `${from}${Array.from({ length: 900 }, (_, i) => signature(` l=${i};`)).join("")}\r\n`,
    body: lines("abc def\r\n", 20),
    because: /more than 2 signatures of this message have l=/,
  },
  "spaces in signatures": {
    header: `${from}${signature(" ".repeat(15_000)).repeat(10)}\r\n`,
    because: /more than 100 spaces in a row/,
  },
  "h= with 5,000 names": {
    header: `${from}${"X: a\r\n".repeat(900)}${signature()
      .replace("h=From", `h=From${":x".repeat(5_000)}`)
      .repeat(10)}\r\n`,
    because: /body was changed/,
  },
  "a line of 40 MB": {
    header: `${from}${signature()}\r\n`,
    body: lines("a", 640),
    because: /a line of more than 262144 octets/,
  },
  "a body of spaces and line ends": {
    header: `${from}${signature(" c=relaxed/relaxed;")}\r\n`,
    body: lines(" \t\r\n", 16),
    because: /body was changed/,
  },
  "200 ARC fields": {
    header: `${from}${"ARC-Seal: i=1; cv=none\r\n".repeat(200)}\r\n`,
    because: /more than 50 ARC sets/,
  },
  "50 ARC sets": {
    header: `${from}${Array.from({ length: 50 }, (_, i) => arcSet(i + 1)).join("")}\r\n`,
    because: /chain is broken/,
  },
  "a From field of nested groups": {
    header: `From: ${"x:".repeat(8_000)}\r\n${signature()}\r\n`,
    because: /body was changed/,
  },
};

function arcSet(i: number): string {
  const common = `i=${i}; a=rsa-sha256; d=example.org; s=s1;`;
  return [
    `ARC-Seal: ${common} cv=${i === 1 ? "none" : "pass"}; b=AAAA\r\n`,
    `ARC-Message-Signature: ${common} h=From; bh=AAAA; b=AAAA\r\n`,
    `ARC-Authentication-Results: i=${i}; ${"x=y ".repeat(1_000)}\r\n`,
  ].join("");
}

const split = honest.indexOf("\r\n\r\n") + 4;
const checkHonest = (): Promise<Authentication> =>
  check(honest.slice(0, split), [Buffer.from(honest.slice(split), "latin1")]);

for (const [what, { header, body = [], because }] of Object.entries(attacks))
  test(what, async () => {
    const cost = { worstMs: 0 };
    const [attacked, beside] = await Promise.all([check(header, body, cost), checkHonest()]);
    assert.deepEqual([beside.dmarc.result, beside.dkim[0]?.result], ["pass", "pass"]);
    assert.match((attacked.dkim.at(-1) ?? attacked.arc).because, because);
    assert.notEqual(attacked.dmarc.result, "temperror", attacked.dmarc.because);
    assert.ok(cost.worstMs < 50, `a call took ${cost.worstMs} ms`);
    assert.deepEqual(troubles, []);
  });
