// What apps are told by default, and as the operator says.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerSettings } from "../autoconfig/settings.ts";
import { parseConfig } from "./load.ts";
import { appDomains, ownSettings } from "./mail-app-settings.ts";

const ann = { localPart: "ann", domain: "example.org" } as const;

function told(toml: string, hostname = "Mail.example.co.uk") {
  const parsed = parseConfig(toml, "waybill.toml");
  assert.ok(parsed.kind === "ok", JSON.stringify(parsed));
  return ownSettings(parsed.config, hostname, ann);
}

const typed = ({ protocol, host, port, security, username, logins }: ServerSettings): string =>
  [protocol, `${host}:${port}`, security, username, logins.join(",")].join(" ");

const listen = (address: string, tls: string, whom = "submission"): string =>
  `[[listen]]\naddress = "${address}"\ntls = "${tls}"\nfor = "${whom}"\n`;
const usual = `${listen("*:25", "starttls", "relay")}${listen("*:587", "starttls")}${listen("*:465", "implicit")}`;

for (const [what, toml, expected] of [
  ["nothing is offered", "", undefined],
  ["only what others send to us", listen("*:25", "starttls", "relay"), undefined],
  [
    "submission only: TLS from the first byte first",
    usual,
    [
      "smtp mail.example.co.uk:465 tls ann@example.org password",
      "smtp mail.example.co.uk:587 starttls ann@example.org password",
    ],
  ],
  [
    "listeners that apps do not see as they are",
    listen("127.0.0.1:587", "none") +
      listen("192.0.2.1:465", "implicit") +
      listen("[2001:db8::1]:465", "implicit") +
      listen("[::1]:0", "starttls"),
    ["smtp mail.example.co.uk:465 tls ann@example.org password"],
  ],
  [
    "all of it, as the operator says",
    `${usual}[mail_apps]\nimap = "imap.example.org"\npop3 = "pop.example.org:110"\nsmtp = ["out.example.org:2587 starttls"]\nusername = "local-part"\n`,
    [
      "imap imap.example.org:993 tls ann password",
      "pop3 pop.example.org:110 starttls ann password",
      "smtp out.example.org:2587 starttls ann password",
    ],
  ],
  [
    "tokens",
    `${listen("*:465", "implicit")}[mail_apps]\nlogin = ["oauth2", "password"]\n[oauth]\njwks_url = "https://x.example/keys"\nissuer = "x"\naudience = "mail"\n`,
    ["smtp mail.example.co.uk:465 tls ann@example.org oauth2,password"],
  ],
] as const)
  test(what, () => {
    const settings = told(toml);
    assert.deepEqual(settings && [...settings.incoming, ...settings.outgoing].map(typed), expected);
  });

for (const [name, hostname, expected] of [
  ["the domain of the host name", "mail.example.co.uk", "example.co.uk"],
  ["a host name without domain", "localhost", "localhost"],
] as const)
  test(`name: ${name}`, () => assert.equal(told(usual, hostname)?.name, expected));

test("name: as the operator says", () =>
  assert.equal(told(`${usual}[mail_apps]\nname = "Our mail"\n`)?.name, "Our mail"));

test("domains with mailboxes", () => {
  const parsed = parseConfig(
    '[[domain]]\nname = "a.example"\ndeliver = "maildir:/m"\n[[domain]]\nname = "b.example"\ndeliver = "relay"\n',
    "waybill.toml",
  );
  assert.deepEqual(parsed.kind === "ok" && appDomains(parsed.config), ["a.example"]);
});
