// Apple's configuration profile: its keys, and that it stays itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { writeProfile } from "./profile.ts";
import type { AppSettings } from "./settings.ts";
import { readXml, type XmlElement } from "./xml-reader.ts";

const settings: AppSettings = {
  name: "Example & Co",
  incoming: [
    {
      protocol: "imap",
      host: "imap.example.org",
      port: 993,
      security: "tls",
      username: "ann@example.org",
      logins: ["oauth2", "password"],
    },
  ],
  outgoing: [
    {
      protocol: "smtp",
      host: "mail.example.org",
      port: 587,
      security: "starttls",
      username: "ann",
      logins: ["encrypted"],
    },
  ],
  pages: [],
};

type Plist = string | number | boolean | readonly Plist[] | { readonly [key: string]: Plist };

/** As Apple's devices read it. */
function valueOf({ name, text, children }: XmlElement): Plist {
  if (name === "dict")
    return Object.fromEntries(
      children.flatMap((child, i) => (child.name === "key" ? [[child.text, valueOf(children[i + 1]!)]] : [])),
    );
  if (name === "array") return children.map(valueOf);
  if (name === "integer") return Number(text);
  if (name === "true" || name === "false") return name === "true";
  assert.equal(name, "string");
  return text;
}

function parsed(profile: string): Record<string, Plist> {
  const lines = profile.split("\n");
  assert.match(lines[1]!, /^<!DOCTYPE plist PUBLIC "-\/\/Apple\/\/DTD PLIST 1\.0\/\/EN" "[^"]+">$/);
  const read = readXml(lines.toSpliced(1, 1).join("\n"));
  assert.ok(read.kind === "element" && read.element.name === "plist");
  return valueOf(read.element.children[0]!) as Record<string, Plist>;
}

const uuid = /^[\dA-F]{8}-[\dA-F]{4}-8[\dA-F]{3}-[89AB][\dA-F]{3}-[\dA-F]{12}$/;

test("the account's keys, and no password", () => {
  const profile = writeProfile(settings, { address: "ann@example.org", name: "Ann <3" });
  const { PayloadContent, PayloadUUID, PayloadIdentifier, ...rest } = parsed(profile);
  const [account] = PayloadContent as Record<string, Plist>[];
  assert.ok(typeof PayloadUUID === "string" && typeof PayloadIdentifier === "string");
  assert.deepEqual(rest, {
    PayloadType: "Configuration",
    PayloadVersion: 1,
    PayloadDisplayName: "ann@example.org",
    PayloadDescription: "Example & Co: ann@example.org",
    PayloadOrganization: "Example & Co",
    PayloadRemovalDisallowed: false,
  });
  const { PayloadUUID: accountUuid, PayloadIdentifier: accountIdentifier, ...keys } = account!;
  assert.deepEqual(keys, {
    PayloadType: "com.apple.mail.managed",
    PayloadVersion: 1,
    PayloadDisplayName: "ann@example.org",
    EmailAccountDescription: "Example & Co",
    EmailAccountName: "Ann <3",
    EmailAccountType: "EmailTypeIMAP",
    EmailAddress: "ann@example.org",
    IncomingMailServerHostName: "imap.example.org",
    IncomingMailServerPortNumber: 993,
    IncomingMailServerUseSSL: true,
    IncomingMailServerAuthentication: "EmailAuthPassword",
    IncomingMailServerUsername: "ann@example.org",
    OutgoingMailServerHostName: "mail.example.org",
    OutgoingMailServerPortNumber: 587,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerAuthentication: "EmailAuthCRAMMD5",
    OutgoingMailServerUsername: "ann",
    OutgoingPasswordSameAsIncomingPassword: true,
  });
  assert.match(PayloadUUID, uuid);
  assert.ok(typeof accountUuid === "string");
  assert.match(accountUuid, uuid);
  assert.notEqual(PayloadUUID, accountUuid);
  assert.match(PayloadIdentifier, /^org\.example\.[\dA-F-]{36}$/);
  assert.equal(accountIdentifier, `${PayloadIdentifier}.mail`);
});

test("POP3, without encryption, without a name", () => {
  const [server] = settings.incoming;
  const pop3 = {
    ...settings,
    incoming: [{ ...server!, protocol: "pop3", security: "none", logins: ["none"] }],
  } as const;
  const [account] = parsed(writeProfile(pop3, { address: "ann@example.org" }))["PayloadContent"] as Record<
    string,
    Plist
  >[];
  assert.equal(account?.["EmailAccountType"], "EmailTypePOP");
  assert.equal(account?.["IncomingMailServerUseSSL"], false);
  assert.equal(account?.["IncomingMailServerAuthentication"], "EmailAuthNone");
  assert.ok(!("EmailAccountName" in (account ?? {})));
});

test("the same for the same address, another for another", () => {
  const changed = { ...settings, name: "New name" };
  const [one, again, other] = [
    parsed(writeProfile(settings, { address: "ann@example.org" })),
    parsed(writeProfile(changed, { address: "ann@example.org" })),
    parsed(writeProfile(settings, { address: "ben@example.org" })),
  ];
  for (const key of ["PayloadUUID", "PayloadIdentifier"]) {
    assert.equal(one?.[key], again?.[key]);
    assert.notEqual(one?.[key], other?.[key]);
  }
});
