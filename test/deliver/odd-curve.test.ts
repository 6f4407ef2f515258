// A mail host can choose its certificates: one whose authority's key is on a curve without a NIST name must not end the
// process (Node's getPeerCertificate(), which tls.connect() calls, does). In a process of its own, which trusts the authority.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo, Socket } from "node:net";
import { createServer } from "node:net";
import { test } from "node:test";
import { createSecureContext, TLSSocket } from "node:tls";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const pemFile = file("../check/odd-curve.pem");

const client = `
const { connectSocket } = await import(${JSON.stringify(file("../../src/deliver/smtp-socket.ts"))});
const limits = { timeoutMs: 5_000, signal: new AbortController().signal };
for (const name of ["mail.test", "other.test"]) {
  const wire = await connectSocket({ host: { name, address: "127.0.0.1", port: Number(process.env.PORT) }, ...limits });
  const ended = await wire.startTls({ verify: true, ...limits }).then(() => "secured", (error) => error.failure?.kind ?? String(error));
  console.log(name + " " + ended);
  wire.close();
}
process.exit(0);
`;

test("a certificate on an odd curve is judged, and ends nothing", async () => {
  const pem = await readFile(pemFile, "utf8");
  const secureContext = createSecureContext({ cert: pem, key: pem });
  const server = createServer((socket: Socket) => {
    new TLSSocket(socket, { isServer: true, secureContext }).on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", client], {
      env: { ...process.env, PORT: String(port), NODE_EXTRA_CA_CERTS: pemFile },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said, [code, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    assert.deepEqual([code, signal], [0, null]);
    assert.equal(said, "mail.test secured\nother.test tls\n");
  } finally {
    server.close();
  }
});
