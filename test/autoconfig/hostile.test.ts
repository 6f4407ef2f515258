// Well-formed XML whose parts make no sense: no reader throws, and what it makes of it can be typed and read.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { readAutodiscover, readAutodiscoverRequest } from "../../src/autoconfig/autodiscover.ts";
import { readAutoconfig } from "../../src/autoconfig/mozilla.ts";
import type { Read } from "../../src/autoconfig/settings.ts";
import { element, formatXml, type XmlNode } from "../../src/autoconfig/xml-writer.ts";
import { parseDomain } from "../../src/mail/address.ts";

const value = fc.oneof(
  fc.constantFrom("imap", "smtp", "993", "0", "1e3", "mail.example.org", "x", "SSL", "TLS", "on", "%EMAILADDRESS%"),
  fc.constantFrom("a".repeat(3_000), "x\n\u202ey", "constructor", "__proto__", "-1", "%EMAILLOCALPART%".repeat(99)),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);

/** Elements of these names in any order, nearly all of them, each with what it may be or, at times, with anything. */
const parts = (usual: Readonly<Record<string, string>>) => {
  const all = Object.entries(usual);
  const one = ([name, text]: readonly [string, string]): fc.Arbitrary<XmlNode> =>
    fc
      .tuple(fc.oneof({ weight: 12, arbitrary: fc.constant(text) }, { weight: 1, arbitrary: value }), value)
      .map(([content, type]) => element(name, content, { type, url: content }));
  return fc.shuffledSubarray(all, { minLength: all.length - 1 }).chain((some) => fc.tuple(...some.map(one)));
};

const places = (name: string, content: fc.Arbitrary<readonly XmlNode[]>) =>
  fc.array(
    fc.tuple(content, fc.option(value)).map(([inner, type]) => element(name, inner, { type: type ?? "imap" })),
    { maxLength: 40 },
  );

const counted = { settings: 0 };

const address = { localPart: "ann", domain: "example.org" } as const;

function isOfUse(read: Read): void {
  const sentences = read.kind === "settings" ? read.skipped : [read.why];
  assert.ok(sentences.length <= 30);
  for (const sentence of sentences) assert.match(sentence, /^[^\p{Cc}\u202e]{5,400}\.$/u);
  if (read.kind === "unreadable") return;
  counted.settings += 1;
  const servers = [...read.settings.incoming, ...read.settings.outgoing];
  assert.ok(servers.length > 0 && servers.length <= 30);
  for (const { host, port } of servers) assert.ok(parseDomain(host) === host && port > 0 && port < 65_536);
  for (const { url } of read.settings.pages) assert.match(url, /^https?:/);
}

const server = {
  hostname: "mail.example.org",
  port: "993",
  socketType: "SSL",
  username: "ann",
  authentication: "plain",
};

test("autoconfig", () => {
  const provider = places("incomingServer", parts({ ...server, documentation: "Help", descr: "x" }));
  const document = fc
    .tuple(provider, parts(server))
    .map(([servers, rest]) => [element("emailProvider", [...servers, ...rest])]);
  counted.settings = 0;
  fc.assert(
    fc.property(document, (content) => isOfUse(readAutoconfig(formatXml(element("clientConfig", content)), address))),
    { numRuns: 200 },
  );
  assert.ok(counted.settings > 20, "not all are unreadable");
});

test("Autodiscover", () => {
  const protocol = {
    Type: "IMAP",
    Server: "mail.example.org",
    Port: "993",
    SSL: "on",
    Encryption: "TLS",
    LoginName: "x",
  };
  const protocols = places("Protocol", parts(protocol));
  const document = fc.tuple(protocols, parts({ RedirectUrl: "x", Error: "y", Account: "", Type: "z" }));
  counted.settings = 0;
  fc.assert(
    fc.property(document, fc.boolean(), ([content, rest], isStrange) => {
      const account = element("Account", [...content, ...(isStrange ? rest : [])]);
      const xml = formatXml(element("Autodiscover", [element("Response", [account]), element("Request", content)]));
      readAutodiscoverRequest(xml);
      const read = readAutodiscover(xml, address);
      if (read.kind === "settings" || read.kind === "unreadable") isOfUse(read);
    }),
    { numRuns: 200 },
  );
  assert.ok(counted.settings > 20, "not all are unreadable");
});
