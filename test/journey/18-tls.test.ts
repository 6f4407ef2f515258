// Encryption to the next host: used where it works, done without where it may be, insisted on where it must be.
// RFC 3207, RFC 7435 (opportunistic security), RFC 6125 (names).
import assert from "node:assert/strict";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { selfSigned } from "../../src/receive/self-signed.ts";
import { type LabOptions, startLab } from "../support/lab-server.ts";

test("where TLS is broken or not offered, MX mail goes in clear text rather than not at all", async () => {
  await using lab = await startLab({ names: ["brokentls", "notls"] });
  await lab.send({ to: ["anna@brokentls.lab", "ben@notls.lab"] });
  await lab.mail("anna@brokentls.lab");
  await lab.mail("ben@notls.lab");
  const broken = await lab.event("delivered", "anna@brokentls.lab");
  assert.deepEqual([broken.tls, broken.attempt], [undefined, 1]);
  assert.ok(
    broken.steps.some(({ failure, text }) => failure?.kind === "tls" && /clear text/.test(text)),
    "and trace tells",
  );
  assert.equal((await lab.event("delivered", "ben@notls.lab")).tls, undefined);
  await lab.assertEmpty();
});

const route =
  (tls: "require" | "verify", host: string): LabOptions["settings"] =>
  ({ dns, smtpPort }) => ({
    dns: { servers: [dns] },
    route: [{ to: "far.example", host, port: smtpPort, tls }],
  });

test("require: nothing goes out in clear text", async () => {
  for (const host of ["notls", "brokentls"]) {
    await using lab = await startLab({ names: [host], settings: route("require", `mx.${host}.lab`) });
    await lab.send({ to: ["anna@far.example"] });
    const { because } = await lab.event("deferred", "anna@far.example");
    assert.equal(because.kind, "tls", host);
    assert.deepEqual(lab.mails, []);
  }
});

test("require takes any certificate; verify does not", async () => {
  {
    await using lab = await startLab({ names: ["accepts"], settings: route("require", "mx.accepts.lab") });
    await lab.send({ to: ["anna@far.example"] });
    assert.ok((await lab.event("delivered", "anna@far.example")).tls);
  }
  await using lab = await startLab({ names: ["accepts"], settings: route("verify", "mx.accepts.lab") });
  await lab.send({ to: ["anna@far.example"] });
  const { because } = await lab.event("deferred", "anna@far.example");
  assert.ok(because.kind === "tls" && because.problem === "certificate");
  assert.match(because.text, /does not prove that this is mx\.accepts\.lab/);
  assert.deepEqual(lab.mails, []);
});

test("verify: a trusted certificate counts for its own name only", async (t) => {
  const pem = await selfSigned("mx.accepts.lab", Date.now());
  const before = getCACertificates();
  setDefaultCACertificates([pem.slice(pem.indexOf("-----BEGIN CERTIFICATE"))]);
  t.after(() => setDefaultCACertificates(before));
  {
    await using lab = await startLab({ pem, names: ["accepts"], settings: route("verify", "mx.accepts.lab") });
    await lab.send({ to: ["anna@far.example"] });
    await lab.mail("anna@far.example");
    assert.ok((await lab.event("delivered", "anna@far.example")).tls);
  }
  await using lab = await startLab({ pem, names: ["accepts"], settings: route("verify", "mx.home.lab") });
  await lab.send({ to: ["anna@far.example"] });
  const { because } = await lab.event("deferred", "anna@far.example");
  assert.ok(because.kind === "tls" && because.problem === "certificate", "the right authority, but another's name");
  assert.deepEqual(lab.mails, []);
});
