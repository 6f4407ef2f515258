// Mozilla's autoconfig: how a person would type it, what is of no use in a file, and what we write.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anyAddress, readAutoconfig, writeAutoconfig } from "./mozilla.ts";
import type { AppSettings } from "./settings.ts";

const ann = { localPart: "ann", domain: "example.org" } as const;

const file = (inner: string, around = ""): string =>
  `<clientConfig version="1.1"><emailProvider id="x">${inner}</emailProvider>${around}</clientConfig>`;

const server = (changed: Readonly<Record<string, string>> = {}, more = "", type = "imap"): string => {
  const parts = {
    hostname: "IMAP.example.org",
    port: "993",
    socketType: "SSL",
    username: "%EMAILADDRESS%",
    ...changed,
  };
  const lines = Object.entries(parts).flatMap(([name, value]) => (value === "" ? [] : `<${name}>${value}</${name}>`));
  const kind = type === "smtp" ? "outgoingServer" : "incomingServer";
  return `<${kind} type="${type}">${lines.join("")}${more}</${kind}>`;
};

function read(xml: string): { settings: AppSettings; skipped: readonly string[] } {
  const read = readAutoconfig(xml, ann);
  assert.ok(read.kind === "settings", JSON.stringify(read));
  return read;
}

const imap = {
  protocol: "imap",
  host: "imap.example.org",
  port: 993,
  security: "tls",
  username: "ann@example.org",
} as const;

for (const [what, xml, expected] of [
  ["as usual", server(), { ...imap, logins: [] }],
  [
    "STARTTLS",
    server({ port: "143", socketType: "STARTTLS" }),
    { ...imap, port: 143, security: "starttls", logins: [] },
  ],
  ["no encryption", server({ socketType: "plain" }), { ...imap, security: "none", logins: [] }],
  ["in another case", server({ socketType: "ssl" }), { ...imap, logins: [] }],
  ["the local part", server({ username: "%EMAILLOCALPART%" }), { ...imap, username: "ann", logins: [] }],
  [
    "the parts",
    server({ username: "%EMAILDOMAIN%\\%EMAILLOCALPART%" }),
    { ...imap, username: "example.org\\ann", logins: [] },
  ],
  ["the domain in a host", server({ hostname: "imap.%EMAILDOMAIN%." }), { ...imap, logins: [] }],
  ["a name to ask for", server({ username: "%CUSTOMER%" }), { ...imap, username: undefined, logins: [] }],
  ["no name", server({ username: "" }), { ...imap, username: undefined, logins: [] }],
  [
    "each way to log in, in order",
    server({}, "<authentication>OAuth2</authentication><authentication>password-cleartext</authentication>"),
    { ...imap, logins: ["oauth2", "password"] },
  ],
  [
    "old and rare words",
    server(
      {},
      ["plain", "secure", "GSSAPI", "NTLM", "client-IP-address", "TLS-client-cert", "magic"]
        .map((word) => `<authentication>${word}</authentication>`)
        .join(""),
    ),
    { ...imap, logins: ["password", "encrypted", "kerberos", "none", "client-certificate"] },
  ],
] as const)
  test(`a server: ${what}`, () => {
    const { settings, skipped } = read(file(xml));
    const { username, ...rest } = expected;
    assert.deepEqual(settings.incoming, [{ ...rest, ...(username !== undefined && { username }) }]);
    assert.deepEqual(skipped, []);
  });

for (const [what, xml, why] of [
  ["no port", server({ port: "" }), /^incomingServer 2 is of no use: it names no port\.$/],
  ["a port of no use", server({ port: "99999" }), /its port "99999" is no number from 1 to 65535\.$/],
  ["no host", server({ hostname: "" }), /it names no host/],
  ["no host name", server({ hostname: "imap example" }), /"imap example" is no host name/],
  [
    "an unknown socketType",
    server({ socketType: "TLS" }),
    /its socketType is "TLS", and apps know "SSL", "STARTTLS" and "plain"/,
  ],
  ["no socketType", server({ socketType: "" }), /it has no socketType/],
  ["an unknown type", server({}, "", "imaps"), /apps know no type "imaps" there/],
] as const)
  test(`a server of no use does not hide the others: ${what}`, () => {
    const { settings, skipped } = read(file(server() + xml + server({ port: "143" })));
    assert.deepEqual(
      settings.incoming.map(({ port }) => port),
      [993, 143],
    );
    assert.equal(skipped.length, 1);
    assert.match(skipped[0]!, why);
  });

test("Exchange and JMAP beside IMAP are no mistake", () => {
  const exchange = '<incomingServer type="exchange"><ewsURL>https://x/</ewsURL></incomingServer>';
  const { settings, skipped } = read(file(exchange + server() + server({}, "", "jmap") + server({}, "", "smtp")));
  assert.deepEqual([settings.incoming.length, settings.outgoing[0]?.protocol, skipped], [1, "smtp", []]);
});

test("pages for people: in English if there is, with http only, in both places", () => {
  const pages = `
    <documentation url="https://x.example/a"><descr lang="de">Hilfe</descr><descr lang="en">Help for %EMAILADDRESS%</descr></documentation>
    <documentation url="javascript:alert(1)"><descr>no</descr></documentation><documentation url="/relative"/>`;
  const enable = '<enable visiturl="https://x.example/?a=1&amp;b=2"><instruction>Turn it on</instruction></enable>';
  assert.deepEqual(read(file(server() + pages, enable)).settings.pages, [
    { url: "https://x.example/a", text: "Help for ann@example.org" },
    { url: "https://x.example/?a=1&b=2", text: "Turn it on" },
  ]);
});

test("of several providers, the one of the domain", () => {
  const provider = (domain: string, host: string): string =>
    `<emailProvider><domain>${domain}</domain>${server({ hostname: host })}</emailProvider>`;
  const xml = `<clientConfig>${provider("example.com", "a.example")}${provider("example.org", "b.example")}</clientConfig>`;
  assert.equal(read(xml).settings.incoming[0]?.host, "b.example");
});

for (const [what, xml, why] of [
  ["a web page", "<!doctype html><html></html>", /web page/],
  ["another kind of file", "<Autodiscover/>", /^It begins with "Autodiscover"; settings begin with "clientConfig"\.$/],
  ["no provider", "<clientConfig/>", /no "emailProvider"/],
  ["no server", file("<domain>example.org</domain>"), /names no server for IMAP, POP3 or SMTP/],
  ["no server of use", file(server({ port: "0" })), /^incomingServer 1 is of no use: its port "0"/],
] as const)
  test(`unreadable: ${what}`, () => {
    const read = readAutoconfig(xml, ann);
    assert.ok(read.kind === "unreadable");
    assert.match(read.why, why);
  });

test("of a thousand servers, ten count", () =>
  assert.equal(read(file(server().repeat(300))).settings.incoming.length, 10));

const written: AppSettings = {
  name: "Example & Söhne",
  incoming: [
    {
      protocol: "imap",
      host: "imap.example.org",
      port: 993,
      security: "tls",
      username: "ann@example.org",
      logins: ["oauth2", "password"],
    },
    {
      protocol: "pop3",
      host: "pop.example.org",
      port: 110,
      security: "starttls",
      username: "ann",
      logins: ["encrypted"],
    },
  ],
  outgoing: [
    {
      protocol: "smtp",
      host: "mail.example.org",
      port: 465,
      security: "tls",
      logins: ["kerberos", "none"],
      username: "ann@example.org",
    },
    {
      protocol: "smtp",
      host: "mail.example.org",
      port: 25,
      security: "none",
      logins: ["client-certificate"],
      username: "x",
      fromItsNetworkOnly: true,
    },
  ],
  pages: [{ url: "https://example.org/help?a=1&b=2", text: 'Say "Hello" <to> us' }, { url: "https://example.org/" }],
};

test("what is written is read again", () => {
  const xml = writeAutoconfig(written, { domains: ["example.org", "example.net"] });
  assert.deepEqual(read(xml), { kind: "settings", settings: written, skipped: [] });
});

test("settings for everyone have the placeholders of the format, and are each person's own", () => {
  const [username, localPart] = [`${anyAddress.localPart}@${anyAddress.domain}`, anyAddress.localPart];
  const one = { protocol: "imap", host: "imap.example.org", port: 993, security: "tls", logins: ["password"] } as const;
  const settings = {
    incoming: [{ ...one, username }],
    outgoing: [{ ...one, protocol: "smtp", username: localPart }],
    pages: [],
  } as const;
  const xml = writeAutoconfig(settings, { domains: ["example.org"] });
  assert.deepEqual(xml.match(/<username>.*<\/username>/g), [
    "<username>%EMAILADDRESS%</username>",
    "<username>%EMAILLOCALPART%</username>",
  ]);
  const { incoming, outgoing } = read(xml).settings;
  assert.deepEqual([incoming[0]?.username, outgoing[0]?.username], ["ann@example.org", "ann"]);
});

test("the file, as the format's documentation has it", () => {
  const { incoming, outgoing } = written;
  const settings = { name: "Example", incoming: incoming.slice(0, 1), outgoing: outgoing.slice(0, 1), pages: [] };
  assert.equal(
    writeAutoconfig(settings, { domains: ["example.org"] }),
    `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="example.org">
    <domain>example.org</domain>
    <displayName>Example</displayName>
    <displayShortName>Example</displayShortName>
    <incomingServer type="imap">
      <hostname>imap.example.org</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <username>ann@example.org</username>
      <authentication>OAuth2</authentication>
      <authentication>password-cleartext</authentication>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>mail.example.org</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <username>ann@example.org</username>
      <authentication>GSSAPI</authentication>
      <authentication>none</authentication>
    </outgoingServer>
  </emailProvider>
</clientConfig>
`,
  );
});
