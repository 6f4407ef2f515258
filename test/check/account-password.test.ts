// The password of `check account` goes to the right servers only, whatever hostile settings, DNS records and servers say.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { writeAutodiscover } from "../../src/autoconfig/autodiscover.ts";
import type { AppSettings } from "../../src/autoconfig/settings.ts";
import { wordsOf } from "../../src/check/words.ts";
import { type AccountLab, address, type BrokenParts, config, pageOf, right, startAccountLab } from "./account-lab.ts";

let lab: AccountLab;
before(async () => {
  lab = await startAccountLab();
});
after(() => lab[Symbol.asyncDispose]());

const thief = "imap.thief.example";
const atThief: AppSettings = { ...right, incoming: right.incoming.slice(0, 1).map((one) => ({ ...one, host: thief })) };
const gone = { status: 404 };
const silent = { [pageOf.autoconfig]: gone, [pageOf.autodiscover]: gone, [pageOf.directory]: gone };
const thiefInDns = [`${thief} A 192.0.2.20`, "else.example A 127.0.0.1"];
const answer = { text: writeAutodiscover(atThief, address) };
const toElse = { port: 443, target: "else.example", priority: 0, weight: 0 };
const elsewhere = "else.example/autodiscover/autodiscover.xml";

/** Each with a certificate that is good for the thief's name. */
const forged: readonly (BrokenParts & { readonly what: string })[] = [
  {
    what: "SRV records",
    pages: silent,
    srv: { "_imaps._tcp.shop.example": [{ port: 993, target: thief, priority: 0, weight: 0 }] },
  },
  {
    what: "a redirect without encryption",
    pages: { ...silent, [elsewhere]: answer },
    plainPages: { [pageOf.autodiscover]: { status: 302, location: `https://${elsewhere}` } },
    srv: "none",
  },
  {
    what: "an SRV record of Autodiscover",
    pages: { ...silent, [elsewhere]: answer },
    srv: { "_autodiscover._tcp.shop.example": [toElse] },
  },
  {
    what: "MX records, to somebody in the directory",
    drop: ["@ MX"],
    add: ["@ MX 1 mx.thief.example"],
    pages: { ...silent, "directory.example/v1.1/thief.example": { text: config(atThief) } },
    srv: "none",
  },
];

for (const { what, ...broken } of forged)
  test(`${what} that lead to a thief get no password, until the person says that it is right`, async () => {
    const lies = { ...broken, add: [...(broken.add ?? []), ...thiefInDns], certificate: "thief" as const };
    const { findings } = await lab.check(lies);
    assert.deepEqual(lab.mailbox.logins, []);
    const kept = findings.find(({ id, about }) => id === "settings.password-kept" && about.includes(thief));
    assert.match(wordsOf(kept!).todo.join(), /: --imap imap\.thief\.example:993\/tls$/);
    await lab.check({ ...lies, question: { typed: atThief.incoming, sendsMessage: false } });
    assert.deepEqual(lab.mailbox.logins, [`${address}:correct horse`]);
  });

test("settings that the domain itself gives over HTTPS may name others' servers", async () => {
  const provider = { pages: { ...silent, [pageOf.autoconfig]: { text: config(atThief) } }, srv: "none" } as const;
  await lab.check({ ...provider, add: thiefInDns, certificate: "thief", question: { sendsMessage: false } });
  assert.deepEqual(lab.mailbox.logins, [`${address}:correct horse`]);
});

test("settings that lead to this machine, without encryption, get no password", async () => {
  let heard = "";
  const listener = createServer((socket) => {
    socket.on("error", () => {}).write("* OK [CAPABILITY IMAP4rev1] hello\r\n");
    socket.on("data", (bytes) => {
      heard += bytes.toString();
      const tag = bytes.toString().split(" ")[0]!;
      socket.write(`* CAPABILITY IMAP4rev1\r\n${tag} OK done\r\n`);
    });
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  for (const host of ["localhost", "loop.thief.example"]) {
    const place = { ...right.incoming[0]!, host, port, security: "none" } as const;
    const text = config({ ...right, incoming: [place], outgoing: [] });
    const pages = { ...silent, [pageOf.autoconfig]: { text } };
    const loop = { pages, srv: "none", add: ["loop.thief.example A 127.0.0.1"], isLoopbackReal: true } as const;
    await lab.check(loop);
    // typed as well: what DNS says of a name is not for it to say
    if (host !== "localhost") await lab.check({ ...loop, question: { typed: [place] } });
  }
  listener.close();
  assert.match(heard, /CAPABILITY/);
  assert.doesNotMatch(heard, /LOGIN|AUTHENTICATE/);
});
