// The header that a proxy puts before a connection to say whose it is: PROXY protocol, versions 1 and 2 (HAProxy).
import ipaddr from "ipaddr.js";
import { canonicalAddress } from "../base/networks.ts";

/** Longest headers, in bytes: version 1 says 107; version 2 may be larger, but only by TLVs that nobody sends. */
export const proxyHeaderLimits = { version1Bytes: 107, version2Bytes: 4_096 } as const;

type ProxyHeader =
  | { readonly kind: "incomplete" }
  /** The connection is this client's; `sizeBytes` is the header's length. */
  | { readonly kind: "proxied"; readonly address: string; readonly port: number; readonly sizeBytes: number }
  /** The proxy speaks for itself (health check), or of a family without an IP address. */
  | { readonly kind: "local"; readonly sizeBytes: number }
  | { readonly kind: "bad"; readonly text: string };

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const prefix = Buffer.from("PROXY ", "latin1");

/** Reads the header at the start of a connection's first bytes; when it is incomplete, call again with more. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (startsAlike(buffer, signature)) return buffer.length < 16 ? { kind: "incomplete" } : readVersion2(buffer);
  if (startsAlike(buffer, prefix)) return readVersion1(buffer);
  return bad("the connection does not begin with a PROXY header");
}

const startsAlike = (buffer: Buffer, mark: Buffer): boolean => {
  const length = Math.min(buffer.length, mark.length);
  return buffer.compare(mark, 0, length, 0, length) === 0;
};

/** `PROXY TCP4 198.51.100.1 192.0.2.1 35646 25` and CRLF. */
function readVersion1(buffer: Buffer): ProxyHeader {
  const end = buffer.subarray(0, proxyHeaderLimits.version1Bytes).indexOf("\r\n");
  if (end === -1 && buffer.length < proxyHeaderLimits.version1Bytes) return { kind: "incomplete" };
  if (end === -1) return bad("the PROXY header has no end");
  const line = buffer.toString("latin1", 0, end);
  const sizeBytes = end + 2;
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: "local", sizeBytes };
  const [, family, source = "", destination = "", port = ""] =
    /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (?:0|[1-9]\d{0,4})$/.exec(line) ?? [];
  const fits = (text: string): boolean => text.includes(":") === (family === "6");
  const address = fits(source) && fits(destination) ? canonicalAddress(source) : undefined;
  if (address === undefined || canonicalAddress(destination) === undefined || Number(port) > 65_535)
    return bad(`the PROXY header is malformed: ${JSON.stringify(line)}`);
  return { kind: "proxied", address, port: Number(port), sizeBytes };
}

function readVersion2(buffer: Buffer): ProxyHeader {
  const [versionAndCommand, familyAndTransport] = [buffer.readUInt8(12), buffer.readUInt8(13)];
  const sizeBytes = 16 + buffer.readUInt16BE(14);
  if (versionAndCommand !== 0x20 && versionAndCommand !== 0x21)
    return bad(`the PROXY header has an unknown version or command: 0x${versionAndCommand.toString(16)}`);
  if (sizeBytes > proxyHeaderLimits.version2Bytes) return bad(`the PROXY header is too long: ${sizeBytes} bytes`);
  if (buffer.length < sizeBytes) return { kind: "incomplete" };
  // 0x11 is TCP over IPv4, 0x21 TCP over IPv6; LOCAL tells nothing of use, whatever else it carries
  const addressBytes = familyAndTransport === 0x11 ? 4 : familyAndTransport === 0x21 ? 16 : 0;
  if (versionAndCommand === 0x20 || addressBytes === 0) return { kind: "local", sizeBytes };
  if (sizeBytes < 16 + 2 * addressBytes + 4) return bad("the PROXY header is too short for its addresses");
  const source = ipaddr.fromByteArray([...buffer.subarray(16, 16 + addressBytes)]).toString();
  const port = buffer.readUInt16BE(16 + 2 * addressBytes);
  return { kind: "proxied", address: canonicalAddress(source) ?? source, port, sizeBytes };
}

const bad = (text: string): ProxyHeader => ({ kind: "bad", text });
