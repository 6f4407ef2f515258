// Real files of mail providers, as the public directory has them, become the settings that a person would type.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAutoconfig } from "../../src/autoconfig/mozilla.ts";
import type { AppSettings, ServerSettings } from "../../src/autoconfig/settings.ts";
import { suite } from "../support/suites.ts";

const directory = suite("autoconfig");
const { skip } = directory;

function settingsIn(file: string, xml = directory.read(file).toString("utf8")): AppSettings {
  const [, domain = ""] = /<domain>(.*?)<\/domain>/.exec(xml) ?? [];
  const read = readAutoconfig(xml, { localPart: "ann", domain });
  assert.ok(read.kind === "settings", `${file}: ${JSON.stringify(read)}`);
  assert.deepEqual(read.skipped, [], file);
  return read.settings;
}

const typed = ({ protocol, host, port, security, username, logins, fromItsNetworkOnly }: ServerSettings): string =>
  [protocol, `${host}:${port}`, security, username, logins.join(","), ...(fromItsNetworkOnly ? ["at home"] : [])].join(
    " ",
  );

test("every file is read, and every server in it", { skip }, () => {
  const files = directory.files(".xml");
  assert.ok(files.length >= 42, `${files.length} files`);
  for (const file of files) {
    const xml = directory
      .read(file)
      .toString("utf8")
      .replaceAll(/<!--.*?-->/gs, "");
    const { name, incoming, outgoing, pages } = settingsIn(file);
    const count = (pattern: RegExp): number => xml.match(pattern)?.length ?? 0;
    assert.equal(incoming.length, count(/<incomingServer /g), file);
    assert.equal(outgoing.length, count(/<outgoingServer /g), file);
    assert.equal(pages.length, count(/<documentation |<enable /g), file);
    assert.equal(name, /<displayName>(.*?)</.exec(xml)?.[1], file);
    const hosts = [...xml.matchAll(/<hostname>(.*?)</g)].map(([, host]) => host);
    assert.deepEqual(
      [...incoming, ...outgoing].map(({ host }) => host),
      hosts,
      file,
    );
    for (const server of [...incoming, ...outgoing]) {
      assert.match(server.username ?? "", /^ann(?:@[\w.-]+)?$/, file);
      assert.notDeepEqual(server.logins, [], file);
    }
  }
});

// read by a person, and typed
const expected: Readonly<Record<string, readonly string[]>> = {
  "googlemail.com.xml": [
    "imap imap.gmail.com:993 tls ann@gmail.com oauth2,password",
    "pop3 pop.gmail.com:995 tls ann@gmail.com oauth2,password",
    "smtp smtp.gmail.com:465 tls ann@gmail.com oauth2,password",
  ],
  "hotmail.com.xml": [
    "imap outlook.office365.com:993 tls ann@hotmail.com oauth2",
    "pop3 outlook.office365.com:995 tls ann@hotmail.com oauth2",
    "smtp smtp-mail.outlook.com:587 starttls ann@hotmail.com oauth2",
  ],
  "centurylink.net.xml": [
    "pop3 pop.centurylink.net:995 tls ann@centurylink.net password",
    "imap mail.centurylink.net:993 tls ann@centurylink.net password",
    "smtp smtp.centurylink.net:587 starttls ann@centurylink.net password",
  ],
  "o2.pl.xml": [
    "imap poczta.o2.pl:993 tls ann password",
    "pop3 poczta.o2.pl:995 tls ann password",
    "smtp poczta.o2.pl:465 tls ann password at home",
    "smtp poczta.o2.pl:587 starttls ann password at home",
  ],
  "pdx.edu.xml": [
    "imap psumail.pdx.edu:993 tls ann@pdx.edu encrypted",
    "imap psumail.pdx.edu:587 starttls ann@pdx.edu encrypted",
    "smtp mailhost.pdx.edu:465 tls ann@pdx.edu encrypted",
    "smtp mailhost.pdx.edu:587 starttls ann@pdx.edu encrypted",
  ],
  "tiki.ne.jp.xml": [
    "pop3 mx.tiki.ne.jp:110 none ann password",
    "smtp smtp-auth.tiki.ne.jp:587 none ann@tiki.ne.jp password",
  ],
  "nsat.jp.xml": [
    "pop3 mail.nsat.jp:110 none ann@nsat.jp encrypted",
    "smtp mail.nsat.jp:587 none ann@nsat.jp encrypted",
  ],
};

for (const [file, lines] of Object.entries(expected))
  test(`${file}, as it is typed`, { skip }, () => {
    const { incoming, outgoing } = settingsIn(file);
    assert.deepEqual([...incoming, ...outgoing].map(typed), lines);
  });

test("pages tell what to turn on", { skip }, () => {
  const { pages } = settingsIn("googlemail.com.xml");
  assert.deepEqual(pages.at(-1), {
    url: "https://mail.google.com/mail/?ui=2&shva=1#settings/fwdandpop",
    text: "You need to enable IMAP access",
  });
});
