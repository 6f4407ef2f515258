import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { channelBindingOf, endPointOf } from "./channel-binding.ts";
import { secure } from "./handshake.ts";
import { selfSigned } from "./self-signed.ts";
import { testSecureContext } from "./testing.ts";

const secureContext = await testSecureContext();

/** Both sides of one connection. */
async function pair(maxVersion: "TLSv1.2" | "TLSv1.3") {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({
    port: (server.address() as AddressInfo).port,
    host: "127.0.0.1",
    maxVersion,
    rejectUnauthorized: false,
  });
  const [socket] = await once(server, "connection");
  const [ours] = await Promise.all([secure(socket, secureContext, 5_000), once(client, "secureConnect")]);
  return {
    ours,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      ours.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("both sides of a TLS 1.3 connection have the same data, and another connection has other", async () => {
  await using one = await pair("TLSv1.3");
  await using other = await pair("TLSv1.3");
  const data = channelBindingOf(one.ours);
  const label = "EXPORTER-Channel-Binding"; // RFC 9266 §2
  assert.deepEqual(data.get("tls-exporter"), one.client.exportKeyingMaterial(32, label, Buffer.alloc(0)));
  assert.notDeepEqual(data.get("tls-exporter"), channelBindingOf(other.ours).get("tls-exporter"));
  const { raw } = one.client.getPeerCertificate();
  assert.deepEqual(data.get("tls-server-end-point"), createHash("sha256").update(raw).digest());
});

test("TLS 1.2 can be bound to the certificate only", async () => {
  await using one = await pair("TLSv1.2");
  assert.deepEqual([...channelBindingOf(one.ours).keys()], ["tls-server-end-point"]);
});

test("the hash is that of the certificate's signature, but none that is weak", async () => {
  const pem = await selfSigned("mail.example.org", Date.now());
  const { raw } = new X509Certificate(pem);
  for (const [signatureAlgorithm, hash] of [
    ["ecdsa-with-SHA256", "sha256"],
    ["ecdsa-with-SHA384", "sha384"],
    ["sha512WithRSAEncryption", "sha512"],
    ["sha1WithRSAEncryption", "sha256"], // RFC 5929 §4.1
    ["md5WithRSAEncryption", "sha256"],
    ["ED25519", undefined],
    ["rsassaPss", undefined],
    ["id-ecdsa-with-sha3-256", undefined],
  ] as const) {
    const hashed = endPointOf({ raw, signatureAlgorithm } as X509Certificate);
    assert.deepEqual(hashed, hash && createHash(hash).update(raw).digest(), signatureAlgorithm);
  }
});
