// A bounce of ours passes DMARC where it arrives: it is signed by the domain above the name of this host. RFC 7489 §3.1
import assert from "node:assert/strict";
import { test } from "node:test";
import { signingDomain } from "../../src/signing/domains.ts";
import { changeFolder } from "../../src/signing/key-folder.ts";
import { makeKeys } from "../../src/signing/new-keys.ts";
import { startLab } from "../support/lab-server.ts";

test("a bounce is signed with the keys of the domain above the hostname, without subdomains = true", async () => {
  await using lab = await startLab({
    names: ["unknown"],
    settings: () => ({ hostname: "mx.waybill.lab" }),
  });
  const own = signingDomain({ dkim: [], data_dir: lab.dir }, "waybill.lab");
  await makeKeys(own, [{ algorithm: "ed25519" }], lab.world.now());
  await changeFolder(own.folder, (keys) => keys.map((key) => ({ ...key, state: "active" })));
  await lab.stopServer();
  await lab.startServer();
  await lab.send({ from: "you@home.lab", to: ["carl@unknown.lab"] });
  const { content } = await lab.mail("you@home.lab");
  const text = content.toString();
  assert.match(text, /^From: .*<MAILER-DAEMON@mx\.waybill\.lab>\r$/m);
  assert.match(text, /^DKIM-Signature: [^;]*; a=ed25519-sha256; c=relaxed\/relaxed; d=waybill\.lab;/m);
});
