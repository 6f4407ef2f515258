// Bodies in the database: small ones in their message's row, large ones in chunks that are written and read one by one.
import { each } from "../../base/parts.ts";
import type { QueueId } from "../../mail/message.ts";
import { NotKept } from "../../queue/store.ts";
import type { Runner, Statement } from "./database.ts";

const insertChunk: Statement = {
  name: "insert_chunk",
  text: "INSERT INTO body_chunk (queue_id, number, bytes) VALUES ($1, $2, $3)",
};

/** Answers how many chunks they are. To be called in the transaction that keeps the message. */
export async function insertChunks(runner: Runner, queueId: QueueId, chunks: AsyncIterable<Buffer>): Promise<number> {
  let number = 0;
  for await (const chunk of chunks) await runner.run(insertChunk, [queueId, ++number, chunk]);
  return number;
}

const selectBody: Statement = {
  name: "body",
  text: "SELECT chunks, body FROM message WHERE queue_id = $1",
};
const selectChunk: Statement = {
  name: "chunk",
  text: "SELECT bytes FROM body_chunk WHERE queue_id = $1 AND number = $2",
};

export async function readBody(runner: Runner, queueId: QueueId): Promise<AsyncIterable<Uint8Array>> {
  const [row] = await runner.run<{ chunks: number; body: Buffer | null }>(selectBody, [queueId]);
  if (row === undefined) throw notKept(queueId);
  return row.body === null ? readChunks(runner, queueId, row.chunks) : each([row.body]);
}

async function* readChunks(runner: Runner, queueId: QueueId, chunks: number): AsyncGenerator<Uint8Array> {
  for (let number = 1; number <= chunks; number++) {
    const [row] = await runner.run<{ bytes: Buffer }>(selectChunk, [queueId, number]);
    if (row === undefined) throw notKept(queueId); // removed while it was read
    yield row.bytes;
  }
}

const notKept = (queueId: QueueId): NotKept => new NotKept(`no message ${queueId} in the queue`);
