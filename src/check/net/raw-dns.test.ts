// Answers as they came: aliases, other types, and the bit that says that the resolver has verified them.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { AUTHENTIC_DATA, decode, encode, RECURSION_AVAILABLE, type ResourceRecord } from "dns-packet";
import { parseZone } from "../../dns/zone.ts";
import { startDnsServer } from "../../lab/dns-server.ts";
import { rawResolver } from "./raw-dns.ts";

const certificate = Buffer.from("ab".repeat(32), "hex");

const answers: Readonly<Record<string, ResourceRecord>> = {
  TLSA: { type: "TLSA", name: "_25._tcp.mx.a.example", data: { usage: 3, selector: 1, matchingType: 1, certificate } },
  SRV: {
    type: "SRV",
    name: "_imaps._tcp.a.example",
    data: { priority: 0, weight: 1, port: 993, target: "imap.a.example" },
  },
};

test("TLSA and SRV records, and the AD bit where it was asked for", async () => {
  const server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  server.on("message", (bytes, peer) => {
    const query = decode(bytes);
    const answer = answers[query.questions[0]!.type];
    const wanted = query.flags & AUTHENTIC_DATA;
    const response = encode({
      type: "response",
      id: query.id,
      flags: RECURSION_AVAILABLE | wanted,
      questions: query.questions,
      answers: answer === undefined ? [] : [answer],
    });
    server.send(response, peer.port, peer.address);
  });
  try {
    const resolver = rawResolver({ servers: [`127.0.0.1:${server.address().port}`], timeoutMs: 2_000 });
    const tlsa = await resolver.ask("_25._tcp.mx.a.example", "TLSA");
    assert.equal(tlsa.isAuthentic, true);
    assert.ok(tlsa.answer.kind === "found");
    const [record] = tlsa.answer.records;
    assert.ok(record?.type === "TLSA");
    assert.deepEqual(
      { ...record.data, certificate: Buffer.from(record.data.certificate).toString("hex") },
      {
        usage: 3,
        selector: 1,
        matchingType: 1,
        certificate: "ab".repeat(32),
      },
    );
    const srv = await resolver.ask("_imaps._tcp.a.example", "SRV");
    assert.ok(srv.answer.kind === "found" && srv.answer.records[0]?.type === "SRV");
    assert.equal(srv.answer.records[0].data.port, 993);
    assert.equal((await resolver.ask("a.example", "MX")).answer.kind, "no-data");
  } finally {
    server.close();
  }
});

test("aliases stand in the answer, and failures are kept apart", async () => {
  const zone = parseZone("al.a.example CNAME mx.a.example\nmx.a.example A 192.0.2.1\nbad.example SERVFAIL\n");
  const server = await startDnsServer({ zone });
  try {
    const resolver = rawResolver({ servers: [`127.0.0.1:${server.port}`], timeoutMs: 2_000 });
    const { answer, isAuthentic } = await resolver.ask("al.a.example", "A");
    assert.ok(answer.kind === "found");
    assert.deepEqual(
      answer.records.map(({ type }) => type),
      ["CNAME", "A"],
    );
    assert.equal(isAuthentic, false);
    assert.equal((await resolver.ask("gone.example", "A")).answer.kind, "no-such-domain");
    assert.equal((await resolver.ask("bad.example", "A")).answer.kind, "server-failure");
  } finally {
    await server.close();
  }
});
