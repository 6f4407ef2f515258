// Autodiscover version 1: requests as Outlook and phones write them, answers as servers do, and our own.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  readAutodiscover,
  readAutodiscoverRequest,
  writeAutodiscover,
  writeAutodiscoverError,
  writeAutodiscoverRequest,
} from "./autodiscover.ts";
import type { AppSettings } from "./settings.ts";

const ann = { localPart: "ann", domain: "example.org" } as const;

const request = (inner: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>${inner}</Request></Autodiscover>`;
const schema = (name: string): string =>
  `<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/${name}</AcceptableResponseSchema>`;

for (const [what, xml, expected] of [
  [
    "Outlook's",
    request(`<EMailAddress>ann@example.org</EMailAddress>${schema("outlook/responseschema/2006a")}`),
    "ann@example.org",
  ],
  ["without schema", request("<EMailAddress> ann@example.org </EMailAddress>"), "ann@example.org"],
  ["our own", writeAutodiscoverRequest("a&b@example.org"), "a&b@example.org"],
] as const)
  test(`a request: ${what}`, () =>
    assert.deepEqual(readAutodiscoverRequest(xml), { kind: "request", address: expected }));

for (const [what, xml, code, why] of [
  [
    "a phone that wants Exchange",
    request(`<EMailAddress>a@b</EMailAddress>${schema("mobilesync/responseschema/2006")}`),
    601,
    /mobilesync.* not to be had here\.$/,
  ],
  ["no address", request(schema("outlook/responseschema/2006a")), 600, /"EMailAddress" is missing/],
  ["another kind of XML", "<a/>", 600, /"Autodiscover" with a "Request" in it is missing/],
  ["no XML", "Email=ann", 600, /not well-formed/],
] as const)
  test(`a request of no use: ${what}`, () => {
    const read = readAutodiscoverRequest(xml);
    assert.ok(read.kind === "unreadable");
    assert.equal(read.code, code);
    assert.match(read.why, why);
  });

const answer = (account: string): string =>
  `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">${account}</Response></Autodiscover>`;
const account = (inner: string): string =>
  answer(`<Account><AccountType>email</AccountType><Action>settings</Action>${inner}</Account>`);
const protocol = (type: string, parts: Readonly<Record<string, string>>): string => {
  const all = { Server: "mail.example.org", ...parts };
  return `<Protocol><Type>${type}</Type>${Object.entries(all)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</Protocol>`;
};

function read(xml: string): AppSettings & { skipped: readonly string[] } {
  const read = readAutodiscover(xml, ann);
  assert.ok(read.kind === "settings", JSON.stringify(read));
  return { ...read.settings, skipped: read.skipped };
}

// MS-OXDSCLI §2.2.4: SSL and AuthRequired are on unless they are off, Encryption overrides SSL
for (const [parts, port, security, username] of [
  [{ Port: "993", SSL: "on", LoginName: "ann.b" }, 993, "tls", "ann.b"],
  [{ Port: "143", SSL: "on" }, 143, "starttls", "ann"],
  [{ Port: "143" }, 143, "starttls", "ann"],
  [{ Port: "143", SSL: "off" }, 143, "none", "ann"],
  [{ Port: "143", SSL: "off", Encryption: "TLS" }, 143, "starttls", "ann"],
  [{ Port: "143", SSL: "on", Encryption: "Auto" }, 143, "starttls", "ann"],
  [{ Port: "143", Encryption: "None" }, 143, "none", "ann"],
  [{ Port: "1993", Encryption: "SSL" }, 1993, "tls", "ann"],
  [{ Port: "1993", SSL: "true" }, 1993, "tls", "ann"],
  [{}, 993, "tls", "ann"],
  [{ DomainRequired: "on" }, 993, "tls", "ann@example.org"],
  [{ DomainRequired: "on", DomainName: "corp" }, 993, "tls", "ann@corp"],
] as const)
  test(`an answer: ${JSON.stringify(parts)}`, () =>
    assert.deepEqual(read(account(protocol("IMAP", parts))).incoming, [
      { protocol: "imap", host: "mail.example.org", port, security, username, logins: ["password"] },
    ]));

test("logins: none, by Windows, the incoming server's", () => {
  const { incoming, outgoing } = read(
    account(
      protocol("POP3", { Port: "995", LoginName: "pop-ann" }) +
        protocol("imap", { SPA: "on" }) +
        protocol("SMTP", { Port: "587", UsePOPAuth: "on" }),
    ),
  );
  assert.deepEqual(
    incoming.map(({ protocol, logins }) => [protocol, ...logins]),
    [
      ["pop3", "password"],
      ["imap", "kerberos"],
    ],
  );
  assert.deepEqual(
    outgoing.map(({ username }) => username),
    ["pop-ann"],
  );
  const own = protocol("IMAP", { LoginName: "a" }) + protocol("SMTP", { LoginName: "b" });
  assert.equal(read(account(own)).outgoing[0]?.username, "b");
  const [server] = read(account(protocol("SMTP", { Port: "25", SSL: "off", AuthRequired: "off" }))).outgoing;
  assert.deepEqual(server, {
    protocol: "smtp",
    host: "mail.example.org",
    port: 25,
    security: "none",
    logins: ["none"],
  });
});

test("what is of no use does not hide the others, and Exchange is no mistake", () => {
  const parts = [
    protocol("EXCH", {}),
    protocol("IMAP", { Port: "imap" }),
    protocol("IMAP", { Encryption: "STARTTLS" }),
    protocol("IMAP", {}),
  ];
  const { incoming, skipped } = read(account(parts.join("")));
  assert.equal(incoming.length, 1);
  assert.deepEqual(skipped, [
    'The settings for IMAP are of no use: its port "imap" is no number from 1 to 65535.',
    'The settings for IMAP are of no use: its Encryption is "STARTTLS", and apps know "SSL", "TLS", "Auto" and "None".',
  ]);
});

test("an answer that has settings, and another place beside them", () => {
  const redirect = "<Action>redirectUrl</Action><RedirectUrl>https://x.example/</RedirectUrl>";
  assert.equal(read(account(protocol("IMAP", {}) + redirect)).incoming.length, 1);
});

for (const [what, xml, expected] of [
  [
    "an error of the account",
    account("<Error><ErrorCode>501</ErrorCode></Error>"),
    { kind: "error", code: 501, message: "It gives no reason." },
  ],
  [
    "another address",
    answer("<Account><Action>redirectAddr</Action><RedirectAddr>ann@corp.example</RedirectAddr></Account>"),
    { kind: "other-address", address: "ann@corp.example" },
  ],
  [
    "another page",
    answer(
      "<Account><Action>redirectUrl</Action><RedirectUrl>https://x.example/autodiscover.xml</RedirectUrl></Account>",
    ),
    { kind: "other-url", url: "https://x.example/autodiscover.xml" },
  ],
  [
    "an error",
    answer(
      '<Error Time="10:11:12.1234567" Id="2477272013"><ErrorCode>600</ErrorCode><Message>Invalid Request</Message><DebugData/></Error>',
    ),
    { kind: "error", code: 600, message: "Invalid Request" },
  ],
  [
    "our own error",
    writeAutodiscoverError({ code: 500, message: "No <such> address." }, 0),
    { kind: "error", code: 500, message: "No <such> address." },
  ],
  ["nothing", account(""), { kind: "unreadable", why: "It names no server." }],
  [
    "Exchange only",
    account(protocol("EXCH", {}) + protocol("EXPR", {}) + protocol("EXCH", {})),
    { kind: "unreadable", why: 'It names servers for "EXCH", "EXPR" only, none for IMAP, POP3 or SMTP.' },
  ],
  [
    "another kind of XML",
    "<a/>",
    { kind: "unreadable", why: 'It is no answer: "Autodiscover" with a "Response" in it is missing.' },
  ],
] as const)
  test(`an answer: ${what}`, () => assert.deepEqual(readAutodiscover(xml, ann), expected));

const settings: AppSettings = {
  name: "Example",
  incoming: [
    {
      protocol: "imap",
      host: "imap.example.org",
      port: 993,
      security: "tls",
      username: "ann@example.org",
      logins: ["password"],
    },
    {
      protocol: "imap",
      host: "imap.example.org",
      port: 143,
      security: "starttls",
      username: "ann@example.org",
      logins: ["password"],
    },
    { protocol: "pop3", host: "pop.example.org", port: 110, security: "none", username: "ann", logins: ["kerberos"] },
  ],
  outgoing: [
    {
      protocol: "smtp",
      host: "mail.example.org",
      port: 587,
      security: "starttls",
      username: "ann@example.org",
      logins: ["password"],
    },
  ],
  pages: [],
};

test("what is written is read again: the best of each protocol", () => {
  const again = read(writeAutodiscover(settings, "ann@example.org"));
  const { incoming, outgoing } = settings;
  assert.deepEqual(again, { incoming: [incoming[0], incoming[2]], outgoing, pages: [], skipped: [] });
});

test("the answer, as the documentation of the format has it", () => {
  const { incoming, outgoing } = settings;
  assert.equal(
    writeAutodiscover({ ...settings, incoming: incoming.slice(0, 1), outgoing }, "ann@example.org"),
    `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
      <Protocol>
        <Type>IMAP</Type>
        <Server>imap.example.org</Server>
        <Port>993</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>ann@example.org</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>SSL</Encryption>
        <AuthRequired>on</AuthRequired>
      </Protocol>
      <Protocol>
        <Type>SMTP</Type>
        <Server>mail.example.org</Server>
        <Port>587</Port>
        <DomainRequired>off</DomainRequired>
        <LoginName>ann@example.org</LoginName>
        <SPA>off</SPA>
        <SSL>on</SSL>
        <Encryption>TLS</Encryption>
        <AuthRequired>on</AuthRequired>
        <UsePOPAuth>off</UsePOPAuth>
        <SMTPLast>off</SMTPLast>
      </Protocol>
    </Account>
  </Response>
</Autodiscover>
`,
  );
});

test("the error, as the documentation of the format has it", () =>
  assert.equal(
    writeAutodiscoverError({ code: 600, message: "Invalid request" }, Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
    `<?xml version="1.0" encoding="UTF-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response>
    <Error Time="03:04:05.006" Id="1767323045">
      <ErrorCode>600</ErrorCode>
      <Message>Invalid request</Message>
      <DebugData/>
    </Error>
  </Response>
</Autodiscover>
`,
  ));
