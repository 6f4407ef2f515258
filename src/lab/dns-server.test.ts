import assert from "node:assert/strict";
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { DecodedPacket, Packet } from "dns-packet";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { parseZone } from "../dns/zone.ts";
import type { DnsServer } from "./dns-server.ts";
import { startDnsServer } from "./dns-server.ts";

const zone = parseZone(`
  example.lab MX 10 mx.example.lab
  nomail.lab MX 0 .
  text.lab TXT ${"t".repeat(600)}
  broken.lab SERVFAIL
  slow.lab SILENT
`);

const query = (name: string, type: string, extra: Partial<Packet> = {}): Buffer =>
  encode({ type: "query", id: 7, flags: RECURSION_DESIRED, questions: [{ name, type }], ...extra });

describe("the lab's DNS server", () => {
  let server: DnsServer;
  before(async () => {
    server = await startDnsServer({ zone });
  });
  after(() => server.close());

  /** Sends each packet; resolves with the first response. */
  async function byUdp(...packets: Buffer[]): Promise<DecodedPacket> {
    const socket = createSocket("udp4");
    for (const packet of packets) socket.send(packet, server.port, server.address);
    const [response] = (await once(socket, "message")) as [Buffer];
    socket.close();
    return decode(response);
  }

  /** Sends the chunks; resolves with so many responses as were asked for. */
  async function byTcp(chunks: Buffer[], responses: number): Promise<DecodedPacket[]> {
    const socket = connect(server.port, server.address);
    const packets: DecodedPacket[] = [];
    let unread = Buffer.alloc(0);
    for (const chunk of chunks) socket.write(chunk);
    for await (const bytes of socket) {
      unread = Buffer.concat([unread, bytes as Buffer]);
      while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
        packets.push(decode(unread.subarray(2)));
        unread = unread.subarray(2 + unread.readUInt16BE(0));
      }
      if (packets.length === responses) break;
    }
    return packets;
  }

  const framed = (packet: Buffer): Buffer => Buffer.concat([Buffer.from([packet.length >> 8, packet.length]), packet]);

  test("answers with the question's id and name as asked, authoritatively", async () => {
    const { id, rcode, flags, questions, answers } = await byUdp(query("Example.LAB", "MX"));
    assert.deepEqual({ id, rcode }, { id: 7, rcode: "NOERROR" });
    assert.ok(flags & AUTHORITATIVE_ANSWER);
    assert.equal(questions[0]?.name, "Example.LAB");
    assert.deepEqual(
      answers.map((record) => "data" in record && record.data),
      [{ preference: 10, exchange: "mx.example.lab" }],
    );
  });

  test("null MX names the root", async () => {
    const { answers } = await byUdp(query("nomail.lab", "MX"));
    assert.deepEqual(
      answers.map((record) => "data" in record && record.data),
      [{ preference: 0, exchange: "." }],
    );
  });

  test("tells no data, no such domain and failure apart", async () => {
    const noData = await byUdp(query("example.lab", "A"));
    assert.deepEqual([noData.rcode, noData.answers], ["NOERROR", []]);
    assert.equal((await byUdp(query("other.lab", "A"))).rcode, "NXDOMAIN");
    assert.equal((await byUdp(query("broken.lab", "A"))).rcode, "SERVFAIL");
  });

  test("a type it does not know is no data", async () => {
    assert.equal((await byUdp(query("example.lab", "SRV"))).rcode, "NOERROR");
  });

  test("says nothing to silent names and to garbage", async () => {
    const { questions } = await byUdp(query("slow.lab", "A"), Buffer.from("garbage"), query("example.lab", "MX"));
    assert.equal(questions[0]?.name, "example.lab");
  });

  test("more than 512 bytes are truncated in UDP, unless EDNS allows more", async () => {
    const short = await byUdp(query("text.lab", "TXT"));
    assert.deepEqual([short.flag_tc, short.answers], [true, []]);
    const long = await byUdp(
      query("text.lab", "TXT", { additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1_232 }] }),
    );
    assert.deepEqual([long.flag_tc, long.answers.length], [false, 1]);
  });

  test("TCP serves what UDP truncates, several questions on a connection, split anywhere", async () => {
    const bytes = Buffer.concat([framed(query("text.lab", "TXT")), framed(query("other.lab", "A"))]);
    const [long, absent] = await byTcp([bytes.subarray(0, 1), bytes.subarray(1, 40), bytes.subarray(40)], 2);
    assert.deepEqual([long?.flag_tc, long?.answers.length], [false, 1]);
    assert.equal(absent?.rcode, "NXDOMAIN");
  });

  test("a taken port is an error; close frees it and ends connections", async () => {
    const first = await startDnsServer({ zone });
    await assert.rejects(startDnsServer({ zone, port: first.port }), { code: "EADDRINUSE" });
    const client = connect(first.port, first.address);
    await once(client, "connect");
    client.resume();
    const ended = once(client, "close");
    await first.close();
    await ended;
    const second = await startDnsServer({ zone, port: first.port });
    assert.equal(second.port, first.port);
    await second.close();
  });
});
