// A DNS server for the lab and for tests: answers from a zone in memory, over UDP and TCP, on loopback.
// RFC 1035 §4.2, RFC 6891 (the requestor's size), RFC 7766 (TCP).
import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import type { DecodedPacket, Packet, ResourceRecord } from "dns-packet";
import { createSocket } from "node:dgram";
import type { Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Zone, ZoneAnswer } from "../dns/zone.ts";
import { lookUp } from "../dns/zone.ts";

export interface DnsServer {
  readonly address: string;
  /** The same for UDP and TCP. */
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

const address = "127.0.0.1";
const ttlSeconds = 5; // the lab changes its zone while it runs
const plainUdpBytes = 512; // RFC 1035 §4.2.1
const longestTxtString = 255; // RFC 1035 §3.3.14
const idleTimeoutMs = 10_000; // RFC 7766 §6.2.3: a server ends idle connections after some seconds
/** RFC 1035 §4.1.1; they are the low four bits of the flags. */
const responseCodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

/** Port 0, the default, means any free one. `zone` may be changed while the server runs; each question reads it anew. */
export async function startDnsServer({ zone, port = 0 }: { zone: Zone; port?: number }): Promise<DnsServer> {
  const connections = new Set<Socket>();
  const tcp = createServer((connection) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    serveTcp(connection, zone);
  });
  const udp = await listen(tcp, port);
  udp.on("message", (question, peer) => {
    const response = respond(question, zone, "udp");
    if (response !== undefined) udp.send(response, peer.port, peer.address);
  });

  return {
    address,
    port: udp.address().port,
    async close() {
      const closed = Promise.all([once(tcp, "close"), once(udp, "close")]);
      tcp.close();
      udp.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}

/** Both protocols on one port: a port that is free for TCP may be taken for UDP, then another is tried. */
async function listen(tcp: Server, port: number, triesLeft = 5): Promise<UdpSocket> {
  tcp.listen(port, address);
  await once(tcp, "listening");
  const udp = createSocket("udp4");
  udp.bind((tcp.address() as AddressInfo).port, address);
  try {
    await once(udp, "listening");
    return udp;
  } catch (error) {
    udp.close();
    tcp.close();
    await once(tcp, "close");
    if (port !== 0 || triesLeft === 0) throw error;
    return listen(tcp, port, triesLeft - 1);
  }
}

function serveTcp(connection: Socket, zone: Zone): void {
  let unread: Buffer = Buffer.alloc(0);
  connection.setTimeout(idleTimeoutMs, () => connection.destroy());
  connection.on("error", () => connection.destroy()); // a client that is gone
  connection.on("data", (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0);
      const response = respond(unread.subarray(2, end), zone, "tcp");
      unread = unread.subarray(end);
      if (response === undefined) continue;
      const lengthPrefix = Buffer.alloc(2);
      lengthPrefix.writeUInt16BE(response.length);
      connection.write(Buffer.concat([lengthPrefix, response]));
    }
  });
}

/** undefined: silence, as asked for by the zone or deserved by something that is no question. */
function respond(bytes: Buffer, zone: Zone, transport: "udp" | "tcp"): Buffer | undefined {
  const query = decodeQuery(bytes);
  const [question] = query?.questions ?? [];
  if (query === undefined || question === undefined) return undefined;
  const answer = lookUp(zone, question.name, question.type);
  if (answer.kind === "SILENT") return undefined;

  const edns = query.additionals.find((record) => record.type === "OPT");
  const response: Packet = {
    type: "response",
    id: query.id,
    flags: responseFlags(query) | responseCodes[answer.kind],
    questions: [question],
    answers: answer.records.map(toResourceRecord),
    additionals: edns === undefined ? [] : [{ type: "OPT", name: ".", udpPayloadSize: 4_096 }],
  };
  const encoded = encode(response);
  const fits = transport === "tcp" || encoded.length <= Math.max(plainUdpBytes, edns?.udpPayloadSize ?? 0);
  // RFC 2181 §9: the asker ignores a truncated answer and comes again by TCP
  return fits ? encoded : encode({ ...response, flags: response.flags | TRUNCATED_RESPONSE, answers: [] });
}

const responseFlags = ({ flags }: DecodedPacket): number =>
  (flags & RECURSION_DESIRED) | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER;

function decodeQuery(bytes: Buffer): DecodedPacket | undefined {
  try {
    const packet = decode(bytes);
    return packet.type === "query" ? packet : undefined;
  } catch {
    return undefined; // the library throws on what it cannot read
  }
}

function toResourceRecord(record: ZoneAnswer["records"][number]): ResourceRecord {
  const head = { name: record.owner, ttl: ttlSeconds };
  switch (record.type) {
    case "MX":
      return { ...head, type: "MX", data: { preference: record.preference, exchange: record.text || "." } };
    case "TXT":
      return { ...head, type: "TXT", data: txtStrings(Buffer.from(record.text)) };
    case "A":
    case "AAAA":
    case "PTR":
    case "CNAME":
      return { ...head, type: record.type, data: record.text };
  }
}

const txtStrings = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / longestTxtString) || 1 }, (_, i) =>
    bytes.subarray(i * longestTxtString, (i + 1) * longestTxtString),
  );
