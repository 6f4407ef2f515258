// What we write for mail apps, read by parsers that others wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  writeAutodiscover,
  writeAutodiscoverError,
  writeAutodiscoverRequest,
} from "../../src/autoconfig/autodiscover.ts";
import { writeAutoconfig } from "../../src/autoconfig/mozilla.ts";
import { writeProfile } from "../../src/autoconfig/profile.ts";
import type { AppSettings } from "../../src/autoconfig/settings.ts";
import { absent, runProgram } from "../support/programs.ts";

const address = `o'nn&"x"@example.org`;
const login = { username: address, logins: ["password"] } as const;
const settings: AppSettings = {
  name: "Söhne & <Co> \u0007",
  incoming: [{ protocol: "imap", host: "imap.example.org", port: 993, security: "tls", ...login }],
  outgoing: [{ protocol: "smtp", host: "mail.example.org", port: 587, security: "starttls", ...login }],
  pages: [{ url: "https://example.org/?a&b", text: "]]> </descr>" }],
};

const script = `
import json, plistlib, sys, xml.etree.ElementTree as tree
given = json.load(sys.stdin)
names = [element.text for text in given["xml"] for element in tree.fromstring(text.encode()).iter() if element.text and element.text.strip()]
json.dump({"names": names, "profile": plistlib.loads(given["profile"].encode())}, sys.stdout)
`;

test("well-formed, and with the values that were meant", { skip: absent("python3") }, async () => {
  const xml = [
    writeAutoconfig(settings, { domains: ["example.org"] }),
    writeAutodiscover(settings, address),
    writeAutodiscoverRequest(address),
    writeAutodiscoverError({ code: 500, message: "No <such> & such." }, 0),
  ];
  const input = JSON.stringify({ xml, profile: writeProfile(settings, { address, name: "O'Nn & <x>" }) });
  const { code, stdout, stderr } = await runProgram("python3", ["-c", script], { input });
  assert.equal(code, 0, stderr);
  const { names, profile } = JSON.parse(stdout);
  for (const text of [address, "Söhne & <Co> \ufffd", "]]> </descr>", "No <such> & such.", "993", "STARTTLS"])
    assert.ok(names.includes(text), text);
  const [account] = profile.PayloadContent;
  assert.equal(account.EmailAddress, address);
  assert.equal(account.EmailAccountName, "O'Nn & <x>");
  assert.strictEqual(account.IncomingMailServerPortNumber, 993);
  assert.strictEqual(account.OutgoingMailServerUseSSL, true);
});
