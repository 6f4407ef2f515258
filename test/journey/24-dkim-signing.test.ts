// What our own clients send is signed by the domain of their From field, and holds at the other end. RFC 6376, RFC 8463.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { type SigningDomain, signingDomain } from "../../src/signing/domains.ts";
import { changeFolder, pemPath, readFolder } from "../../src/signing/key-folder.ts";
import { parseKey, recordName, recordText } from "../../src/signing/keys.ts";
import { makeKeys } from "../../src/signing/new-keys.ts";
import { startLab } from "../support/lab-server.ts";
import { simpleContent } from "../support/smtp-client.ts";

/** The verdicts of a verifier who finds the domain's records in DNS. */
async function verdicts(content: Buffer, { domain, folder }: SigningDomain): Promise<string[]> {
  const resolver = async (name: string): Promise<string[][]> => {
    for (const { selector } of await readFolder(folder))
      if (name === recordName(selector, domain))
        return [[recordText(parseKey(await readFile(pemPath(folder, selector))))]];
    return [];
  };
  const { results } = await dkimVerify(content, { resolver, strict: true, curTime: new Date(Date.UTC(2026, 0, 1)) });
  return results.filter(({ algo }) => algo).map(({ algo, status }) => `${algo} ${status.result}`);
}

test("mail of our clients is signed with the keys in use, as they change, and nobody else's is", async () => {
  await using lab = await startLab({ names: ["accepts"] });
  const own = signingDomain({ dkim: [], data_dir: join(lab.dir) }, "home.lab");
  const sent = async (content: string): Promise<string[]> => {
    const before = lab.mails.length;
    await lab.send({ to: ["anna@accepts.lab"], content });
    const mail = await lab.until("mail", () => lab.mails[before]);
    return verdicts(mail.content, own);
  };
  const hard = simpleContent("Hello \t there", " \r\nTrailing  space \t\r\n.\r\n\r\n..\t.\r\n\r\n\r\n");
  assert.deepEqual(await sent(hard), [], "no keys yet");

  await makeKeys(own, [{ algorithm: "rsa" }, { algorithm: "ed25519" }], lab.world.now());
  await changeFolder(own.folder, (keys) => keys.map((key) => ({ ...key, state: "active" })));
  const signed = async (): Promise<boolean> => {
    await lab.world.advance(3_000);
    return (await sent(simpleContent())).length > 0;
  };
  for (let tries = 0; !(await signed()); tries += 1) assert.ok(tries < 20, "the server sees the new keys");

  const both = ["rsa-sha256 pass", "ed25519-sha256 pass"];
  assert.deepEqual(await sent(hard), both);
  assert.deepEqual(await sent(simpleContent("A large one", "A line of it.  \r\n".repeat(60_000))), both);
  assert.deepEqual(await sent(hard.replace("you@home.lab", "you@accepts.lab")), [], "another domain's From");
  assert.deepEqual(await sent(`From: eve@accepts.lab\r\n${hard}`), [], "two From fields");

  await lab.stopServer();
  await lab.startServer({ relay: { networks: [] }, domain: [{ name: "accepts.lab", deliver: "relay" }] });
  assert.deepEqual(await sent(hard), [], "a stranger's");
});
