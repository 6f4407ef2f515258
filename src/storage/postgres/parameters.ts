// Arrays as parameters of statements, in PostgreSQL's binary form: many rows in one statement, and neither side escapes
// or parses text. https://www.postgresql.org/docs/current/protocol-message-formats.html; array_recv reads it.

const types = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25 } as const;

type Absent = null | undefined;

/** How one element is written: its size, and its bytes at an offset. */
interface Format<T> {
  readonly oid: number;
  readonly sizeOf: (value: T) => number;
  readonly write: (value: T, into: Buffer, at: number) => void;
}

const headBytes = 20;
const absent = -1;

function arrayOf<T>({ oid, sizeOf, write }: Format<T>, values: readonly (T | Absent)[]): Buffer {
  const sizes = values.map((value) => (value === null || value === undefined ? absent : sizeOf(value)));
  const bytes = Buffer.allocUnsafe(headBytes + sizes.reduce((sum, size) => sum + 4 + Math.max(size, 0), 0));
  const head = [1, sizes.includes(absent) ? 1 : 0, oid, values.length, 1]; // dimensions, nulls, type, length, first index
  for (const [i, number] of head.entries()) bytes.writeInt32BE(number, i * 4);
  let at = headBytes;
  for (const [i, size] of sizes.entries()) {
    at = bytes.writeInt32BE(size, at);
    if (size === absent) continue;
    write(values[i] as T, bytes, at);
    at += size;
  }
  return bytes;
}

const text: Format<string> = {
  oid: types.text,
  sizeOf: (value) => Buffer.byteLength(value),
  write: (value, into, at) => void into.write(value, at),
};

const bytea: Format<Uint8Array> = {
  oid: types.bytea,
  sizeOf: (value) => value.length,
  write: (value, into, at) => into.set(value, at),
};

const int4: Format<number> = {
  oid: types.int4,
  sizeOf: () => 4,
  write: (value, into, at) => void into.writeInt32BE(value, at),
};

const int8: Format<number> = {
  oid: types.int8,
  sizeOf: () => 8,
  write(value, into, at) {
    into.writeInt32BE(Math.floor(value / 2 ** 32), at);
    into.writeUInt32BE(value >>> 0, at + 4);
  },
};

const bool: Format<boolean> = {
  oid: types.bool,
  sizeOf: () => 1,
  write: (value, into, at) => void into.writeUInt8(value ? 1 : 0, at),
};

export const texts = (values: readonly (string | Absent)[]): Buffer => arrayOf(text, values);
export const byteas = (values: readonly (Uint8Array | Absent)[]): Buffer => arrayOf(bytea, values);
export const integers = (values: readonly (number | Absent)[]): Buffer => arrayOf(int4, values);
export const bigints = (values: readonly (number | Absent)[]): Buffer => arrayOf(int8, values);
export const booleans = (values: readonly (boolean | Absent)[]): Buffer => arrayOf(bool, values);
