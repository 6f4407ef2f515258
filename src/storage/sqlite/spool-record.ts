// The records of the spool: what was kept and what was settled, in the order in which it was promised. Each is a header
// (checksums, kind, lengths), facts as JSON, and the body as it came. Segments are used again and again, so the checksum
// says which use of the file a record is of: what stands behind the last one is of an earlier use, and is none.
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

export const headerBytes = 20; // checksum of the rest and the facts, kind, lengths of facts and body, checksum of the body; 32 bits each
const kinds = { kept: 1, settled: 2 } as const;

/** The first part is all but the body. */
export const keptRecord = (facts: KeptRecord, body: Parts = []): Parts => record(kinds.kept, facts, body);

export const settledRecord = (facts: SettledRecord): Parts => record(kinds.settled, facts, []);

/** To be called once, when it is known which segment the record goes to. */
export function seal([head]: Parts, segment: number): void {
  const view = new DataView(head!.buffer, head!.byteOffset, headerBytes);
  view.setUint32(0, sumIn(view.getUint32(0, true), segment), true);
}

const sumIn = (sum: number, segment: number): number => (sum ^ segment) >>> 0;

function record(kind: number, facts: KeptRecord | SettledRecord, body: Parts): Parts {
  const json = JSON.stringify(facts);
  const head = Buffer.allocUnsafe(headerBytes + Buffer.byteLength(json));
  head.writeUInt32LE(kind, 4);
  head.writeUInt32LE(head.length - headerBytes, 8);
  head.writeUInt32LE(bytesIn(body), 12);
  head.writeUInt32LE(
    body.reduce((sum, part) => crc32(part, sum), 0),
    16,
  );
  head.write(json, headerBytes);
  head.writeUInt32LE(crc32(head.subarray(4)), 0);
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
 * The record at `offset`; undefined when there is none of this use of the segment. Bodies are looked at only if it is to
 * `verify` that they were written to their end, as those of the last write before a crash may not be.
 */
export function recordAt(segment: SegmentBytes, offset: number, verify: boolean): Found | undefined {
  const header = view(segment.read(offset, headerBytes));
  if (header.length < headerBytes) return undefined;
  const [sum, kind] = [sumIn(header.readUInt32LE(0), segment.number), header.readUInt32LE(4)];
  const [factsBytes, bodyBytes, bodySum] = [header.readUInt32LE(8), header.readUInt32LE(12), header.readUInt32LE(16)];
  const json = view(segment.read(offset + headerBytes, factsBytes));
  if (json.length < factsBytes || crc32(json, crc32(header.subarray(4))) !== sum) return undefined;
  const body: Span = { offset: offset + headerBytes + factsBytes, bytes: bodyBytes };
  if (verify && sumOf(segment, body) !== bodySum) return undefined;
  const facts = JSON.parse(json.toString("utf8")) as KeptRecord & SettledRecord;
  const record: SpoolRecord = kind === kinds.kept ? { kind: "kept", facts, body } : { kind: "settled", facts };
  return { record, factsBytes, end: body.offset + body.bytes };
}

/** Where the record at `offset` ends, be its facts readable or not. */
export function recordEnd(segment: SegmentBytes, offset: number): number {
  const header = view(segment.read(offset, headerBytes));
  return offset + headerBytes + header.readUInt32LE(8) + header.readUInt32LE(12);
}

const verifyBytes = 1024 ** 2;

/** Undefined: the file ends before. */
function sumOf(segment: SegmentBytes, { offset, bytes }: Span): number | undefined {
  let sum = 0;
  for (let read = 0; read < bytes;) {
    const part = segment.read(offset + read, Math.min(verifyBytes, bytes - read));
    if (part.length === 0) return undefined;
    sum = crc32(part, sum);
    read += part.length;
  }
  return sum;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
