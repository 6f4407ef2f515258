// The records of the spool: what was kept and what was settled, in the order in which it was promised. Each is a header
// (checksum, kind, lengths), facts as JSON, and the body as it came. Segments are used again and again, so the checksum says
// which use of the file a record is of.
import { crc32 } from "node:zlib";
import { bytesIn, type Parts } from "../../base/parts.ts";
import type { Event } from "../../journal/event.ts";
import type { Lease, NewMessage, Settlement } from "../../queue/store.ts";

/** Facts of a message that was kept; its body follows, or is in a file below bodies/. */
export interface KeptRecord extends Omit<NewMessage, "body"> {
  readonly firstDeliveryId: number;
  readonly lease?: Lease | undefined;
  readonly file?: string | undefined;
}

export interface SettledRecord {
  readonly settlements: readonly Settlement[];
  readonly events: readonly Event[];
}

export type SpoolRecord =
  | { readonly kind: "kept"; readonly facts: KeptRecord; readonly body: Span }
  | { readonly kind: "settled"; readonly facts: SettledRecord };

/** Bytes of a segment. */
export interface Span {
  readonly offset: number;
  readonly bytes: number;
}

/** A place between two records: everything before it is meant. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

export const isBefore = (a: Position, b: Position): boolean =>
  a.segment === b.segment ? a.offset < b.offset : a.segment < b.segment;

export const segmentName = (segment: number): string => `${String(segment).padStart(12, "0")}.spool`;

export const headerBytes = 16; // checksum of the rest, kind, length of the facts, length of the body; 32 bits each
const kinds = { kept: 1, settled: 2, end: 3 } as const;

/** The first part is all but the body. */
export const keptRecord = (facts: KeptRecord, body: Parts = []): Parts => record(kinds.kept, facts, body);

export const settledRecord = (facts: SettledRecord): Parts => record(kinds.settled, facts, []);

/** The last record of a segment: what stands behind it in the file is of an earlier use. */
export const endRecord = (): Parts => record(kinds.end, {}, []);

/** To be called once, when it is known which segment the record goes to. */
export function seal([head]: Parts, segment: number): void {
  const view = new DataView(head!.buffer, head!.byteOffset, headerBytes);
  view.setUint32(0, sumIn(view.getUint32(0, true), segment), true);
}

const sumIn = (sum: number, segment: number): number => (sum ^ segment) >>> 0;

function record(kind: number, facts: KeptRecord | SettledRecord | object, body: Parts): Parts {
  const json = JSON.stringify(facts);
  const head = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(json));
  head.writeUInt32LE(kind, 4);
  head.writeUInt32LE(head.length - headerBytes, 8);
  head.writeUInt32LE(bytesIn(body), 12);
  head.write(json, headerBytes);
  head.writeUInt32LE(
    body.reduce((sum, part) => crc32(part, sum), crc32(head.subarray(4))),
    0,
  );
  return [head, ...body];
}

/** A segment, or the part of it that is in memory. */
export interface SegmentBytes {
  readonly number: number;
  /** Up to so many bytes from `offset` on; fewer at the end of the file. */
  read(offset: number, bytes: number): Uint8Array;
}

export interface Found {
  readonly record: SpoolRecord;
  /** Without the body. */
  readonly factsBytes: number;
  /** Where the next one begins. */
  readonly end: number;
}

/**
 * The record at `offset`; undefined when there is none, or (asked to verify) one that was not written to its end, as the
 * last one before a crash may be. Bodies are not looked at unless it is to verify.
 */
export function recordAt(segment: SegmentBytes, offset: number, verify: boolean): Found | undefined {
  const header = view(segment.read(offset, headerBytes));
  if (header.length < headerBytes) return undefined;
  const [sum, kind] = [sumIn(header.readUInt32LE(0), segment.number), header.readUInt32LE(4)];
  if (kind === kinds.end) return undefined;
  const [factsBytes, bodyBytes] = [header.readUInt32LE(8), header.readUInt32LE(12)];
  const json = view(segment.read(offset + headerBytes, factsBytes));
  const body: Span = { offset: offset + headerBytes + factsBytes, bytes: bodyBytes };
  const end = body.offset + body.bytes;
  if (verify && (json.length < factsBytes || !isWhole(segment, { sum, header, json, body }))) return undefined;
  const facts = JSON.parse(json.toString("utf8")) as KeptRecord & SettledRecord;
  const record: SpoolRecord = kind === kinds.kept ? { kind: "kept", facts, body } : { kind: "settled", facts };
  return { record, factsBytes, end };
}

/** Where the record at `offset` ends, be its facts readable or not. */
export function recordEnd(segment: SegmentBytes, offset: number): number {
  const header = view(segment.read(offset, headerBytes));
  return offset + headerBytes + header.readUInt32LE(8) + header.readUInt32LE(12);
}

interface Unverified {
  readonly sum: number;
  readonly header: Buffer;
  readonly json: Buffer;
  readonly body: Span;
}

const verifyBytes = 1024 ** 2;

function isWhole(segment: SegmentBytes, { sum, header, json, body }: Unverified): boolean {
  let actual = crc32(json, crc32(header.subarray(4)));
  for (let read = 0; read < body.bytes;) {
    const part = segment.read(body.offset + read, Math.min(verifyBytes, body.bytes - read));
    if (part.length === 0) return false;
    actual = crc32(part, actual);
    read += part.length;
  }
  return actual === sum;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
