// swaks, the postmaster's own test client: plain, TLS both ways, PIPELINING, XCLIENT, PROXY.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { absent, type Ended, runProgram } from "../support/programs.ts";
import { routeTo, runServer, type Settings } from "../support/running-server.ts";
import { startSink, type Taken } from "../support/sink.ts";

const skip = absent("swaks");
const withoutTls =
  skip ||
  (/TLS not available/.test(spawnSync("swaks", ["--support"], { encoding: "utf8" }).stdout) &&
    "swaks cannot do TLS without libnet-ssleay-perl");

interface Mode {
  readonly name: string;
  readonly args: readonly string[];
  /** The trace header on top. */
  readonly trace: RegExp;
  readonly settings?: Settings;
  readonly rcpts?: readonly string[];
}

const client = "192.0.2.9";
const xclient = ["--xclient-addr", client, "--xclient-name", "far.example", "--xclient-helo", "far.helo"];
const proxied = [
  "--proxy-source",
  client,
  "--proxy-source-port",
  "4711",
  "--proxy-dest",
  "127.0.0.1",
  "--proxy-dest-port",
  "25",
];
const proxied1 = ["--proxy-version", "1", "--proxy-family", "TCP4", ...proxied];
const proxied2 = [
  "--proxy-version",
  "2",
  "--proxy-family",
  "AF_INET",
  "--proxy-command",
  "PROXY",
  "--proxy-protocol",
  "STREAM",
  ...proxied,
];
const proxies = { proxy_networks: ["127.0.0.0/8"] };

const modes: readonly Mode[] = [
  {
    name: "plain",
    args: [],
    trace: /^Received: from swaks\.test \(\[127\.0\.0\.1\]\)\r\n\tby waybill\.test with ESMTP id /,
  },
  { name: "HELO", args: ["--protocol", "SMTP"], trace: / with SMTP id / },
  { name: "STARTTLS", args: ["-tls"], trace: / \(TLSv1\.3 TLS_\w+\)\r\n\twith ESMTPS id / },
  { name: "pipelining", args: ["--pipeline"], trace: / with ESMTP id / },
  { name: "pipelining in TLS", args: ["--pipeline", "-tls"], trace: /with ESMTPS id / },
  {
    name: "TLS from the first byte",
    args: ["-tlsc"],
    settings: { listen: [{ address: "127.0.0.1:0", tls: "implicit" }] },
    trace: /with ESMTPS id /,
  },
  {
    name: "several recipients",
    args: ["--to", "ben@sink.test,carl@sink.test"],
    rcpts: ["RCPT TO:<ben@sink.test>", "RCPT TO:<carl@sink.test>"],
    trace: /id \w+;\r\n/, // naming one would tell the other
  },
  {
    name: "XCLIENT",
    args: xclient,
    settings: { relay: { xclient_networks: ["127.0.0.0/8"] } },
    trace: /^Received: from swaks\.test \(far\.example \[192\.0\.2\.9\]\)/m, // swaks says EHLO again
  },
  {
    name: "PROXY version 1",
    args: proxied1,
    settings: { relay: proxies },
    trace: /^Received: from swaks\.test \(\[192\.0\.2\.9\]\)/m,
  },
  {
    name: "PROXY version 2",
    args: proxied2,
    settings: { relay: proxies },
    trace: /^Received: from swaks\.test \(\[192\.0\.2\.9\]\)/m,
  },
];

const swaks = (port: number, args: readonly string[]): Promise<Ended> => {
  const to = args.includes("--to") ? [] : ["--to", "ann@sink.test"];
  return runProgram("swaks", [
    "--server",
    `127.0.0.1:${port}`,
    "--helo",
    "swaks.test",
    "--from",
    "me@swaks.test",
    ...to,
    ...args,
  ]);
};

/** Mail for sink.test is ours, so that strangers may send there. */
const ours: Settings["domain"] = [{ name: "sink.test", deliver: "relay" }];

for (const { name, args, trace, settings, rcpts = ["RCPT TO:<ann@sink.test>"] } of modes)
  test(name, { skip: args.some((arg) => arg.startsWith("-tls")) ? withoutTls : skip }, async () => {
    await using sink = await startSink({ offers: [] });
    await using server = await runServer({ route: [routeTo(sink.port)], domain: ours, ...settings });
    const { code, stdout, stderr } = await swaks(server.port, [
      ...args,
      "--header",
      `Subject: ${name}`,
      "--body",
      ".dot",
    ]);
    assert.equal(code, 0, stdout + stderr);
    const [taken] = (await sink.taken.count(1)) as [Taken];
    assert.equal(taken.mail, "MAIL FROM:<me@swaks.test>");
    assert.deepEqual(taken.rcpts, rcpts);
    const content = taken.content.toString();
    assert.match(content, trace);
    assert.match(content, new RegExp(`\r\nSubject: ${name}\r\n`));
    assert.match(content, /\r\n\r\n\.dot\r\n/);
  });

test("who is a stranger by XCLIENT or PROXY may not relay", { skip }, async () => {
  const stranger = async (args: readonly string[], relay: Settings["relay"]): Promise<string> => {
    await using server = await runServer({ relay });
    const { code, stdout } = await swaks(server.port, ["--to", "ann@elsewhere.test", ...args]);
    assert.equal(code, 24, stdout); // its code for "no recipient was accepted"
    assert.equal(server.events.all.filter(({ kind }) => kind === "received").length, 0);
    return stdout;
  };
  const no = /550 5\.7\.1 we do not take mail for elsewhere\.test from 192\.0\.2\.9: /;
  assert.match(await stranger(xclient, { xclient_networks: ["127.0.0.1"] }), no);
  assert.match(await stranger(proxied1, proxies), no);
});

test(
  "a proxy that does not say for whom it speaks gets no greeting; XCLIENT is not offered to everyone",
  { skip },
  async () => {
    await using behindProxy = await runServer({ relay: proxies, receive: { command_timeout: "50ms" } });
    const silent = await swaks(behindProxy.port, []);
    assert.notEqual(silent.code, 0);
    assert.doesNotMatch(silent.stdout, /^<- .*220/m);
    await using server = await runServer();
    const { code, stdout } = await swaks(server.port, xclient);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, /^<- .*XCLIENT/m);
  },
);
