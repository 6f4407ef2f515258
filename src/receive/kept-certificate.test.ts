// A renewed certificate counts without a restart; one that cannot be used leaves the old one in use.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { fakeWorld } from "../../test/support/fake-world.ts";
import { keepCertificate } from "./kept-certificate.ts";
import { selfSigned } from "./self-signed.ts";

const hour = 3_600_000;

test("files that changed are read again, files that are broken are not used", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "waybill-certificate-"));
  const pem = join(dataDir, "ours.pem");
  const world = fakeWorld();
  const told: string[] = [];
  const news = Promise.withResolvers<void>();
  const trouble = Promise.withResolvers<void>();
  await writeFile(pem, await selfSigned("mail.example.org", world.now()));
  try {
    await using kept = await keepCertificate(
      { certificate: pem, key: pem, hostname: "mail.example.org", dataDir },
      {
        world,
        onNews: (text) => news.resolve(void told.push(text)),
        onTrouble: (text) => trouble.resolve(void told.push(text)),
      },
    );
    const first = kept.secureContext;
    await world.advance(hour);
    while (world.sleeping === 0) await setImmediate(); // it has looked
    assert.equal(kept.secureContext, first, "nothing is new");
    await writeFile(pem, await selfSigned("mail.example.org", world.now() + hour));
    await world.advance(hour);
    await news.promise;
    const second = kept.secureContext;
    assert.notEqual(second, first);
    while (world.sleeping === 0) await setImmediate();
    await writeFile(pem, "not a certificate");
    await world.advance(hour);
    await trouble.promise;
    assert.equal(kept.secureContext, second);
  } finally {
    await rm(dataDir, { recursive: true });
  }
  assert.match(told[0]!, /^a new certificate, good until 20\d\d-\d\d-\d\d, is in use$/);
  assert.match(told[1]!, /^the old certificate stays in use: .*ours\.pem is not a certificate/);
});
