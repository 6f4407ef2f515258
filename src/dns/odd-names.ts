// Questions for names that are no host names: `ann+news.users.example.org`. Node's resolver refuses to send them, but macros
// of SPF make them (RFC 7208 §7.3), and DNS allows any octet (RFC 2181 §11). Plain packets, UDP first, TCP for what is cut.
import { decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { DecodedPacket, ResourceRecord } from "dns-packet";
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { Resolver as NodeResolver } from "node:dns";
import { connect, isIPv6 } from "node:net";
import type { Answer, Resolver } from "./resolver.ts";

interface OddNameSettings {
  /** As Node's resolver takes them; empty: the machine's own. */
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

/** What c-ares takes for a host name. */
const usual = /^[\w\-./*]*$/;

/** The same resolver for usual names. */
export function withOddNames(resolver: Resolver, settings: OddNameSettings): Resolver {
  const ask = async <T>(name: string, type: ResourceRecord["type"], read: (record: ResourceRecord) => T[]) => {
    const labels = name.replace(/\.$/, "").split(".");
    if (name.length > 253 || labels.some((label) => label === "" || label.length > 63)) return noSuchDomain;
    const response = await askServers({ name, type }, settings);
    return response === undefined ? ({ kind: "timeout" } as const) : answerOf(response, type, read);
  };
  return {
    mx: (name) =>
      usual.test(name)
        ? resolver.mx(name)
        : ask(name, "MX", (record) =>
            record.type === "MX" ? [{ ...record.data, exchange: record.data.exchange.toLowerCase() }] : [],
          ),
    a: (name) =>
      usual.test(name) ? resolver.a(name) : ask(name, "A", (record) => (record.type === "A" ? [record.data] : [])),
    aaaa: (name) =>
      usual.test(name)
        ? resolver.aaaa(name)
        : ask(name, "AAAA", (record) => (record.type === "AAAA" ? [record.data] : [])),
    txt: (name) =>
      usual.test(name)
        ? resolver.txt(name)
        : ask(name, "TXT", (record) =>
            record.type === "TXT" ? [Buffer.concat([...record.data]).toString("latin1")] : [],
          ),
    ptr: (address) => resolver.ptr(address),
  };
}

const noSuchDomain: Answer<never> = { kind: "no-such-domain" };

function answerOf<T>(
  { rcode, answers }: DecodedPacket,
  type: string,
  read: (record: ResourceRecord) => T[],
): Answer<T> {
  if (rcode === "NXDOMAIN") return noSuchDomain;
  if (rcode !== "NOERROR") return { kind: "server-failure", text: `${rcode} for ${type}` };
  const records = answers.flatMap(read);
  return records.length === 0 ? { kind: "no-data" } : { kind: "found", records };
}

interface Asked {
  readonly name: string;
  readonly type: string;
  /** Of the query; without them, that recursion is desired. */
  readonly flags?: number;
}

interface Server {
  readonly address: string;
  readonly port: number;
}

/** One after the other; undefined: none has answered in time. */
export async function askServers(question: Asked, settings: OddNameSettings): Promise<DecodedPacket | undefined> {
  const written = settings.servers.length > 0 ? settings.servers : new NodeResolver().getServers();
  const tryMs = Math.ceil(settings.timeoutMs / Math.max(written.length, 1));
  for (const server of written.map(readServer)) {
    const signal = AbortSignal.timeout(tryMs);
    const response = await byUdp(question, server, signal);
    const whole = response?.flag_tc === true ? await byTcp(question, server, signal) : response;
    if (whole !== undefined) return whole;
  }
  return undefined;
}

/** `ADDRESS`, `ADDRESS:PORT` or `[IPv6]:PORT` */
function readServer(text: string): Server {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  return { address: bracketed ?? plain ?? text, port: port === undefined ? 53 : Number(port) };
}

const queryOf = ({ name, type, flags = RECURSION_DESIRED }: Asked, id: number): Buffer =>
  encode({
    type: "query",
    id,
    flags,
    questions: [{ name, type }],
    additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1_232 }],
  });

/** undefined: it is no answer to this. */
function readResponse(bytes: Buffer, { name, type }: Asked, id: number): DecodedPacket | undefined {
  try {
    const packet = decode(bytes);
    const [question] = packet.questions;
    const isOurs = packet.type === "response" && packet.id === id && question?.type === type;
    return isOurs && question.name.toLowerCase() === name.toLowerCase().replace(/\.$/, "") ? packet : undefined;
  } catch {
    return undefined; // the library throws on what it cannot read
  }
}

function byUdp(question: Asked, server: Server, signal: AbortSignal): Promise<DecodedPacket | undefined> {
  const id = randomInt(0x1_0000);
  const socket = createSocket({ type: isIPv6(server.address) ? "udp6" : "udp4" });
  return new Promise((resolve) => {
    const end = (response?: DecodedPacket): void => {
      signal.removeEventListener("abort", late);
      socket.close();
      resolve(response);
    };
    const late = (): void => end();
    signal.addEventListener("abort", late);
    socket.on("error", late);
    socket.on("message", (bytes) => {
      const response = readResponse(bytes, question, id);
      if (response !== undefined) end(response);
    });
    // connected, so that answers of others are not taken
    socket.connect(server.port, server.address, () => socket.send(queryOf(question, id)));
  });
}

function byTcp(question: Asked, server: Server, signal: AbortSignal): Promise<DecodedPacket | undefined> {
  const id = randomInt(0x1_0000);
  const connection = connect({ host: server.address, port: server.port });
  const query = queryOf(question, id);
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(query.length);
  connection.write(Buffer.concat([prefix, query]));
  let read: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const end = (response?: DecodedPacket): void => {
      signal.removeEventListener("abort", late);
      connection.destroy();
      resolve(response);
    };
    const late = (): void => end();
    if (signal.aborted) return end();
    signal.addEventListener("abort", late);
    connection.on("error", late);
    connection.on("close", late);
    connection.on("data", (bytes) => {
      read = Buffer.concat([read, bytes]);
      if (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0))
        end(readResponse(read.subarray(2, 2 + read.readUInt16BE(0)), question, id));
    });
  });
}
