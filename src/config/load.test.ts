import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as fc from "fast-check";
import { loadConfig, parseConfig } from "./load.ts";
import { formatProblems } from "./problem.ts";
import { schema } from "./schema.ts";
import { sections } from "./settings.ts";

const defaults = schema.parse({});

/** `line: key` of each problem. */
const places = (text: string): string[] => {
  const parsed = parseConfig(text, "waybill.toml");
  return parsed.kind === "ok" ? [] : parsed.problems.map(({ line, key }) => `${line}: ${key}`);
};

describe("parseConfig", () => {
  test("an empty text has all defaults", () => {
    assert.deepEqual(parseConfig("", "waybill.toml"), { kind: "ok", config: defaults });
  });

  test("reads what people write as what the server uses", () => {
    const parsed = parseConfig(
      `\ufeffhostname = "Mail.Example.org"
      listen = [{ address = "*:25" }]
      [[domain]]
      name = "Example.org"
      deliver = "relay"
      aliases.Sales = ["ann", "Ben@Example.com"]
      [retry]
      schedule = ["90s", "1.5h"]\r
      [receive]
      max_message_size = "1MB"`,
      "waybill.toml",
    );
    assert.ok(parsed.kind === "ok");
    const { hostname, listen, domain, retry, receive } = parsed.config;
    assert.equal(hostname, "mail.example.org");
    assert.deepEqual(listen, [{ address: { host: "::", port: 25 }, tls: "starttls", for: "relay" }]);
    assert.equal(domain[0]?.name, "example.org");
    assert.deepEqual(domain[0].aliases, { Sales: ["ann", "Ben@example.com"] });
    assert.deepEqual(retry, { ...defaults.retry, schedule: [90_000, 5_400_000] });
    assert.equal(receive.max_message_size, 1_048_576);
  });

  test("tells all problems at once, in the order of lines, whatever section they are in", () => {
    const text = `[[listen]]
address = "127.0.0.1:25"
[log]
level = "loud"
colour = true
[[route]]
host = "127.0.0.1"
[dns]
timeout = "never"
[tls]
key = "x.pem"
`;
    assert.deepEqual(places(text), [
      "4: log.level",
      "5: log.colour",
      "7: route[0].host",
      "9: dns.timeout",
      "11: tls.key",
    ]);
  });

  test("never throws: any text has problems with words, or is a config", () => {
    const names = sections.flatMap(({ name, settings }) => [name, ...settings.map(({ key }) => key)]);
    const word = fc.constantFrom(...names, "x", "__proto__", "constructor", "1", "true", '"5m"', '"a@b"', "'", '"""');
    const mark = fc.constantFrom(
      " ",
      "\n",
      "\r\n",
      "=",
      ".",
      ",",
      "[",
      "]",
      "[[",
      "]]",
      "{",
      "}",
      "#",
      "\\",
      "\u0000",
      "“",
    );
    const pair = fc.tuple(word, word).map(([key, value]) => `\n${key} = ${value}\n`);
    const header = word.map((name) => `\n[[${name}]]\n`);
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.oneof(word, mark, pair, header), { maxLength: 20 }).map((parts) => parts.join("")),
      fc.array(fc.oneof(pair, header), { maxLength: 10 }).map((parts) => parts.join("")),
    );
    const check = (text: string): void => {
      const parsed = parseConfig(text, "f");
      if (parsed.kind === "ok") return;
      assert.ok(parsed.problems.length > 0);
      const lines = text.split("\n").length;
      for (const { line, what, allowed } of parsed.problems) {
        assert.ok(line >= 1 && line <= lines, `line ${line} of ${lines}`);
        assert.match(`${what}. ${allowed}`, /^\S.*[^.]\. \S.*[.…]$/s);
        assert.doesNotMatch(what + allowed, /undefined|NaN|\[object|Invalid input/);
      }
    };
    fc.assert(fc.property(text, check), { numRuns: 1_000 });
  });
});

describe("settings that do not contradict one another", () => {
  const good = {
    "the same port of different addresses": `[[listen]]\naddress = "127.0.0.1:25"\n[[listen]]\naddress = "[::1]:25"`,
    "any free port, twice": `[[listen]]\naddress = "127.0.0.1:0"\n[[listen]]\naddress = "127.0.0.1:0"`,
    "a subdomain": `[[domain]]\nname = "a.example"\ndeliver = "relay"\n[[domain]]\nname = "b.a.example"\ndeliver = "relay"`,
    "narrow routes before wide ones": `[[route]]\nto = "a.example"\nhost = "b"\n[[route]]\nfrom = "a.example"\nhost = "b"\n[[route]]\nhost = "c"`,
    "a route to another port of this machine": `[[listen]]\naddress = "*:25"\n[[route]]\nhost = "127.0.0.1"\nport = 10025`,
    "a route to the same port elsewhere": `[[listen]]\naddress = "*:25"\n[[route]]\nhost = "192.0.2.1"`,
    "giving up before the default notice": `[retry]\ngive_up_after = "2h"`,
    "no notice": `[retry]\ngive_up_after = "2h"\ndelay_notice_after = 0`,
    "wide networks that are not the internet": `[relay]\nnetworks = ["10.0.0.0/8", "::1/128"]`,
  };
  for (const [name, text] of Object.entries(good)) test(name, () => assert.deepEqual(places(text), []));
});

describe("settings that contradict one another", () => {
  const bad: [string, string, string[]][] = [
    [
      "IPv4's wildcard and an address",
      `[[listen]]\naddress = "0.0.0.0:25"\n[[listen]]\naddress = "10.0.0.1:25"`,
      ["4: listen[1].address"],
    ],
    [
      "a route to a listener's own address",
      `[[listen]]\naddress = "192.0.2.1:25"\n[[route]]\nhost = "192.0.2.1"`,
      ["4: route[0].host"],
    ],
    [
      "LMTP to ourselves",
      `[[domain]]\nname = "a.example"\ndeliver = "lmtp:[::1]:2525"\n[[listen]]\naddress = "*:2525"`,
      ["3: domain[0].deliver"],
    ],
    [
      "the same route twice",
      `[[route]]\nto = "a.example"\nhost = "b"\n[[route]]\nto = "A.example"\nhost = "c"`,
      ["4: route[1]"],
    ],
    ["a password without an account", `[[route]]\nhost = "b"\npassword = "c"`, ["3: route[0].password"]],
    [
      "TLS from the first byte, and never",
      `[[route]]\nhost = "b"\nimplicit_tls = true\ntls = "never"`,
      ["4: route[0].tls"],
    ],
    ["XCLIENT for all", `[relay]\nxclient_networks = ["::/0"]`, ["2: relay.xclient_networks[0]"]],
  ];
  for (const [name, text, expected] of bad) test(name, () => assert.deepEqual(places(text), expected));
});

describe("loadConfig", () => {
  let folder = "";
  const before_ = process.cwd();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "waybill-config-"));
    process.chdir(folder);
  });
  after(async () => {
    process.chdir(before_);
    await rm(folder, { recursive: true });
  });

  test("without a path and a file: the defaults", async () => {
    assert.deepEqual(await loadConfig(undefined), { kind: "ok", config: defaults });
  });

  test("a named file must be there", async () => {
    const loaded = await loadConfig("my.toml");
    assert.ok(loaded.kind === "bad");
    assert.match(formatProblems(loaded.problems), /^my\.toml: the file "my\.toml" does not exist\. .*directory, \//);
  });

  test("waybill.toml of the working directory is read without being named", async () => {
    await writeFile("waybill.toml", 'hostname = "mail.example.org"');
    const config = { ...defaults, hostname: "mail.example.org" };
    assert.deepEqual(await loadConfig(undefined), { kind: "ok", config, file: "waybill.toml" });
  });

  test("text that is not UTF-8 is refused", async () => {
    await writeFile("latin.toml", Buffer.from('hostname = "m\xfcller"', "latin1"));
    const loaded = await loadConfig("latin.toml");
    assert.ok(loaded.kind === "bad");
    assert.equal(formatProblems(loaded.problems), "latin.toml: the file is not UTF-8 text. Save it as UTF-8.");
  });

  test("files that are missing are told with all other problems", async () => {
    await writeFile("two.toml", '[tls]\ncertificate = "none.crt"\nkey = "none.key"\n[log]\nlevel = 1\n');
    const loaded = await loadConfig("two.toml");
    assert.ok(loaded.kind === "bad");
    assert.deepEqual(
      loaded.problems.map(({ key }) => key),
      ["tls.certificate", "tls.key", "log.level"],
    );
  });
});
